"""The files of a run directory, written after each epoch and from time to time within it."""

import time
from dataclasses import asdict

import keras

from kerascnn.training._run_directory import RunDirectory
from kerascnn.training._run_state import Lengths, Progress
from kerascnn.training._variables import are_finite, sync

from .stops import Interruption

SHARE = 0.02  # of the time that backups within an epoch may take


class Saves(keras.callbacks.Callback):
    """Save each epoch, and back up the run within an epoch.

    Args:
        directory: the run directory.
        progress: where the run is.
        lengths: the number of steps; the last step is saved with its epoch.
        interruption: whether the run is to stop, which needs a backup at once.
        seconds: smallest time between two backups within an epoch; 0: after each step.
    """

    def __init__(
        self,
        directory: RunDirectory,
        progress: Progress,
        lengths: Lengths,
        interruption: Interruption,
        *,
        seconds: float,
    ) -> None:
        super().__init__()
        self.directory = directory
        self.progress = progress
        self.lengths = lengths
        self.interruption = interruption
        self.seconds = seconds

    def on_train_begin(self, logs: dict | None = None) -> None:
        """Start the clock."""
        self.due = time.monotonic() + self.seconds

    def on_train_batch_end(self, batch: int, logs: dict | None = None) -> None:
        """Back up if it is time."""
        last = batch + 1 == self.lengths.steps
        if not last and (time.monotonic() >= self.due or self.interruption.requested):
            self._back_up()

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        """Save the epoch."""
        best = self.progress.best_epoch == self.progress.epochs
        self.directory.save_epoch(self.model, asdict(self.progress), best=best)
        self.due = time.monotonic() + self.seconds

    def _back_up(self) -> None:
        began = time.monotonic()
        sync(self.model)
        if are_finite(self.model.get_weights()):  # else the loss of the next step is not
            self.directory.save(self.model, asdict(self.progress))
        now = time.monotonic()
        self.due = now + (self.seconds and max(self.seconds, (now - began) / SHARE))
