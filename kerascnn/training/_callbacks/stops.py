"""Ctrl-C: the current step is finished, the run is saved, and a line says how to resume it."""

import signal
import threading
from pathlib import Path
from types import FrameType

import keras

from kerascnn.training._run_state import Lengths, Progress


class Interruption:
    """Take Ctrl-C as a request to stop after the current step; a second Ctrl-C stops at once."""

    def __init__(self) -> None:
        self.requested = False

    def __enter__(self) -> "Interruption":
        self.catches = (
            threading.current_thread() is threading.main_thread()
            and signal.getsignal(signal.SIGINT) is signal.default_int_handler
        )
        if self.catches:
            signal.signal(signal.SIGINT, self._note)
        return self

    def _note(self, number: int, frame: FrameType | None) -> None:
        self.requested = True
        signal.signal(signal.SIGINT, signal.default_int_handler)

    def __exit__(self, *error: object) -> None:
        if self.catches:
            signal.signal(signal.SIGINT, signal.default_int_handler)


class Stops(keras.callbacks.Callback):
    """Stop where it was requested, after the run is saved.

    Args:
        interruption: the request.
        progress: where the run is.
        lengths: the number of steps; after the last one the epoch is completed first.
        path: the run directory, or `None`.
    """

    def __init__(
        self, interruption: Interruption, progress: Progress, lengths: Lengths, path: Path | None
    ) -> None:
        super().__init__()
        self.interruption = interruption
        self.progress = progress
        self.lengths = lengths
        self.path = path

    def on_train_batch_end(self, batch: int, logs: dict | None = None) -> None:
        """Stop within an epoch."""
        if batch + 1 != self.lengths.steps:
            self._stop_if_requested()

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        """Stop between two epochs."""
        self._stop_if_requested()

    def _stop_if_requested(self) -> None:
        if not self.interruption.requested:
            return
        if self.path:
            raise KeyboardInterrupt(
                f"stopped after {self.progress}; call train again with run_dir='{self.path}' to "
                "resume."
            )
        raise KeyboardInterrupt(
            f"stopped after {self.progress}; the model has its current weights. With run_dir=, a "
            "run can be resumed."
        )
