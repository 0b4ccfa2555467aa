"""The history of a run, and its best epoch."""

import keras

from kerascnn.training._run_state import Progress
from kerascnn.training._schedules import better_is
from kerascnn.training._variables import rate_of


class Record(keras.callbacks.Callback):
    """Keep the progress of a run: steps, epochs, their history and the best epoch.

    Args:
        progress: is kept up to date.
        monitor: the column of the history that decides which epoch is better.
        prefix: what Keras puts before the metrics of the first of several outputs.
    """

    def __init__(self, progress: Progress, monitor: str, prefix: str = "") -> None:
        super().__init__()
        self.progress = progress
        self.monitor = monitor
        self.prefix = prefix

    def on_epoch_begin(self, epoch: int, logs: dict | None = None) -> None:
        """Forget the learning rate, which other callbacks may set now."""
        self.rate: float | None = None

    def on_train_batch_begin(self, batch: int, logs: dict | None = None) -> None:
        """Note the learning rate of the epoch."""
        if self.rate is None:
            self.rate = rate_of(self.model)

    def on_train_batch_end(self, batch: int, logs: dict | None = None) -> None:
        """Count the steps."""
        self.progress.batch = batch + 1

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        """Add a row to the history."""
        progress = self.progress
        row = {
            self._column(key): float(value) for key, value in {"loss": 0, **(logs or {})}.items()
        }
        for key, value in (row | {"learning_rate": self.rate or 0.0}).items():
            progress.history.setdefault(key, []).append(value)
        progress.epochs, progress.batch = epoch + 1, 0
        if self._is_better(row[self.monitor]):
            progress.best, progress.best_epoch = row[self.monitor], progress.epochs

    def _column(self, key: str) -> str:
        """Remove the name of the first output from that of its accuracy."""
        for part in ("val_", ""):
            if key == f"{part}{self.prefix}accuracy":
                return f"{part}accuracy"
        return key

    def _is_better(self, value: float) -> bool:
        best = self.progress.best
        if best is None:
            return True
        return value > best if better_is(self.monitor) == "max" else value < best
