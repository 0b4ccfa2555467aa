"""How good a classifier is: accuracy, top-5, confusion matrix, class by class; ten crops."""

import math
from dataclasses import dataclass
from functools import partial

import keras
import numpy as np
from scipy import special

from kerascnn._checks import check_count, is_whole
from kerascnn._class_names import remember
from kerascnn._memory import keep_buffers
from kerascnn._processor import kernels_checked
from kerascnn._rescaling import warn_of_levels
from kerascnn._sizes import check_size_of

from ._checks import check_part, not_indices
from ._data import Part, as_part, centre
from ._objective import head
from ._stream import Stream

TOP = 5  # ImageNet's second score


@dataclass(frozen=True, eq=False, repr=False)
class Evaluation:
    """What a classifier gets right. Prints as a table.

    Args:
        confusion: `(K, K)` int: how many of class i, the row, were taken for class j.
        top5: The part of the labels that are among the five most probable classes, 0 to 1; `None`
            for five classes and less.
        loss: Mean cross-entropy, in nats.
        class_names: Names, as many as classes.
        auc: For two classes of images the area under the ROC curve, 0 to 1: how often an image of
            the second class has a higher score for it than one of the first. `None` for more
            classes, for a class per pixel, and where one of the two never comes.
    """

    confusion: np.ndarray
    top5: float | None
    loss: float
    class_names: tuple[str, ...]
    auc: float | None = None

    @property
    def count(self) -> int:
        """How many labels there were."""
        return int(self.confusion.sum())

    @property
    def accuracy(self) -> float:
        """The part of the labels that the most probable class is, 0 to 1."""
        return float(np.trace(self.confusion) / self.count)

    @property
    def recall(self) -> np.ndarray:
        """For each class the part of its labels that were found, `(K,)`; NaN without labels."""
        return _ratio(np.diag(self.confusion), self.confusion.sum(axis=1))

    @property
    def sensitivity(self) -> float | None:
        """Of two classes, the part of the second, the positive one, that was found."""
        return float(self.recall[1]) if len(self.confusion) == 2 else None

    @property
    def specificity(self) -> float | None:
        """Of two classes, the part of the first, the negative one, that was found."""
        return float(self.recall[0]) if len(self.confusion) == 2 else None

    @property
    def precision(self) -> np.ndarray:
        """For each class the part of what was taken for it that is it, `(K,)`; NaN for none."""
        return _ratio(np.diag(self.confusion), self.confusion.sum(axis=0))

    @property
    def iou(self) -> np.ndarray:
        """For each class intersection over union, `(K,)`, the usual score of segmentation."""
        right = np.diag(self.confusion)
        return _ratio(right, self.confusion.sum(axis=0) + self.confusion.sum(axis=1) - right)

    def __repr__(self):
        top5 = "" if self.top5 is None else f", top-5 {self.top5:.4f}"
        lines = [f"accuracy {self.accuracy:.4f}{top5}, loss {self.loss:.4f}, {self.count:,} labels"]
        if len(self.confusion) == 2:
            auc = "" if self.auc is None else f"AUC {self.auc:.4f}, "
            lines.append(
                f"{auc}sensitivity {self.sensitivity:.4f}, specificity {self.specificity:.4f}; "
                f"positive is {self.class_names[1]!r}"
            )
        width = max(map(len, self.class_names))
        rows = zip(
            self.class_names,
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


def evaluate(
    model: keras.Model,
    data,
    *,
    part: str = "test",
    ten_crop: bool = False,
    batch_size: int = 128,
    input_range: tuple[float, float] | None = (0.0, 1.0),
    ignore_class: int | None = None,
    class_names=None,
) -> Evaluation:
    """Compare what a classifier says with the labels.

    Args:
        model: A Keras model, images `(N, H, W, C)` to scores `(N, K)`, or `(N, h, w, K)` for a
            class per pixel, with softmax or linear, or K = 1 with sigmoid or linear for two
            classes; of several outputs the first.
        data: A pair `(images, labels)`, a `tf.data.Dataset` or `PyDataset` of batches of such
            pairs, or a data set with such parts. Labels are class indices `(N,)`, or `(N, H, W)`,
            whose middle is taken for an output that is smaller; for two classes truth values too.
        part: The part of a data set that is looked at.
        ten_crop: Whether softmax is averaged over ten windows of the model's size: the corners,
            the centre, and their mirror images (Krizhevsky 2012, Section 4.1). The images must be
            larger than the model's input.
        batch_size: Images in a step.
        input_range: The range that the model takes, which images must keep; `None`: any. A model
            that begins with a `Rescaling` of 0 … 255 takes `(0, 255)`; a warning says so if it gets
            images in [0, 1].
        ignore_class: A label that is not counted, as 255 for the void pixels of segmentations;
            `None`: all count.
        class_names: Names of the classes; `None`: the data set's, or their numbers.

    Returns:
        An `Evaluation` with `.accuracy`, `.top5`, `.confusion`, `.recall`, `.precision`, `.iou`,
        and for two classes `.auc`, `.sensitivity`, `.specificity`; `kerascnn.plots` draws its
        `confusion_matrix`.

    Raises:
        ValueError: Images or labels that the model cannot be compared with.

    >>> import kerascnn as kc
    >>> result = evaluate(kc.build_lenet5(weights="mnist"), kc.datasets.load("digits"))
    >>> result.accuracy > 0.9, result.confusion.shape, result.count
    (True, (10, 10), 898)
    """
    check_count("batch_size", batch_size)
    if ignore_class is not None and not is_whole(ignore_class, -math.inf):
        raise ValueError(f"ignore_class must be a whole number or None; received {ignore_class!r}.")
    if hasattr(data, "train") and getattr(data, part, None) is None:
        raise ValueError(f"part must be one that the data set has; received {part!r}.")
    if hasattr(data, part):
        class_names = getattr(data, "class_names", None) if class_names is None else class_names
        data = getattr(data, part)
    given = as_part(data)
    size = model.input_shape[1:3]
    free = (None, None, None, model.input_shape[-1])
    wanted = free if ten_crop else model.input_shape
    check = partial(_check_images, model, wanted, input_range, size if ten_crop else None)
    keep_buffers()
    first = given.first if isinstance(given, Stream) else given
    check(first)
    warn_of_levels(model, first.sample())
    outputs = model.output_shape
    last = (outputs[0] if isinstance(outputs, list) else outputs)[-1]
    if head(model) not in ("softmax", "linear", *["sigmoid"] * (last == 1)):
        raise ValueError(
            f"model must end in softmax or linear scores of classes, or in one sigmoid; "
            f"received {head(model)!r} of {last}."
        )
    names = _names(class_names, max(last, 2))  # before what may take long
    remember(model, class_names)
    scores = _ten_crop(model, size) if ten_crop else _scores(model)
    if isinstance(given, Stream):
        batches = _looked_at(given, check)
    else:
        rows = range(0, len(given), batch_size)
        batches = (_cut(given, slice(start, start + batch_size)) for start in rows)
    with kernels_checked(model, first.images.shape):
        return _compare(scores, batches, ignore_class, names)


def _check_images(model, wanted, input_range, window, part):
    """Refuse images that the model, or its window of ten crops, cannot take."""
    check_part("evaluation", part, input_shape=wanted, input_range=input_range)
    if isinstance(part.labels, dict):
        raise ValueError(
            f"labels must be an array for the first output; received a dict of "
            f"{', '.join(map(repr, part.labels))}: give one of them."
        )
    if window is None:
        check_size_of(model, part.images.shape)
    elif not all(
        s is not None and have >= s for have, s in zip(part.images.shape[1:3], window, strict=True)
    ):
        raise ValueError(
            f"images must be at least {window}, the model's input, for ten crops; "
            f"received {tuple(part.images.shape[1:3])}."
        )


def _looked_at(stream, check):
    for part in stream.parts():
        check(part)
        yield part


def _cut(part, rows):
    return Part(part.images[rows], part.labels[rows])


def _names(class_names, classes):
    """A name for each class."""
    if isinstance(class_names, str):
        class_names = [class_names]  # one name, not a name for each letter
    names = tuple(map(str, range(classes) if class_names is None else class_names))
    if len(names) != classes:
        raise ValueError(
            f"class_names must be {classes}, one for each class of the model; "
            f"received {len(names)}."
        )
    return names


def _compare(scores, batches, ignored, names):
    """Add up what is right, batch by batch."""
    from sklearn.metrics import roc_auc_score  # a second of imports

    confusion, top5, loss = 0, 0, 0.0
    positive, chance = [], []  # of two classes, for the ROC curve
    for part in batches:
        chances = scores(np.asarray(part.images, dtype="float32"))
        classes = chances.shape[-1]
        labels = part.labels
        if labels.dtype == bool and classes == 2:
            labels = labels.astype("uint8")
        labels, chances = _paired(labels, chances)
        counted = labels != ignored
        labels, chances = labels[counted].astype("int64"), chances[counted]
        _check_labels(labels, classes)
        guesses = chances.argmax(axis=-1)
        pairs = np.bincount(labels * classes + guesses, minlength=classes**2)
        confusion = confusion + pairs.reshape(classes, classes)
        right = chances[np.arange(len(labels)), labels]
        loss -= float(np.log(np.maximum(right, keras.config.epsilon())).sum())
        if classes == 2 and part.labels.ndim == 1:
            positive.append(labels)
            chance.append(chances[:, 1])
        top5 += int(((chances > right[:, None]).sum(axis=-1) < TOP).sum())
    count = confusion.sum()
    if not count:
        raise ValueError(f"labels must not all be ignore_class; received {ignored} alone.")
    auc = None
    if positive and confusion.any(axis=1).all():
        auc = float(roc_auc_score(np.concatenate(positive), np.concatenate(chance)))
    top5 = top5 / count if classes > TOP else None
    return Evaluation(confusion, top5, loss / count, names, auc)


def _paired(labels, chances):
    """Labels and chances as `(n,)` and `(n, K)`, of the middle where the labels are of more."""
    fits = labels.ndim == chances.ndim - 1 and all(
        have >= want for have, want in zip(labels.shape, chances.shape[:-1], strict=True)
    )
    if not fits or not np.issubdtype(labels.dtype, np.integer):
        raise not_indices(labels, chances.shape[1:-1])
    if labels.ndim > 1:
        labels = centre(labels, chances.shape[1:3])
    return labels.ravel(), chances.reshape(-1, chances.shape[-1])


def _check_labels(labels, classes):
    if labels.size and (labels.min() < 0 or labels.max() >= classes):
        raise ValueError(
            f"labels must lie in 0…{classes - 1}, the model's {classes} classes; received "
            f"{labels.min()} to {labels.max()}: leave out what is of no class by ignore_class=."
        )


def _scores(model):
    """From images to probabilities."""
    logits = head(model) == "linear"

    def scores(images):
        outputs = model.predict_on_batch(images)
        outputs = np.asarray(outputs[0] if isinstance(outputs, list | tuple) else outputs)
        if outputs.shape[-1] == 1:
            second = special.expit(outputs) if logits else outputs
            return np.concatenate([1 - second, second], axis=-1)
        return special.softmax(outputs, axis=-1) if logits else outputs

    return scores


def _ten_crop(model, size):
    """From larger images to probabilities, averaged over ten windows."""
    one = _scores(model)
    height, width = size

    def scores(images):
        below, right = images.shape[1] - height, images.shape[2] - width
        corners = [(0, 0), (0, right), (below, 0), (below, right), (below // 2, right // 2)]
        crops = [images[:, y : y + height, x : x + width] for y, x in corners]
        return np.mean([one(crop[:, :, ::step]) for crop in crops for step in (1, -1)], axis=0)

    return scores


def _ratio(part, whole):
    return np.divide(part, whole, out=np.full(len(whole), np.nan), where=whole > 0)
