"""Boxes: their overlap, and the strongest of those that overlap."""

import numpy as np
import numpy.typing as npt

from kerascnn._checks import check_count, check_number


def box_iou(boxes: npt.ArrayLike, others: npt.ArrayLike) -> np.ndarray:
    """Compute the intersection over union of each pair of boxes.

    Args:
        boxes: `(n, 4)`: center x, center y, width and height, in any unit.
        others: `(m, 4)`, in the same unit.

    Returns:
        `(n, m)` float64, 0 to 1. A box without area overlaps nothing.

    Raises:
        ValueError: If boxes are of another shape, not finite, or of negative size.

    >>> box_iou([[0.5, 0.5, 1, 1]], [[0.5, 0.5, 1, 0.5], [1.5, 0.5, 1, 1]])
    array([[0.5, 0. ]])
    """
    low, high, area = _corners(check_boxes("boxes", boxes))
    other_low, other_high, other_area = _corners(check_boxes("others", others))
    sides = np.minimum(high[:, None], other_high) - np.maximum(low[:, None], other_low)
    both = np.maximum(sides, 0).prod(axis=-1)
    either = area[:, None] + other_area - both
    return np.divide(both, either, out=np.zeros_like(both), where=either > 0)


def non_maximum_suppression(
    boxes: npt.ArrayLike,
    scores: npt.ArrayLike,
    *,
    overlap: float = 0.5,
    classes: npt.ArrayLike | None = None,
    limit: int | None = None,
) -> np.ndarray:
    """Keep the boxes with the highest scores, and suppress those that overlap a kept one.

    In order of their scores, the highest first, boxes are kept unless their intersection over union
    with a box that was kept before is more than `overlap`.

    Args:
        boxes: `(n, 4)`: center x, center y, width and height, in any unit.
        scores: `(n,)`; of equal scores, the first box is kept.
        overlap: See above, 0 to 1.
        classes: `(n,)` class indices; boxes suppress only boxes of the same class. If `None`, all
            boxes are of one class.
        limit: The maximum number of boxes to keep. If `None`, all.

    Returns:
        `(k,)` int: indices of the kept boxes, from the highest score to the lowest.

    Raises:
        ValueError: If an argument has another shape or is out of range.

    >>> boxes = [[0.5, 0.5, 1, 1], [0.5, 0.5, 1, 0.8], [2, 2, 1, 1]]
    >>> non_maximum_suppression(boxes, [0.6, 0.9, 0.5])
    array([1, 2])
    """
    boxes, scores = check_boxes("boxes", boxes), np.asarray(scores, "float64")
    check_number("overlap", overlap, 0, 1)
    limit = len(boxes) if limit is None else check_count("limit", limit)
    if scores.shape != (len(boxes),) or not np.isfinite(scores).all():
        raise ValueError(
            f"scores must be {len(boxes)} finite numbers, one for each box; received "
            f"{scores.shape}."
        )
    kinds = np.zeros(len(boxes), int) if classes is None else np.asarray(classes)
    if kinds.shape != (len(boxes),):
        raise ValueError(
            f"classes must be {len(boxes)} class indices, one for each box; received {kinds.shape}."
        )
    kept = [_suppress(boxes, scores, np.flatnonzero(kinds == k), overlap) for k in np.unique(kinds)]
    kept = np.concatenate([np.empty(0, int), *kept])
    return kept[np.lexsort((kept, -scores[kept]))][:limit]


def check_overlap(overlap: float) -> float:
    """Check the minimum intersection over union of a match.

    Raises:
        ValueError: If it is not a number above 0, up to 1.
    """
    if check_number("overlap", overlap, 0, 1) == 0:
        raise ValueError(f"overlap must be more than 0; received {overlap!r}.")
    return overlap


def check_boxes(name: str, boxes: npt.ArrayLike) -> np.ndarray:
    """Check boxes (n, 4) and return them as float64.

    Raises:
        ValueError: If they have another shape, are not finite, or have a negative size.
    """
    boxes = np.asarray(boxes, "float64")
    if not boxes.size:
        boxes = boxes.reshape(0, 4)
    if boxes.ndim != 2 or boxes.shape[1] != 4:
        raise ValueError(
            f"{name} must be (n, 4): center x, center y, width, height; received {boxes.shape}."
        )
    if not np.isfinite(boxes).all() or (boxes[:, 2:] < 0).any():
        raise ValueError(f"{name} must be finite, with a width and height of at least 0.")
    return boxes


def _corners(boxes):
    """Return the upper left and lower right corners (n, 2), and the areas (n,)."""
    centre, size = boxes[:, :2], boxes[:, 2:]
    return centre - size / 2, centre + size / 2, size.prod(axis=1)


def _suppress(boxes, scores, chosen, overlap):
    """Return the indices of those of the chosen boxes that are kept; all are of one class."""
    order = chosen[np.argsort(-scores[chosen], kind="stable")]
    low, high, area = _corners(boxes[order])
    left, top, right, bottom = np.ascontiguousarray(np.hstack([low, high]).T)
    kept = []
    while len(order):
        kept.append(order[0])
        width = np.minimum(right[1:], right[0]) - np.maximum(left[1:], left[0])
        height = np.minimum(bottom[1:], bottom[0]) - np.maximum(top[1:], top[0])
        both = np.maximum(width, 0) * np.maximum(height, 0)
        stays = both <= overlap * (area[1:] + area[0] - both)
        order, left, top, right, bottom, area = (
            x[1:][stays] for x in (order, left, top, right, bottom, area)
        )
    return np.array(kept, int)
