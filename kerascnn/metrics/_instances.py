"""Scores of objects that are found one by one: instances, as connected components."""

import numpy as np
import numpy.typing as npt
from scipy import ndimage, optimize

from kerascnn._checks import check_count

from ._boxes import check_overlap
from ._masks import check_same_shape


def instances(mask: npt.ArrayLike, *, least: int = 1) -> np.ndarray:
    """Number the connected components of a mask.

    Args:
        mask: `(H, W)` or `(N, H, W)`, booleans or integers; what is not 0 is foreground. Pixels
            that touch at a corner belong together. Each image is numbered separately.
        least: Components of fewer pixels become background.

    Returns:
        Integers in the same shape: 0 for the background, 1, 2, … for the components of an image.

    Raises:
        ValueError: If the mask has another shape or type.

    >>> instances([[1, 0, 1, 1, 0]]).tolist()
    [[1, 0, 2, 2, 0]]
    """
    mask = np.asarray(mask)
    check_count("least", least)
    if mask.ndim not in (2, 3) or mask.dtype.kind not in "iub":
        raise ValueError(
            f"mask must be booleans or integers, (H, W) or (N, H, W); received {mask.dtype} "
            f"{mask.shape}."
        )
    images = mask.reshape(-1, *mask.shape[-2:])
    numbered = np.zeros(images.shape, np.int32)
    for image, out in zip(images, numbered, strict=True):
        parts, _ = ndimage.label(image, np.ones((3, 3)))
        kept = np.bincount(parts.ravel()) >= least
        kept[0] = False
        out[:] = (np.cumsum(kept) * kept)[parts]
    return numbered.reshape(mask.shape)


def instance_f1(
    labels: npt.ArrayLike, predictions: npt.ArrayLike, *, overlap: float = 0.5
) -> float:
    """Compute the F1 score of instances, 2 TP / (2 TP + FP + FN).

    A predicted instance is correct (TP) if its intersection over union with an instance of the
    labels is at least `overlap`; each is matched once, with as many matches as possible (Caicedo
    2019, "Nucleus segmentation across imaging experiments: the 2018 Data Science Bowl").

    Args:
        labels: Instances, `(H, W)` or `(N, H, W)` integer: 0 for the background and a different
            positive number for each object of an image.
        predictions: Predicted instances, in the same shape, such as `instances(mask)`.
        overlap: The minimum intersection over union of a match, above 0, up to 1.

    Returns:
        The score over all images, 0 to 1; NaN if there are no instances at all.

    Raises:
        ValueError: If the arrays have different shapes, or are not instances.

    >>> instance_f1([[1, 1, 0, 2, 2]], [[1, 1, 0, 0, 2]])
    1.0
    >>> instance_f1([[1, 1, 0, 2, 2]], [[1, 1, 1, 1, 1]])
    0.0
    """
    labels, predictions = np.asarray(labels), np.asarray(predictions)
    check_same_shape(labels, predictions)
    check_overlap(overlap)
    for name, array in (("labels", labels), ("predictions", predictions)):
        if array.ndim not in (2, 3) or array.dtype.kind not in "iu" or array.min(initial=0) < 0:
            raise ValueError(
                f"{name} must be instances, non-negative integers (H, W) or (N, H, W); received "
                f"{array.dtype} {array.shape}: number the parts of a mask with "
                "kerascnn.metrics.instances."
            )
    shape = (-1, *labels.shape[-2:])
    right = total = 0
    for one, other in zip(labels.reshape(shape), predictions.reshape(shape), strict=True):
        overlaps = _overlaps(one, other)
        matched = optimize.linear_sum_assignment(overlaps >= overlap, maximize=True)
        right += int((overlaps[matched] >= overlap).sum())
        total += sum(overlaps.shape)
    return 2 * right / total if total else float("nan")


def _overlaps(labels, predictions):
    """Compute the intersection over union of each pair of instances in an image."""
    ours, one = np.unique(labels, return_inverse=True)
    theirs, other = np.unique(predictions, return_inverse=True)
    pairs = one.ravel() * len(theirs) + other.ravel()
    both = np.bincount(pairs, minlength=len(ours) * len(theirs)).reshape(len(ours), len(theirs))
    either = both.sum(axis=1, keepdims=True) + both.sum(axis=0) - both
    return (both / either)[ours > 0][:, theirs > 0]
