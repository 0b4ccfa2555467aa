"""Precision and recall of predicted boxes, and average precision by three rules."""

from collections.abc import Sequence
from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from kerascnn._checks import check_choice, check_count

from ._boxes import check_overlap
from ._matching import check_detections, hits

Rule = Literal["voc", "voc2007", "coco"]
RULES = ("voc", "voc2007", "coco")
OVERLAP = 0.5  # Everingham 2010, "The PASCAL Visual Object Classes Challenge", Section 4.2
OVERLAPS = np.linspace(0.5, 0.95, 10)  # COCO's; Lin 2014, arXiv:1405.0312
ELEVEN = np.arange(11) / 10  # recalls; Everingham 2010, Section 4.2
COCO_RECALLS = np.linspace(0, 1, 101)
LIMIT = 100  # COCO's largest number of boxes of a class in an image


class PrecisionRecall(NamedTuple):
    """Precision and recall of the boxes of one class, as more and more of them are counted.

    Attributes:
        precision: `(m,)` float, fraction of the counted boxes that are right.
        recall: `(m,)` float, fraction of the objects that are found.
        scores: `(m,)` float, scores of the boxes in descending order.
    """

    precision: np.ndarray
    recall: np.ndarray
    scores: np.ndarray


def precision_recall(
    labels: npt.ArrayLike,
    predictions: Sequence[npt.ArrayLike],
    klass: int,
    *,
    overlap: float = OVERLAP,
) -> PrecisionRecall:
    """Compute precision and recall of one class, by PASCAL VOC's matching.

    Args:
        labels, predictions: See `average_precision`.
        klass: Index of the class.
        overlap: The minimum intersection over union of a match, above 0, up to 1.

    Returns:
        `PrecisionRecall(precision, recall, scores)`, each `(m,)` for m boxes of this class; recall
        is NaN if there is no object of the class.

    Raises:
        ValueError: See `average_precision`.

    >>> labels = [[[0, 0.25, 0.25, 0.5, 0.5], [0, 0.75, 0.75, 0.5, 0.5]]]
    >>> boxes = [[[0, 0.9, 0.25, 0.25, 0.5, 0.5], [0, 0.6, 0.75, 0.25, 0.5, 0.5]]]
    >>> precision_recall(labels, boxes, 0).precision
    array([1. , 0.5])
    """
    check_count("klass", klass, 0)
    objects, found, _ = check_detections(labels, predictions, None)
    return _curve(*hits(objects, found, klass, check_overlap(overlap), again=False))


def average_precision(
    labels: npt.ArrayLike,
    predictions: Sequence[npt.ArrayLike],
    *,
    classes: int | None = None,
    rule: Rule = "voc",
    overlap: float | None = None,
) -> np.ndarray:
    """Compute the average precision of each class; the mean over the classes is mAP.

    | rule | precision is averaged over | a box whose best object is matched | overlap |
    | --- | --- | --- | --- |
    | `"voc"` | all recalls: the area under the curve | is false | 0.5 |
    | `"voc2007"` | the recalls 0, 0.1, …, 1 | is false | 0.5 |
    | `"coco"` | the recalls 0, 0.01, …, 1 | may match another | mean of 0.5, 0.55, …, 0.95 |

    Precision at a recall is the highest precision at that recall or a higher one. With `"coco"`,
    only the best 100 boxes of an image and class count.

    Args:
        labels: `(N, M, 5)` float: class index, and center x, center y, width, height as fractions
            of the image. Rows of class -1 are ignored.
        predictions: N arrays `(m, 6)` float, one for each image: class index, score, and a box as
            in the labels, such as those of `kerascnn.predict_boxes`; m may differ.
        classes: The number of classes, K. If `None`, the largest index plus one.
        rule: See the table.
        overlap: The minimum intersection over union of a match, above 0, up to 1. If `None`, as in
            the table.

    Returns:
        `(K,)` float, 0 to 1; NaN for classes without objects in the labels.

    Raises:
        ValueError: If labels or predictions have another shape, or an option is out of range.

    >>> labels = [[[0, 0.25, 0.25, 0.5, 0.5], [0, 0.75, 0.75, 0.5, 0.5]]]
    >>> boxes = [[[0, 0.9, 0.25, 0.25, 0.5, 0.5], [0, 0.6, 0.75, 0.25, 0.5, 0.5]]]
    >>> average_precision(labels, boxes)
    array([0.5])
    """
    check_choice("rule", rule, RULES)
    if classes is not None:
        check_count("classes", classes)
    objects, found, count = check_detections(labels, predictions, classes)
    coco = rule == "coco"
    overlaps = OVERLAPS if coco else (OVERLAP,)
    overlaps = overlaps if overlap is None else (check_overlap(overlap),)
    found = _limited(found, LIMIT) if coco else found

    def of_class(k, least):
        scores, right, there = hits(objects, found, k, least, again=coco)
        return _average(_curve(scores, right, there), rule) if there else np.nan

    return np.array([np.mean([of_class(k, o) for o in overlaps]) for k in range(count)])


def _limited(found, limit):
    """Keep the boxes with the highest scores of each class in each image."""

    def best(rows):
        rows = rows[np.argsort(-rows[:, 1], kind="stable")]
        kinds = np.unique(rows[:, 0])
        return np.concatenate([rows[:0], *(rows[rows[:, 0] == k][:limit] for k in kinds)])

    return [best(rows) for rows in found]


def _curve(scores, right, objects):
    true, count = np.cumsum(right), np.arange(1, len(right) + 1)
    recall = true / objects if objects else np.full(len(true), np.nan)
    return PrecisionRecall(true / count, recall, scores)


def _average(curve, rule):
    """Average the precision over recalls, each the highest at that recall or above."""
    precision, recall, _scores = curve
    highest = np.maximum.accumulate(precision[::-1])[::-1]
    if rule == "voc":
        return float(np.sum(np.diff(recall, prepend=0) * highest))
    wanted = ELEVEN if rule == "voc2007" else COCO_RECALLS
    at = np.searchsorted(recall, wanted, side="left")
    return float(np.append(highest, 0)[at].mean())
