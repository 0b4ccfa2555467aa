"""The Dice loss (Milletari 2016, arXiv:1606.04797, Section 3) of several classes."""

import math
from typing import Any

import keras
from keras import ops

from kerascnn._checks import check_number, is_whole


@keras.saving.register_keras_serializable(package="kerascnn")
class DiceLoss(keras.losses.Loss):
    """One minus the Dice coefficient of an image, averaged over its classes.

    The coefficient of a class is (2 Σ p g + smooth) / (Σ p + Σ g + smooth), where p are the
    predicted probabilities of the pixels and g is 1 for pixels of the class. Small classes count as
    much as large ones, so that class weights are not needed.

    DEVIATION: the paper's denominator has squares; those of V-Net's successors, such as nnU-Net's,
    do not (Isensee 2018, arXiv:1809.10486, Equation 1).

    Labels are class indices `(N, H, W)` or `(N, H, W, 1)`, outputs probabilities `(N, H, W, K)`; a
    single sigmoid output is the probability of class 1 of two. For a weight of each pixel, use the
    cross-entropy, which `kerascnn.train` chooses by itself.

    Args:
        ignore_class: A label whose pixels do not count, such as 255 for void pixels.
        smooth: Number of pixels added to the numerator and the denominator, so that a class that
            does not occur has a coefficient of 1 where it is not predicted.

    Raises:
        ValueError: If an option is out of range, or the labels are one-hot.

    >>> import numpy as np
    >>> right = np.array([[[[1, 0], [0, 1]]]], "float32")
    >>> float(DiceLoss()(np.array([[[0, 1]]]), right))
    0.0
    """

    def __init__(
        self,
        ignore_class: int | None = None,
        smooth: float = 1.0,
        name: str = "dice_loss",
        **kwargs: Any,
    ) -> None:
        super().__init__(name=name, **kwargs)
        if ignore_class is not None and not is_whole(ignore_class, -math.inf):
            raise ValueError(
                f"ignore_class must be a whole number or None; received {ignore_class!r}."
            )
        self.ignore_class = ignore_class
        self.smooth = check_number("smooth", smooth)

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """Compute the loss of each image, (N,)."""
        labels = ops.cast(y_true, "int32")
        if len(labels.shape) == len(y_pred.shape):
            if labels.shape[-1] not in (1, None):
                raise ValueError(
                    "labels must be class indices (N, H, W); received "
                    f"{tuple(labels.shape)}: convert one-hot labels with labels.argmax(axis=-1)."
                )
            labels = labels[..., 0]
        if y_pred.shape[-1] == 1:
            y_pred = ops.concatenate([1 - y_pred, y_pred], axis=-1)
        there = ops.one_hot(labels, y_pred.shape[-1], dtype=y_pred.dtype)
        if self.ignore_class is not None:
            counted = ops.cast(labels != self.ignore_class, y_pred.dtype)[..., None]
            there, y_pred = there * counted, y_pred * counted
        axes = tuple(range(1, len(y_pred.shape) - 1))
        both = 2 * ops.sum(there * y_pred, axis=axes) + self.smooth
        dice = both / (ops.sum(there, axis=axes) + ops.sum(y_pred, axis=axes) + self.smooth)
        return 1 - ops.mean(dice, axis=-1)

    def get_config(self) -> dict:
        """Return the arguments that create the same loss."""
        more = {"ignore_class": self.ignore_class, "smooth": self.smooth}
        return {**super().get_config(), **more}
