"""Which predicted boxes find an object, and the checks of both."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from ._boxes import box_iou, check_boxes

LABEL = 5  # class, x, y, w, h
FOUND = 6  # class, score, x, y, w, h


def check_detections(
    labels: npt.ArrayLike, predictions: Sequence[npt.ArrayLike], classes: int | None
) -> tuple[list[np.ndarray], list[np.ndarray], int]:
    """Check the objects and the predicted boxes of N images.

    Args:
        labels: (N, M, 5): class, x, y, w, h; rows of class -1 are left out.
        predictions: N arrays (m, 6): class, score, x, y, w, h.
        classes: the number of classes; `None`: the largest index plus one.

    Returns:
        The objects and the predictions of each image, float64, and the number of classes.

    Raises:
        ValueError: If something does not fit.
    """
    try:
        labels = np.asarray(labels, "float64")
    except ValueError:  # nested lists of unequal lengths
        raise ValueError(
            "labels of boxes must be (N, objects, 5); received lists of unequal lengths: add rows "
            "of class -1 to the shorter ones."
        ) from None
    if labels.ndim != 3 or labels.shape[-1] != LABEL or np.isnan(labels[..., 0]).any():
        raise ValueError(
            "labels of boxes must be (N, objects, 5) of finite numbers: class, x, y, w, h; "
            f"received {labels.shape}."
        )
    if not len(labels):
        raise ValueError("labels of boxes must be of at least one image; received none.")
    if len(predictions) != len(labels):
        raise ValueError(
            f"predictions must be {len(labels)} arrays, one for each image of the labels; "
            f"received {len(predictions)}."
        )
    objects = [rows[rows[:, 0] >= 0] for rows in labels]
    found = [np.asarray(rows, "float64").reshape(-1, FOUND) if np.size(rows) == 0 else
             np.asarray(rows, "float64") for rows in predictions]  # fmt: skip
    for rows in found:
        if rows.ndim != 2 or rows.shape[1] != FOUND or not np.isfinite(rows).all():
            raise ValueError(
                "predictions must be arrays (m, 6) of finite numbers: class, score, x, y, w, h; "
                f"received {rows.shape}."
            )
    check_boxes("boxes of labels", np.concatenate([rows[:, 1:] for rows in objects], axis=0))
    check_boxes("boxes of predictions", np.concatenate([rows[:, 2:] for rows in found], axis=0))
    kinds = np.concatenate([rows[:, 0] for rows in (*objects, *found)])
    highest = int(kinds.max(initial=0))
    if (kinds % 1).any() or kinds.min(initial=0) < 0 or highest >= (classes or highest + 1):
        raise ValueError(
            f"classes of boxes must be whole numbers in 0…{(classes or highest + 1) - 1}; "
            f"received {kinds.min():g} to {kinds.max():g}."
        )
    return objects, found, classes or highest + 1


def hits(
    objects: Sequence[np.ndarray],
    found: Sequence[np.ndarray],
    klass: int,
    overlap: float,
    *,
    again: bool,
) -> tuple[np.ndarray, np.ndarray, int]:
    """Match the boxes of a class to objects, from the highest score down.

    Args:
        objects, found: as returned by `check_detections`.
        klass: the class.
        overlap: the minimum intersection over union of a match.
        again: whether a box may take its second best object if its best is already matched, as in
            COCO; in PASCAL VOC such a box is wrong.

    Returns:
        Scores in descending order and whether each box is right, both (m,); the number of objects.
    """
    scores, right, count = [], [], 0
    for ours, theirs in zip(objects, found, strict=True):
        ours, theirs = ours[ours[:, 0] == klass], theirs[theirs[:, 0] == klass]
        theirs = theirs[np.argsort(-theirs[:, 1], kind="stable")]
        overlaps = box_iou(theirs[:, 2:], ours[:, 1:])
        free = np.ones(len(ours), bool)
        for row in overlaps:
            allowed = row * free if again else row
            best = int(allowed.argmax()) if len(row) else -1
            hit = best >= 0 and allowed[best] >= overlap and bool(free[best])
            if hit:
                free[best] = False
            right.append(hit)
        scores.append(theirs[:, 1])
        count += len(ours)
    scores = np.concatenate([np.empty(0), *scores])
    order = np.argsort(-scores, kind="stable")
    return scores[order], np.array(right, bool)[order], count
