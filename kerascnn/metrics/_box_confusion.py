"""Which classes a detector confuses, what it misses, and what it invents."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from kerascnn._checks import check_count, check_number

from ._boxes import box_iou, check_overlap
from ._matching import check_detections


def box_confusion(
    labels: npt.ArrayLike,
    predictions: Sequence[npt.ArrayLike],
    *,
    classes: int | None = None,
    overlap: float = 0.5,
    score: float = 0.0,
) -> np.ndarray:
    """Count how often objects of each class are detected as each class.

    Objects and boxes are matched in pairs, the highest intersection over union first, regardless of
    their classes; each object and each box is matched once.

    Args:
        labels, predictions, classes: See `average_precision`.
        overlap: The minimum intersection over union of a match, above 0, up to 1.
        score: The minimum score of a box that counts.

    Returns:
        `(K + 1, K + 1)` int: objects of class i, the row, detected as class j. The last column
        counts missed objects, the last row boxes without an object.

    Raises:
        ValueError: See `average_precision`.

    >>> labels = [[[0, 0.25, 0.25, 0.5, 0.5], [1, 0.75, 0.75, 0.5, 0.5]]]
    >>> boxes = [[[1, 0.9, 0.25, 0.25, 0.5, 0.5], [0, 0.6, 0.75, 0.25, 0.5, 0.5]]]
    >>> box_confusion(labels, boxes)
    array([[0, 1, 0],
           [0, 0, 1],
           [1, 0, 0]])
    """
    check_overlap(overlap)
    check_number("score", score, -np.inf)
    if classes is not None:
        check_count("classes", classes)
    objects, found, nothing = check_detections(labels, predictions, classes)
    confusion = np.zeros((nothing + 1, nothing + 1), int)
    for ours, theirs in zip(objects, found, strict=True):
        theirs = theirs[theirs[:, 1] >= score]
        overlaps = box_iou(ours[:, 1:], theirs[:, 2:])
        seen = np.full(len(ours), nothing)
        meant = np.full(len(theirs), nothing)
        for flat in np.argsort(-overlaps, axis=None, kind="stable"):
            i, j = np.unravel_index(flat, overlaps.shape)
            if overlaps[i, j] < overlap:
                break
            if seen[i] == nothing and meant[j] == nothing:
                seen[i], meant[j] = theirs[j, 0], ours[i, 0]
        np.add.at(confusion, (ours[:, 0].astype(int), seen), 1)
        invented = theirs[meant == nothing, 0].astype(int)
        np.add.at(confusion, (nothing, invented), 1)
    return confusion
