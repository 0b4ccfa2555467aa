"""Distances between the outlines of two masks, by SciPy's distance transform."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from kerascnn._checks import check_number, is_number

from ._masks import check_same_shape


def hausdorff(
    labels: npt.ArrayLike,
    predictions: npt.ArrayLike,
    *,
    percentile: float = 100,
    spacing: float | Sequence[float] = 1.0,
) -> float:
    """Compute the Hausdorff distance, the largest distance from one outline to the other.

    The outline of a mask is its pixels with a neighbor outside, up, down, left or right, or at
    the edge of the image.

    Args:
        labels: A mask of one object or class, booleans or 0 and 1: an image `(H, W)` or a volume
            `(D, H, W)`.
        predictions: The predicted mask, in the same shape.
        percentile: Percentile of the distances instead of the largest, such as 95, which a few
            stray pixels change little; above 0, up to 100. The larger one of the two directions is
            returned.
        spacing: Size of a pixel along each axis, such as 0.5 in mm; one number for all axes.

    Returns:
        The distance, in the units of `spacing`; in pixels by default.

    Raises:
        ValueError: If a mask is empty or not a mask, the shapes differ, or an option is out of
            range.

    >>> hausdorff([[1, 1, 0, 0, 0]], [[1, 0, 0, 0, 1]])
    3.0
    """
    if check_number("percentile", percentile, 0, 100) == 0:
        raise ValueError(f"percentile must be more than 0; received {percentile!r}.")
    both = _distances(labels, predictions, spacing)
    return max(float(np.percentile(distances, percentile)) for distances in both)


def surface_distance(
    labels: npt.ArrayLike,
    predictions: npt.ArrayLike,
    *,
    spacing: float | Sequence[float] = 1.0,
) -> float:
    """Compute the average symmetric surface distance between the outlines of two masks.

    It is the mean over all pixels of both outlines of the distance to the other outline (Heimann
    2009, "Comparison and evaluation of methods for liver segmentation from CT datasets").

    Args:
        labels, predictions, spacing: See `hausdorff`.

    Returns:
        The distance, in the units of `spacing`; in pixels by default.

    Raises:
        ValueError: See `hausdorff`.

    >>> surface_distance([[1, 1, 0, 0, 0]], [[1, 0, 0, 0, 1]])  # (0 + 1 + 0 + 3) / 4
    1.0
    """
    return float(np.concatenate(_distances(labels, predictions, spacing)).mean())


def _distances(labels, predictions, spacing):
    """Compute the distances of each outline's pixels to the other outline."""
    labels, predictions = np.asarray(labels), np.asarray(predictions)
    check_same_shape(labels, predictions)
    steps = np.broadcast_to(spacing, labels.ndim) if np.ndim(spacing) == 0 else np.array(spacing)
    if steps.shape != (labels.ndim,) or not all(is_number(x) and x > 0 for x in steps.tolist()):
        raise ValueError(
            f"spacing must be a number above 0, or one for each of the {labels.ndim} axes; "
            f"received {spacing!r}."
        )
    outlines = [_outline(n, m) for n, m in (("labels", labels), ("predictions", predictions))]
    from_labels, from_predictions = (
        ndimage.distance_transform_edt(~outline, sampling=steps) for outline in outlines
    )
    return from_predictions[outlines[0]], from_labels[outlines[1]]


def _outline(name, mask):
    if mask.dtype.kind not in "iub" or not np.isin(mask, (0, 1)).all():
        raise ValueError(
            f"{name} must be a mask of booleans, or of 0 and 1; received {mask.dtype}, "
            f"{mask.min()} to {mask.max()}: compare with a class, such as mask == 1."
        )
    mask = mask.astype(bool)
    if not mask.any():
        raise ValueError(
            f"{name} must contain at least one pixel of the object, since an empty mask has no "
            "outline; received none: leave out images without it."
        )
    return mask & ~ndimage.binary_erosion(mask)
