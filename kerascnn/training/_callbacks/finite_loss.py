"""An end to a run whose loss or weights become infinite or NaN."""

import math
from collections.abc import Callable
from typing import NoReturn

import keras

from kerascnn.training._run_state import Lengths, Progress
from kerascnn.training._variables import are_finite, rate_of, sync


class FiniteLoss(keras.callbacks.Callback):
    """Stop at the first loss that is infinite or NaN, with the weights of the last good epoch.

    Args:
        progress: where the run is.
        lengths: the number of steps, for the message.
        unseen: whether only some of the images were checked before the training.
        cause: returns what is wrong with the images up to a step, from 1, if anything is.
    """

    def __init__(
        self,
        progress: Progress,
        lengths: Lengths,
        *,
        unseen: bool = False,
        cause: Callable[[int], str | None] = lambda step: None,
    ) -> None:
        super().__init__()
        self.progress = progress
        self.lengths = lengths
        self.unseen = unseen
        self.cause = cause
        self.step = 0

    def on_train_begin(self, logs: dict | None = None) -> None:
        """Keep the weights to return to."""
        started = self.progress.epochs or self.progress.batch
        self.good = self.model.get_weights()
        self.good_at = f"of {self.progress}" if started else "from before the training"

    def on_train_batch_end(self, batch: int, logs: dict | None = None) -> None:
        """Check the loss."""
        self.step = batch + 1
        if not math.isfinite((logs or {})["loss"]):
            self._stop()

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        """Check the weights and the validation loss, and keep the weights."""
        sync(self.model)
        weights = self.model.get_weights()
        if not are_finite(weights) or not math.isfinite((logs or {}).get("val_loss", 0)):
            self._stop()
        self.good, self.good_at = weights, f"of epoch {epoch + 1}"

    def _stop(self) -> NoReturn:
        sync(self.model)
        rate = rate_of(self.model)
        self.model.set_weights(self.good)
        epochs, steps = self.progress.epochs, self.lengths.steps
        advice = f"lower learning_rate (it was {rate:g})"
        if cause := self.cause(self.step):
            advice = cause
        elif (epochs, self.step) == (0, 1):  # with the weights that were given
            advice = "before any weight was trained, so check the loss, the labels and the images"
        elif self.unseen:
            advice += ", or look for NaN in the images, of which only a few were checked before"
        raise ValueError(
            f"the loss became infinite or NaN in epoch {epochs + 1} at step "
            f"{self.step}{f' of {steps}' if steps else ''}: {advice}. The model has its weights "
            f"{self.good_at} again."
        )
