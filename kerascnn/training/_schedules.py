"""The learning rate of each epoch."""

import math
from typing import TYPE_CHECKING

import keras

if TYPE_CHECKING:
    from ._recipes import Recipe
    from ._run_state import Progress


def rate_at(recipe: "Recipe", epoch: int) -> float | None:
    """Compute the learning rate at the beginning of an epoch, counted from 0.

    Returns `None` to keep the current rate: "plateau" depends on the history, and a constant rate
    may be changed by callbacks.

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
    """Keras's callback, with a state that a resumed run keeps.

    Args:
        progress: contains the state.
        recipe: factor, patience and smallest rate.
        monitor: the column of the history that should improve.
    """

    def __init__(self, progress: "Progress", recipe: "Recipe", monitor: str) -> None:
        super().__init__(
            monitor=monitor,
            factor=recipe.plateau_factor,
            patience=recipe.plateau_patience,
            min_lr=recipe.minimum_rate,
            mode=better_is(monitor),
        )
        self.progress = progress

    def on_train_begin(self, logs: dict | None = None) -> None:
        """Restore the state of the run."""
        super().on_train_begin(logs)
        self.best = self.progress.plateau.get("best", self.best)  # Keras's default
        self.wait = self.progress.plateau.get("wait", 0)

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        """Lower the rate if it is time, and keep the state."""
        super().on_epoch_end(epoch, logs)
        self.progress.plateau = {"best": float(self.best), "wait": self.wait}


def better_is(monitor: str) -> str:
    """Return whether the "max" or the "min" of a monitored value is the best."""
    return "max" if "accuracy" in monitor else "min"
