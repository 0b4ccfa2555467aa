"""A list of callbacks for a run that may take more than one call of Keras's `fit`."""

from collections.abc import Iterable

import keras


class CallbackList(keras.callbacks.CallbackList):
    """Present a resumed epoch, which has a separate `fit`, as one epoch of the run.

    Args:
        callbacks: Keras callbacks.
        first_batch: the batch with which the first epoch resumes.
        **options: see Keras's `CallbackList`.
    """

    def __init__(
        self, callbacks: Iterable[keras.callbacks.Callback], *, first_batch: int, **options: object
    ) -> None:
        super().__init__(callbacks, add_history=True, **options)
        self.first_batch = first_batch
        self.began = False

    def on_train_begin(self, logs: dict | None = None) -> None:
        """Begin once."""
        if not self.began:
            super().on_train_begin(logs)
        self.began = True

    def on_train_end(self, logs: dict | None = None) -> None:
        """Wait for `end`, since another `fit` may follow."""

    def end(self) -> None:
        """Tell the callbacks that the training is over."""
        super().on_train_end()

    def on_train_batch_begin(self, batch: int, logs: dict | None = None) -> None:
        """Count from the first batch of the epoch."""
        super().on_train_batch_begin(batch + self.first_batch, logs)

    def on_train_batch_end(self, batch: int, logs: dict | None = None) -> None:
        """Count from the first batch of the epoch."""
        super().on_train_batch_end(batch + self.first_batch, logs)

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        """Begin the next epoch at batch 0."""
        super().on_epoch_end(epoch, logs)
        self.first_batch = 0
