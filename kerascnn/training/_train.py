"""The common training utility: one call for every architecture."""

import math
import sys
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, field
from os import PathLike
from pathlib import Path

import keras
import numpy as np

from ._checks import check_split, splits
from ._objective import objective
from ._optimizers import make_optimizer
from ._pipeline import random_states, seeds, training_batches, validation_batches
from ._recipes import Recipe
from ._recipes import recipe as find_recipe
from ._run_directory import RunDirectory, describe_run


@dataclass(frozen=True, eq=False, repr=False)
class Training:
    """What a training run came to.

    Args:
        model: The model that was given, with the weights of the last epoch.
        history: A list per column, one value per epoch: loss, accuracy, learning_rate, and
            val_loss, val_accuracy where there is validation data.
        best_epoch: The epoch, from 1 on, with the best value of the recipe's `monitor`.
        recipe: The recipe with every field as it was used.
        run_dir: The run directory, or `None`.
    """

    model: keras.Model
    history: dict[str, list[float]]
    best_epoch: int
    recipe: Recipe
    run_dir: Path | None

    def __repr__(self):
        last = ", ".join(f"{key} {values[-1]:.4g}" for key, values in self.history.items())
        epochs = len(self.history["loss"])
        return f"<Training of {self.model.name!r}: {epochs} epochs, best {self.best_epoch}; {last}>"


def train(
    model: keras.Model,
    data,
    *,
    recipe: str | Recipe = "adam",
    epochs: int | None = None,
    batch_size: int | None = None,
    run_dir: str | PathLike | None = None,
    resume: bool = True,
    seed: int = 0,
    augment: Callable | None = None,
    loss=None,
    input_range: tuple[float, float] | None = (0.0, 1.0),
    callbacks: Iterable[keras.callbacks.Callback] = (),
    verbose: int | str = "auto",
    **overrides,
) -> Training:
    """Train a model by a recipe.

    The model keeps its weights as the starting point and is compiled here: with the recipe's
    optimizer, the loss that belongs to its last activation (softmax, sigmoid or linear), and
    accuracy. The same seed gives the same run on the same CPU; the global seeds of Python, NumPy
    and Keras are set to it.

    Args:
        model: Any Keras model with one input and one output.
        data: A data set with `.train` and `.validation`, a pair `(images, labels)`, or a pair of
            such pairs. Images `(N, H, W, C)` float in `input_range`, labels `(N,)` class indices.
        recipe: One of `kerascnn.training.recipes()`, or a `Recipe`.
        epochs: Passes over the training images; `None`: the recipe's.
        batch_size: Images in a step; `None`: the recipe's.
        run_dir: A directory for config.json, history.csv, best and last weights; `None`: no files.
        resume: Whether a run that `run_dir` holds goes on after its last complete epoch. A run
            that went on ends as if it had never stopped; a finished one returns at once.
        seed: Of the shuffling, the augmentation and the model's dropout. A whole number from 0 on.
        augment: A Keras layer or a function, from a batch `(N, H, W, C)` of float32 to a batch;
            the training images pass through it anew in each epoch. What a function draws at random
            is repeated exactly only if it comes from a layer's `keras.random.SeedGenerator`.
        loss: A Keras loss instead of the one that belongs to the last activation.
        input_range: The range that the model takes, which images must keep; `None`: any.
        callbacks: Keras callbacks; they come after the run has saved an epoch.
        verbose: 0 nothing, 1 a progress bar, 2 a line per epoch; `"auto"`: a bar on a terminal or
            in a notebook, otherwise lines.
        **overrides: Fields of the recipe: `learning_rate=`, `schedule=`, `momentum=`, …

    Returns:
        A `Training` with `.history`, `.model`, `.best_epoch`.

    Raises:
        ValueError: An argument or data that cannot be trained with, a run directory with another
            run, or a loss that became NaN (the model then has the weights of its last good epoch).
        OSError: A run directory that cannot be written or read.

    >>> model = keras.Sequential([keras.Input((2, 2, 1)), keras.layers.Flatten(),
    ...                           keras.layers.Dense(2, activation="softmax")])
    >>> images = np.repeat([0.0, 1.0], 8).reshape(16, 1, 1, 1) * np.ones((1, 2, 2, 1))
    >>> result = train(model, (images, np.repeat([0, 1], 8)), learning_rate=0.1,
    ...                epochs=20, batch_size=4, verbose=0)
    >>> result.history["accuracy"][-1]
    1.0
    """
    plan = find_recipe(recipe, epochs=epochs, batch_size=batch_size, **overrides)
    fit, validation = splits(data)
    _check(model, fit, validation, plan, seed, augment, input_range)
    if loss is None:
        for images, labels in filter(None, (validation, fit)):
            loss, metrics = objective(model, labels, image_shape=images.shape[1:])
    else:
        metrics = []

    keras.utils.set_random_seed(seed)
    model.compile(optimizer=make_optimizer(plan), loss=loss, metrics=metrics)
    model.optimizer.build(model.trainable_variables)
    progress = Progress()
    directory = None
    if run_dir is not None:
        config = describe_run(model, asdict(plan), loss, seed, augment, fit, validation)
        directory = RunDirectory(run_dir, config, resume=resume)
        if state := directory.load(model):
            progress = Progress(**state)
        else:
            directory.save(model, asdict(progress))  # a stop in the first epoch loses no start

    finished = directory.config.get("finished", 0) if directory else 0
    if max(finished, progress.epochs) < plan.epochs:
        monitor = plan.monitor if metrics else "val_loss"
        monitor = monitor if validation else monitor.removeprefix("val_")
        keeper = _Keeper(progress, directory, plan, seed, monitor)
        rate = [_Plateau(progress, plan, monitor)] if plan.schedule == "plateau" else []
        model.fit(
            training_batches(
                *fit,
                batch_size=plan.batch_size,
                seed=seed,
                epochs=range(progress.epochs, plan.epochs),
                augment=augment,
            ),
            validation_data=validation
            and validation_batches(*validation, batch_size=plan.batch_size),
            initial_epoch=progress.epochs,
            epochs=plan.epochs,
            shuffle=False,  # the batches are shuffled already
            steps_per_epoch=math.ceil(len(fit[1]) / plan.batch_size),
            callbacks=[*rate, keeper, *callbacks],
            verbose=_verbosity(verbose),
        )
        if directory:
            directory.finish(plan.epochs)
    return Training(
        model=model,
        history=progress.history,
        best_epoch=progress.best_epoch,
        recipe=plan,
        run_dir=directory and directory.path,
    )


@dataclass
class Progress:
    """Where a run stands after a complete epoch: all that Keras's callbacks would forget."""

    epochs: int = 0
    history: dict[str, list[float]] = field(default_factory=dict)
    best: float | None = None
    best_epoch: int = 0
    plateau: dict = field(default_factory=dict)


class _Plateau(keras.callbacks.ReduceLROnPlateau):
    """Keras's rule, which forgets its state when training begins, with its state kept."""

    def __init__(self, progress, recipe, monitor):
        super().__init__(
            monitor=monitor,
            factor=recipe.plateau_factor,
            patience=recipe.plateau_patience,
            min_lr=recipe.minimum_rate,
            mode=_mode(monitor),
        )
        self.progress = progress

    def on_train_begin(self, logs=None):
        super().on_train_begin(logs)
        self.best = self.progress.plateau.get("best", self.best)  # Keras's start otherwise
        self.wait = self.progress.plateau.get("wait", 0)

    def on_epoch_end(self, epoch, logs=None):
        super().on_epoch_end(epoch, logs)
        self.progress.plateau = {"best": float(self.best), "wait": self.wait}


class _Keeper(keras.callbacks.Callback):
    """Seeds each epoch, sets its rate, keeps its record, and stops at a loss that is no number."""

    def __init__(self, progress, directory, recipe, seed, monitor):
        super().__init__()
        self.progress = progress
        self.directory = directory
        self.recipe = recipe
        self.seed = seed
        self.monitor = monitor

    def on_train_begin(self, logs=None):
        self.good = self.model.get_weights()

    def on_epoch_begin(self, epoch, logs=None):
        states = random_states(self.model)
        for state, seed in zip(states, seeds(len(states), self.seed, epoch), strict=True):
            state.assign(seed)
        if self.recipe.schedule == "cosine":
            # Loshchilov and Hutter 2016, Eq. 5: T_cur = epoch, T_i = epochs, lowest rate 0
            part = (1 + math.cos(math.pi * epoch / self.recipe.epochs)) / 2
            self.model.optimizer.learning_rate = self.recipe.learning_rate * part
        self.rate = float(str(np.float32(self.model.optimizer.learning_rate)))  # 0.001, all of it

    def on_train_batch_end(self, batch, logs=None):
        if not math.isfinite(logs["loss"]):
            self._stop()

    def on_epoch_end(self, epoch, logs=None):
        progress = self.progress
        weights = self.model.get_weights()
        finite = all(np.isfinite(weight).all() for weight in weights)
        if not finite or not math.isfinite(logs.get("val_loss", 0)):
            self._stop()
        self.good = weights
        record = {key: float(value) for key, value in logs.items()} | {"learning_rate": self.rate}
        for key, value in record.items():
            progress.history.setdefault(key, []).append(value)
        progress.epochs = epoch + 1
        if self._better(record[self.monitor]):
            progress.best, progress.best_epoch = record[self.monitor], progress.epochs
            if self.directory:
                self.directory.save_best(self.model)
        if self.directory:
            self.directory.save(self.model, asdict(progress))

    def _better(self, value):
        if self.progress.best is None:
            return True
        if _mode(self.monitor) == "max":
            return value > self.progress.best
        return value < self.progress.best

    def _stop(self):
        self.model.set_weights(self.good)
        epoch = self.progress.epochs
        raise ValueError(
            f"the loss became infinite or NaN in epoch {epoch + 1}: lower learning_rate (it was "
            f"{self.rate:g}). The model has its weights of "
            f"{f'epoch {epoch}' if epoch else 'before the training'} again."
        )


def _mode(monitor):
    return "max" if "accuracy" in monitor else "min"


def _verbosity(verbose):
    if verbose != "auto":
        return verbose
    return 1 if sys.stdout.isatty() or "ipykernel" in sys.modules else 2


def _check(model, fit, validation, plan, seed, augment, input_range):
    """Refuse, before the first step, what cannot be trained."""
    if not isinstance(model, keras.Model):
        raise TypeError(f"model must be a keras.Model; received {type(model).__name__}.")
    if not isinstance(seed, int) or seed < 0:
        raise ValueError(f"seed must be a whole number from 0 on; received {seed!r}.")
    if augment is not None and not callable(augment):
        raise TypeError(f"augment must be a layer or a function; received {augment!r:.80}.")
    # A model that is not built yet does not say what it takes: then the training images do.
    shape = getattr(model, "input_shape", None) or (None, *fit[0].shape[1:])
    if not isinstance(shape, tuple):
        raise ValueError(f"model must have one input; received one with {len(shape)} inputs.")
    for what, part in (("train", fit), ("validation", validation)):
        if part is not None:
            check_split(what, *part, input_shape=shape, input_range=input_range)
    first = fit[0][:1].astype("float32")
    if not model.built:
        model(first)
    if plan.batch_size > len(fit[1]):
        raise ValueError(
            f"batch_size must be at most {len(fit[1])}, the number of training images; "
            f"received {plan.batch_size}."
        )
    if isinstance(augment, keras.Layer):
        shape = augment(first, training=True).shape  # builds it, too
        if len(shape) != fit[0].ndim:
            raise ValueError(f"augment must give (N, H, W, C); received {tuple(shape)}.")
