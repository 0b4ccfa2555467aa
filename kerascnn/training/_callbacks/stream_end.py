"""The end of an epoch of a stream, whose length is known only when its last batch arrives."""

import keras

from kerascnn.training._run_state import Lengths


class StreamEnd(keras.callbacks.Callback):
    """Stop at the last batch of a stream; Keras would count a step beyond it.

    Args:
        lengths: numbers of batches, as soon as they are known.
        training: whether the training data are a stream, too, and not only the validation data.
    """

    def __init__(self, lengths: Lengths, *, training: bool) -> None:
        super().__init__()
        self.lengths = lengths
        self.training = training
        self.stopped: bool | None = None  # what another callback wants

    def on_train_batch_end(self, batch: int, logs: dict | None = None) -> None:
        """End the epoch at its last batch."""
        if self.training and batch + 1 == self.lengths.steps:
            self.stopped, self.model.stop_training = self.model.stop_training, True

    def on_test_batch_end(self, batch: int, logs: dict | None = None) -> None:
        """End the validation at its last batch."""
        if batch + 1 == self.lengths.validation_steps:
            self.model.stop_evaluating = True

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        """Go on with the next epoch."""
        if self.stopped is not None:
            self.model.stop_training, self.stopped = self.stopped, None
