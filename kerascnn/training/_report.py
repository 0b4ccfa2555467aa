"""What a run prints, and how fast it is."""

import sys
import time
from typing import Any, Literal

import keras

from ._pipeline import metered, stopwatch
from ._run_state import Progress
from ._train_result import Training

DATA_BOUND = 0.2  # fraction of the time spent waiting for input from which on it is reported


class Meter(keras.callbacks.Callback):
    """Measure how fast a run trains and how long it waits for input, without its first step.

    Args:
        batch_size: images per step.
    """

    def __init__(self, batch_size: int) -> None:
        super().__init__()
        self.batch_size = batch_size
        self.waited = None
        self.steps, self.seconds, self.first = 0, 0.0, True
        self.waited_before = 0.0

    def metered(self, batches: Any) -> Any:
        """Return the same batches, and measure how long the model waits for them."""
        if self.waited is None:
            self.waited = stopwatch()
        return batches if self.waited is None else metered(batches, self.waited)

    def on_epoch_begin(self, epoch: int, logs: dict | None = None) -> None:
        """Start the clock."""
        self.began = time.perf_counter()

    def on_train_batch_end(self, batch: int, logs: dict | None = None) -> None:
        """Measure the step; the first one compiles the model and does not count."""
        now = time.perf_counter()
        if self.first:
            self.first = False
            self.waited_before = self._waited()
        else:
            self.steps += 1
            self.seconds += now - self.began
        self.began = now

    def _waited(self) -> float:
        return 0.0 if self.waited is None else float(self.waited.numpy())

    @property
    def images_per_second(self) -> float:
        """Images per second of training, without validation."""
        return self.steps * self.batch_size / self.seconds if self.seconds else 0.0

    @property
    def waiting(self) -> float:
        """Fraction of the time that steps wait for input, 0 to 1."""
        waited = self._waited() - self.waited_before
        return min(waited / self.seconds, 1.0) if self.seconds else 0.0  # the two overlap


class Lines(keras.callbacks.Callback):
    """Print a line for each epoch.

    Args:
        progress: where the run is.
        epochs: number of epochs.
    """

    def __init__(self, progress: Progress, epochs: int) -> None:
        super().__init__()
        self.progress = progress
        self.epochs = epochs

    def on_epoch_begin(self, epoch: int, logs: dict | None = None) -> None:
        """Start the clock."""
        self.began = time.perf_counter()

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        """Print the results of the epoch."""
        numbers = "  ".join(
            f"{key} {values[-1]:.4g}" for key, values in self.progress.history.items()
        )
        seconds = time.perf_counter() - self.began
        digits = len(str(self.epochs))
        print(f"epoch {epoch + 1:{digits}}/{self.epochs}  {numbers}  {seconds:.1f} s", flush=True)


def verbosity(verbose: Literal["auto", 0, 1, 2]) -> int:
    """Return 0 for nothing, 1 for a bar, 2 for lines; "auto": a bar on a terminal or in Jupyter."""
    if verbose != "auto":
        return verbose
    return 1 if sys.stdout.isatty() or "ipykernel" in sys.modules else 2


def summary(training: Training, monitor: str) -> str:
    """Describe the results of a run in a line or two."""
    epochs = len(training.history["loss"])
    line = f"{training.model.name}: {epochs} epoch{'s' * (epochs != 1)}"
    if training.images_per_second:
        line += f", {training.seconds:.1f} s, {training.images_per_second:,.0f} images/s"
    best = training.history[monitor][training.best_epoch - 1]
    line += f"; best epoch {training.best_epoch}, {monitor} {best:.4g}"
    if training.run_dir:
        line += f"; in {training.run_dir}"
    if training.waiting > DATA_BOUND:
        line += (
            f"\ndata-bound: {training.waiting:.0%} of each step is spent waiting for input; a "
            f"cheaper augmentation or images in memory would be faster."
        )
    return line
