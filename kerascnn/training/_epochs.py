"""The epochs of a run, in one or more calls of Keras's `fit`."""

import warnings
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from itertools import chain, islice
from typing import Any

import keras
import numpy as np

from ._callbacks import CallbackList
from ._data import Part
from ._pipeline import (
    stream_batches,
    training_batches,
    validation_batches,
    validation_stream,
)
from ._prepare import Ready
from ._recipes import Recipe
from ._report import Meter
from ._run_config import name_of
from ._run_state import Lengths, Progress
from ._stream import Stream
from ._variables import build_metrics


@dataclass
class Fit:
    """Train to the end; an epoch that resumes has a `fit` of its own.

    Attributes:
        model: a compiled model.
        ready: its data.
        recipe: batch size and number of epochs.
        progress: where the run is.
        lengths: numbers of batches; those of streams are filled in when they are known.
        meter: measures how long the model waits for batches.
        seed: seed of the order of the images and of their augmentation.
        devices: number of devices that share a batch.
    """

    model: keras.Model
    ready: Ready
    recipe: Recipe
    progress: Progress
    lengths: Lengths
    meter: Meter
    seed: int
    devices: int
    errors: list[Sequence[Exception]] = field(default_factory=list)

    def run(self, callbacks: Iterable[keras.callbacks.Callback], verbose: int) -> None:
        """Train all epochs; errors in the batches of a stream are raised in one line."""
        model, progress, epochs = self.model, self.progress, self.recipe.epochs
        self.fit, self.validation = self.ready.targets()
        together = CallbackList(
            callbacks,
            first_batch=progress.batch,
            add_progbar=verbose == 1,
            model=model,
            verbose=verbose,
            epochs=epochs,
            steps=self.lengths.steps,
        )
        model.stop_training = False
        with _first_of(self.errors), _gradient_of(self.ready.goal.loss):
            if progress.batch:
                self._epochs(progress.epochs, progress.epochs + 1, together, progress.batch)
            while progress.epochs < epochs and not model.stop_training:
                # the end of a stream ends the epoch
                last = progress.epochs + 1 if self._is_streamed else epochs
                self._epochs(progress.epochs, last, together)
        together.end()

    def _epochs(self, first: int, last: int, together: CallbackList, first_batch: int = 0) -> None:
        batches = self._training(first, last, first_batch)
        if first_batch and self.devices == 1:  # Keras does it on several devices
            build_metrics(self.model, next(iter(batches)))
        steps = None if self._is_streamed else (self.lengths.steps or 0) - first_batch
        self.model.fit(
            self.meter.metered(batches) if self.devices == 1 else batches,
            validation_data=self._validation(),
            initial_epoch=first,
            epochs=last,
            shuffle=False,  # the batches are shuffled already
            steps_per_epoch=steps,
            callbacks=together,
            verbose=0,
        )

    def cause(self, step: int) -> str | None:
        """Return what is wrong with the augmented images of this epoch, if anything is.

        Args:
            step: the last step that is looked at, counted from 1. The loss of one with NaN may be
                finite, since some kernels of ReLU return 0.
        """
        if self.ready.augment is None:
            return None
        epoch = self.progress.epochs
        batches = islice(self._training(epoch, epoch + 1, 0), step)
        if all(np.isfinite(images).all() for images, *_ in batches):
            return None
        return (
            f"augment must return finite numbers, and {name_of(self.ready.augment)!r} returned NaN "
            f"or infinity"
        )

    @property
    def _is_streamed(self) -> bool:
        return isinstance(self.fit, Stream)

    def _training(self, first: int, last: int, first_batch: int) -> Any:
        augment = self.ready.augment
        options = {"seed": self.seed, "first_batch": first_batch, "augment": augment}
        options |= {"divisor": self.devices, "outputs": self.ready.goal.outputs}
        if isinstance(self.fit, Part):
            epochs, size = range(first, last), self.recipe.batch_size
            return training_batches(self.fit, batch_size=size, epochs=epochs, **options)
        self.lengths.steps = None
        batches, errors = stream_batches(
            self.fit,
            epoch=first,
            free=self.ready.free and augment is None,
            ended=partial(setattr, self.lengths, "steps"),
            **options,
        )
        self.errors.append(errors)
        return batches

    def _validation(self) -> Any:
        data, outputs = self.validation, self.ready.goal.outputs
        if data is None:
            return None
        if isinstance(data, Part):
            size, divisor = self.recipe.batch_size, self.devices
            return validation_batches(data, batch_size=size, divisor=divisor, outputs=outputs)
        ended = partial(setattr, self.lengths, "validation_steps")
        batches, errors = validation_stream(
            data, outputs=outputs, free=self.ready.free, ended=ended
        )
        self.errors.append(errors)
        return batches


@contextmanager
def quiet() -> Iterator[None]:
    """Hide warnings of Keras about what is intended."""
    with warnings.catch_warnings():
        # conversions of variables to arrays, within Keras
        warnings.filterwarnings("ignore", "__array__ implementation", DeprecationWarning)
        # the end of a stream, which Keras takes for a mistake
        warnings.filterwarnings("ignore", "Your input ran out of data", UserWarning)
        yield


@contextmanager
def _gradient_of(loss: Any) -> Iterator[None]:
    """Name the loss if Keras finds no gradient of it."""
    try:
        yield
    except ValueError as error:
        if not str(error).startswith("No gradients provided"):
            raise
        names = ", ".join(map(name_of, keras.tree.flatten(loss)))
        raise ValueError(
            f"loss must have a gradient for the weights of the model; received {names}, which has "
            f"none: argmax, round or stop_gradient, in the loss or in the model, is in the way."
        ) from None


@contextmanager
def _first_of(errors: Sequence[Sequence[Exception]]) -> Iterator[None]:
    """Raise the error of a batch instead of TensorFlow's, which has many lines."""
    try:
        yield
    except Exception:
        for error in chain(*errors):
            raise error from None
        raise
