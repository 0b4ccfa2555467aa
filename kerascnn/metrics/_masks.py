"""Scores of class maps, from one confusion matrix of pixels."""

import math

import numpy as np
import numpy.typing as npt

from kerascnn._checks import check_count, is_whole


def pixel_confusion(
    labels: npt.ArrayLike,
    predictions: npt.ArrayLike,
    *,
    classes: int | None = None,
    ignore_class: int | None = None,
) -> np.ndarray:
    """Count how often pixels of each class are predicted as each class.

    Args:
        labels: Class indices of the pixels, `(H, W)`, `(N, H, W)` or any other shape; integers or
            booleans.
        predictions: Predicted class indices, in the same shape; for a softmax output,
            `output.argmax(axis=-1)`.
        classes: The number of classes, K. If `None`, the largest index plus one, at least 2.
        ignore_class: A label whose pixels are not counted, such as 255 for void pixels.

    Returns:
        `(K, K)` int: pixels of class i, the row, predicted as class j.

    Raises:
        ValueError: If the arrays have different shapes, are not integers, or contain an index that
            is not a class.

    >>> pixel_confusion([[0, 0, 1, 255]], [[0, 1, 1, 1]], ignore_class=255)
    array([[1, 1],
           [0, 1]])
    """
    labels, predictions = np.asarray(labels), np.asarray(predictions)
    check_same_shape(labels, predictions)
    for name, array in (("labels", labels), ("predictions", predictions)):
        if array.dtype.kind not in "iub":
            raise ValueError(
                f"{name} must be integers, a class for each pixel; received {array.dtype}: use "
                "argmax(axis=-1) for scores of classes, or >= 0.5 for a probability."
            )
    if ignore_class is not None and not is_whole(ignore_class, -math.inf):
        raise ValueError(f"ignore_class must be a whole number or None; received {ignore_class!r}.")
    if ignore_class is not None:
        counted = labels != ignore_class
        labels, predictions = labels[counted], predictions[counted]
    if not labels.size:
        raise ValueError("labels must contain at least one pixel that counts; received none.")
    labels, predictions = labels.astype("int64").ravel(), predictions.astype("int64").ravel()
    if classes is None:
        classes = max(int(labels.max()), int(predictions.max()), 1) + 1
    check_count("classes", classes)
    for name, array in (("labels", labels), ("predictions", predictions)):
        if array.min() < 0 or array.max() >= classes:
            raise ValueError(
                f"{name} must lie in 0…{classes - 1}, the {classes} classes; received "
                f"{array.min()} to {array.max()}: set ignore_class= for a label that is not a "
                "class, and convert masks in colors or of 255 to class indices."
            )
    counts = np.bincount(labels * classes + predictions, minlength=classes**2)
    return counts.reshape(classes, classes)


def dice(
    labels: npt.ArrayLike,
    predictions: npt.ArrayLike,
    *,
    classes: int | None = None,
    ignore_class: int | None = None,
) -> np.ndarray:
    """Compute the Dice coefficient of each class, `2 |A ∩ B| / (|A| + |B|)` (Dice 1945).

    Pixels of all images are counted together. For two classes, `dice(...)[1]` is the score of the
    foreground.

    Args:
        labels, predictions, classes, ignore_class: See `pixel_confusion`.

    Returns:
        `(K,)` float, 0 to 1; NaN for a class that occurs neither in labels nor in predictions.

    Raises:
        ValueError: See `pixel_confusion`.

    >>> dice([[0, 0, 1, 1]], [[0, 1, 1, 1]]).round(3)
    array([0.667, 0.8  ])
    """
    right, either = _overlaps(labels, predictions, classes, ignore_class)
    return _ratio(2 * right, either + right)


def iou(
    labels: npt.ArrayLike,
    predictions: npt.ArrayLike,
    *,
    classes: int | None = None,
    ignore_class: int | None = None,
) -> np.ndarray:
    """Compute the intersection over union of each class, `|A ∩ B| / |A ∪ B|` (Jaccard 1912).

    Args:
        labels, predictions, classes, ignore_class: See `pixel_confusion`.

    Returns:
        `(K,)` float, 0 to 1; NaN for a class that occurs neither in labels nor in predictions.

    Raises:
        ValueError: See `pixel_confusion`.

    >>> iou([[0, 0, 1, 1]], [[0, 1, 1, 1]]).round(3)
    array([0.5  , 0.667])
    """
    return _ratio(*_overlaps(labels, predictions, classes, ignore_class))


def mean_iou(
    labels: npt.ArrayLike,
    predictions: npt.ArrayLike,
    *,
    classes: int | None = None,
    ignore_class: int | None = None,
) -> float:
    """Compute the mean of `iou` over the classes that occur (Long 2015, arXiv:1411.4038).

    Args:
        labels, predictions, classes, ignore_class: See `pixel_confusion`.

    Raises:
        ValueError: See `pixel_confusion`.

    >>> round(mean_iou([[0, 0, 1, 1]], [[0, 1, 1, 1]], classes=3), 3)
    0.583
    """
    return float(np.nanmean(iou(labels, predictions, classes=classes, ignore_class=ignore_class)))


def pixel_accuracy(
    labels: npt.ArrayLike,
    predictions: npt.ArrayLike,
    *,
    classes: int | None = None,
    ignore_class: int | None = None,
) -> float:
    """Compute the fraction of the pixels whose class is right, 0 to 1.

    Args:
        labels, predictions, classes, ignore_class: See `pixel_confusion`.

    Raises:
        ValueError: See `pixel_confusion`.

    >>> pixel_accuracy([[0, 0, 1, 1]], [[0, 1, 1, 1]])
    0.75
    """
    confusion = pixel_confusion(labels, predictions, classes=classes, ignore_class=ignore_class)
    return float(np.trace(confusion) / confusion.sum())


def check_same_shape(labels: np.ndarray, predictions: np.ndarray) -> None:
    """Check that labels and predictions are of the same pixels.

    Raises:
        ValueError: If their shapes differ.
    """
    if labels.shape != predictions.shape or not labels.ndim:
        raise ValueError(
            f"predictions must have the shape of the labels, {labels.shape}; received "
            f"{predictions.shape}: crop the labels to the pixels that the model predicts."
        )


def _overlaps(labels, predictions, classes, ignore_class):
    """Count the pixels of each class in the intersection and in the union."""
    confusion = pixel_confusion(labels, predictions, classes=classes, ignore_class=ignore_class)
    right = np.diag(confusion)
    return right, confusion.sum(axis=0) + confusion.sum(axis=1) - right


def _ratio(part, whole):
    return np.divide(part, whole, out=np.full(len(whole), np.nan), where=whole > 0)
