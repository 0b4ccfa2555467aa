"""The learning rate of each epoch."""

import math

import keras


def rate_at(recipe, epoch: int) -> float | None:
    """The learning rate that an epoch, from 0 on, begins with; `None`: the one that it has.

    A plateau goes by what it sees, and a constant rate is left to the callbacks.

    >>> from kerascnn.training import recipe
    >>> [f"{rate_at(recipe('resnet'), epoch):g}" for epoch in (0, 29, 30, 60, 90)]
    ['0.1', '0.1', '0.01', '0.001', '0.0001']
    """
    rate = recipe.learning_rate
    warm = epoch > recipe.warmup_epochs
    if recipe.schedule == "plateau" or (recipe.schedule == "constant" and warm):
        return None
    if recipe.schedule == "cosine":
        # Loshchilov and Hutter 2016, Eq. 5: T_cur = epoch, T_i = epochs, lowest rate 0
        rate *= (1 + math.cos(math.pi * epoch / recipe.epochs)) / 2
    if recipe.schedule == "step":
        rate *= recipe.step_factor ** sum(epoch >= step for step in recipe.steps)
    if epoch < recipe.warmup_epochs:
        start = recipe.warmup_factor
        rate *= start + (1 - start) * epoch / recipe.warmup_epochs
    return rate


class Plateau(keras.callbacks.ReduceLROnPlateau):
    """Keras's rule, which forgets its state when training begins, with its state kept."""

    def __init__(self, progress, recipe, monitor):
        super().__init__(
            monitor=monitor,
            factor=recipe.plateau_factor,
            patience=recipe.plateau_patience,
            min_lr=recipe.minimum_rate,
            mode=better_is(monitor),
        )
        self.progress = progress

    def on_train_begin(self, logs=None):
        """Take up the state of the run."""
        super().on_train_begin(logs)
        self.best = self.progress.plateau.get("best", self.best)  # Keras's start otherwise
        self.wait = self.progress.plateau.get("wait", 0)

    def on_epoch_end(self, epoch, logs=None):
        """Lower the rate where it is time, and note the state."""
        super().on_epoch_end(epoch, logs)
        self.progress.plateau = {"best": float(self.best), "wait": self.wait}


def better_is(monitor: str) -> str:
    """Tell whether the `"max"` or the `"min"` of a monitored value is the best."""
    return "max" if "accuracy" in monitor else "min"
