"""The result of an evaluation."""

from dataclasses import dataclass

import numpy as np

from kerascnn._markup import one_line


@dataclass(frozen=True, eq=False, repr=False)
class Evaluation:
    """The scores of a classifier. Prints as a table.

    Args:
        confusion: `(K, K)` int: number of labels of class i, the row, predicted as class j.
        top5: Fraction of the labels that are among the five most probable classes, 0 to 1; `None`
            for at most five classes.
        loss: Mean cross-entropy, in nats.
        class_names: Name of each class.
        auc: For two classes of images, the area under the ROC curve, 0 to 1: how often the score of
            the second class is higher for one of its images than for one of the first. `None` for
            more classes, for a class per pixel, and if one of the two classes does not occur.

    >>> import numpy as np, kerascnn as kc
    >>> confusion = np.array([[8, 2], [1, 9]])
    >>> found = kc.training.Evaluation(confusion, None, 0.4, ("good", "dent"))
    >>> found.accuracy, found.sensitivity, found.specificity
    (0.85, 0.9, 0.8)
    """

    confusion: np.ndarray
    top5: float | None
    loss: float
    class_names: tuple[str, ...]
    auc: float | None = None

    @property
    def count(self) -> int:
        """Number of labels."""
        return int(self.confusion.sum())

    @property
    def accuracy(self) -> float:
        """Fraction of the labels that are the most probable class, 0 to 1."""
        return float(np.trace(self.confusion) / self.count)

    @property
    def recall(self) -> np.ndarray:
        """For each class, fraction of its labels that were found, `(K,)`; NaN without labels."""
        return _ratio(np.diag(self.confusion), self.confusion.sum(axis=1))

    @property
    def sensitivity(self) -> float | None:
        """Recall of the second of two classes, the positive one; `None` for more classes."""
        return float(self.recall[1]) if len(self.confusion) == 2 else None

    @property
    def specificity(self) -> float | None:
        """Recall of the first of two classes, the negative one; `None` for more classes."""
        return float(self.recall[0]) if len(self.confusion) == 2 else None

    @property
    def precision(self) -> np.ndarray:
        """For each class, fraction of its predictions that are right, `(K,)`; NaN without any."""
        return _ratio(np.diag(self.confusion), self.confusion.sum(axis=0))

    @property
    def iou(self) -> np.ndarray:
        """For each class, intersection over union, `(K,)`, the usual score of segmentation."""
        right = np.diag(self.confusion)
        return _ratio(right, self.confusion.sum(axis=0) + self.confusion.sum(axis=1) - right)

    def __repr__(self) -> str:
        top5 = "" if self.top5 is None else f", top-5 {self.top5:.4f}"
        lines = [f"accuracy {self.accuracy:.4f}{top5}, loss {self.loss:.4f}, {self.count:,} labels"]
        if len(self.confusion) == 2:
            auc = "" if self.auc is None else f"AUC {self.auc:.4f}, "
            lines.append(
                f"{auc}sensitivity {self.sensitivity:.4f}, specificity {self.specificity:.4f}; "
                f"positive is {self.class_names[1]!r}"
            )
        names = [one_line(name) for name in self.class_names]
        width = max(map(len, names))
        rows = zip(
            names,
            self.recall,
            self.precision,
            self.confusion.sum(axis=1),
            strict=True,
        )
        lines += [
            f"{name:{width}}  recall {recall:.4f}  precision {precision:.4f}  {count:,}"
            for name, recall, precision, count in rows
        ]
        return "\n".join(lines)


def _ratio(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    return np.divide(part, whole, out=np.full(len(whole), np.nan), where=whole > 0)
