"""What a run says while it goes and when it is over."""

import sys
import time

import keras

from ._pipeline import metered, stopwatch

DATA_BOUND = 0.2  # of the time waiting for input, from which on it is worth a line


class Meter(keras.callbacks.Callback):
    """Measures how fast a run trains and how long it waits for input, without its first step.

    Args:
        batch_size: Images in a step.
    """

    def __init__(self, batch_size):
        super().__init__()
        self.batch_size = batch_size
        self.waited = None
        self.steps, self.seconds, self.first = 0, 0.0, True
        self.waited_before = 0.0

    def metered(self, batches):
        """The same batches, for which the model's waiting is measured."""
        if self.waited is None:
            self.waited = stopwatch()
        return batches if self.waited is None else metered(batches, self.waited)

    def on_epoch_begin(self, epoch, logs=None):
        """Start the clock."""
        self.began = time.perf_counter()

    def on_train_batch_end(self, batch, logs=None):
        """Note the time; the first step compiles the model and does not count."""
        now = time.perf_counter()
        if self.first:
            self.first = False
            self.waited_before = self._waited()
        else:
            self.steps += 1
            self.seconds += now - self.began
        self.began = now

    def _waited(self):
        return 0.0 if self.waited is None else float(self.waited.numpy())

    @property
    def images_per_second(self) -> float:
        """Images per second of training, without validation."""
        return self.steps * self.batch_size / self.seconds if self.seconds else 0.0

    @property
    def waiting(self) -> float:
        """The part of the time that steps wait for input, 0 to 1."""
        waited = self._waited() - self.waited_before
        return min(waited / self.seconds, 1.0) if self.seconds else 0.0  # it waits while it works


class Lines(keras.callbacks.Callback):
    """A line for each epoch."""

    def __init__(self, progress, epochs):
        super().__init__()
        self.progress = progress
        self.epochs = epochs

    def on_epoch_begin(self, epoch, logs=None):
        """Start the clock."""
        self.began = time.perf_counter()

    def on_epoch_end(self, epoch, logs=None):
        """Print what the epoch came to."""
        numbers = "  ".join(
            f"{key} {values[-1]:.4g}" for key, values in self.progress.history.items()
        )
        seconds = time.perf_counter() - self.began
        digits = len(str(self.epochs))
        print(f"epoch {epoch + 1:{digits}}/{self.epochs}  {numbers}  {seconds:.1f} s", flush=True)


def verbosity(verbose):
    """0 nothing, 1 a bar, 2 lines; "auto": a bar on a terminal and in a notebook."""
    if verbose != "auto":
        return verbose
    return 1 if sys.stdout.isatty() or "ipykernel" in sys.modules else 2


def summary(training, monitor) -> str:
    """What a run came to, in a line or two."""
    epochs = len(training.history["loss"])
    line = f"{training.model.name}: {epochs} epochs"
    if training.images_per_second:
        line += f", {training.seconds:.1f} s, {training.images_per_second:,.0f} images/s"
    best = training.history[monitor][training.best_epoch - 1]
    line += f"; best epoch {training.best_epoch}, {monitor} {best:.4g}"
    if training.run_dir:
        line += f"; in {training.run_dir}"
    if training.waiting > DATA_BOUND:
        line += (
            f"\ndata-bound: {training.waiting:.0%} of each step waits for input; a cheaper "
            f"augmentation or images in memory would train faster."
        )
    return line
