"""Evaluate a classifier on labeled images, also by ten crops."""

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache, partial
from typing import Any, Literal

import keras
import numpy as np
from scipy import special

from kerascnn._checks import check_count, is_whole
from kerascnn._class_names import matched, names_of, remember
from kerascnn._errors import unknown
from kerascnn._fusion import avoid_wrong_fusions
from kerascnn._graph import check_is_model, flatten, has_graph, how_to_get_graph
from kerascnn._memory import keep_buffers
from kerascnn._processor import kernels_checked
from kerascnn._rescaling import warn_of_levels
from kerascnn._sizes import check_size_of
from kerascnn.datasets._dataset import PARTS

from ._channels import channels_of_images, channels_of_output, classes_not_last
from ._checks import (
    are_shares,
    are_two_values,
    are_whole,
    as_indices,
    check_one_input,
    check_part,
    check_weights_of,
    not_indices,
)
from ._data import Data, Part, as_part, center, range_of
from ._ends import NO_CLASSES, end_by_loss, how_to_end
from ._evaluate_result import Evaluation
from ._maps import check_middle, density, size_of
from ._objective.own_loss import keras_name
from ._stream import Stream
from ._subclassed import HOW_TO_END, as_graph, ends_of_values, warn_of_values

TOP = 5  # ImageNet's second score
RENAME = (  # how to match classes that share a name
    "set different ones with kerascnn.name_classes(model, class_names), and pass those of the "
    "labels as class_names="
)

Scores = Callable[[np.ndarray], np.ndarray]  # from images to probabilities


def evaluate(
    model: keras.Model,
    data: Data,
    *,
    part: Literal["train", "validation", "test"] = "test",
    ten_crop: bool = False,
    batch_size: int = 128,
    input_range: tuple[float, float] | Literal["auto"] | None = "auto",
    ignore_class: int | None = None,
    class_names: Sequence[str] | str | None = None,
) -> Evaluation:
    """Compare the predictions of a classifier with the labels.

    Args:
        model: A Keras model, also a subclass, from images `(N, H, W, C)` to scores `(N, K)`, or
            `(N, h, w, K)` for a class per pixel, with softmax or linear activation; or K = 1 with
            sigmoid or linear activation for two classes. If there is a list of outputs, the first
            is used; of outputs by name, choose one with `keras.Model`. If the model ends in another
            function, such as a sum, the cross-entropy with which it was compiled tells what the
            scores are; without one, only values that add to 1 are taken for probabilities, with a
            warning. If the code of a subclass cannot be traced, outputs that could be probabilities
            are taken for such, but not a single unit if the model was compiled with a loss of
            logits.
        data: A pair `(images, labels)`, a `tf.data.Dataset` or `PyDataset` of batches of such
            pairs, or a data set with such parts. Labels are class indices `(N,)` or `(N, H, W)`,
            whose middle is used for an output that lacks only a border, as without padding; also
            with a last axis of 1, and as floats that are whole numbers; for two classes also
            booleans; one-hot if the model was compiled with a categorical cross-entropy.
        part: The part of a data set to use.
        ten_crop: Whether to average the softmax over ten windows of the model's size: the corners,
            the center, and their mirror images (Krizhevsky 2012, Section 4.1). The images must be
            larger than the model's input.
        batch_size: Images per step.
        input_range: Smallest and largest value of the images, as the model expects them. "auto" is
            the range in which `datasets.from_directory` read them, otherwise [0, 1]; `None`: they
            are not checked. Use `(0, 255)` for a model that begins with a `Rescaling`
            of 0 … 255; there is a warning if such a model receives images in [0, 1] or [-1, 1].
        ignore_class: A label that is not counted, such as 255 for void pixels of segmentations.
        class_names: Names of the classes, in the order of the labels. If `None`, those of the data
            set or of the model, or numbers. If the model knows the names of its classes, the
            labels are matched by name.

    Returns:
        An `Evaluation` with `.accuracy`, `.top5`, `.confusion`, `.recall`, `.precision`, `.iou`,
        and for two classes `.auc`, `.sensitivity`, `.specificity`; `kerascnn.plots` draws its
        `confusion_matrix`.

    Raises:
        ValueError: If images or labels do not fit the model, or it has several inputs, or
            outputs by name.

    >>> import kerascnn as kc
    >>> result = evaluate(kc.build_lenet5(weights="mnist"), kc.datasets.load("digits"))
    >>> result.accuracy > 0.9, result.confusion.shape, result.count
    (True, (10, 10), 898)
    """
    check_is_model(model)
    if has_graph(model):
        _check_outputs(model)
    check_one_input(model, "use Keras's own model.evaluate, which takes several")
    check_count("batch_size", batch_size)
    if ignore_class is not None and not is_whole(ignore_class, -math.inf):
        raise ValueError(f"ignore_class must be a whole number or None; received {ignore_class!r}.")
    if hasattr(data, "train") and getattr(data, part, None) is None:
        there = [name for name in PARTS if getattr(data, name, None) is not None]
        raise unknown("part", part, there)
    whole, renamed = data, class_names is not None
    if hasattr(data, part):
        class_names = getattr(data, "class_names", None) if class_names is None else class_names
        data = getattr(data, part)
    given = as_part(data)
    first = given.first if isinstance(given, Stream) else given
    input_range = range_of(input_range, whole, given)
    own = getattr(model, "input_shape", None)  # that of a subclass is not known
    if ten_crop and own is None:
        raise ValueError(
            f"ten_crop must be False for {type(model).__name__} {model.name!r}, whose input size "
            f"is not known. {how_to_get_graph(model)}."
        )
    shape: Any = own or (None, *first.images.shape[1:])
    size = shape[1:3]
    wanted = (None, None, None, shape[-1]) if ten_crop else shape
    check = partial(_check_images, model, wanted, input_range, size if ten_crop else None)
    keep_buffers()
    check(first)
    one = (*size, shape[-1]) if ten_crop else first.images.shape[1:]
    seen, end = as_graph(model, one)
    if seen is not model:
        _check_outputs(seen, "inputs, model.call(inputs)")
    class_names, order = _by_name(seen, class_names, renamed=renamed)
    warn_of_levels(seen, first.sample())
    avoid_wrong_fusions(model)

    def values() -> Any:
        few = np.asarray(first.images[:batch_size], dtype="float32")[:, : one[0], : one[1]]
        with kernels_checked(seen, few.shape):
            return model.predict_on_batch(few)

    outputs = seen.output_shape
    last = (outputs[0] if isinstance(outputs, list) else outputs)[-1]
    ends = ("softmax", "linear", *["sigmoid"] * (last == 1))
    if end is None:
        end = ends_of_values(model, values(), logits=_takes_logits(model))[0]
        warn_of_values(model, end)
    elif end not in ends:
        logits, name = _takes_logits(model), _loss_name(model)
        end = end_by_loss(model, end, last, name, lambda: _first_of(values()), logits=logits)
    if end not in ends:
        by_code = not has_graph(model) and not end.startswith(NO_CLASSES)
        advice = HOW_TO_END if by_code else how_to_end(end, last)
        raise ValueError(
            f"model must end in softmax or linear scores of classes, or in one sigmoid; "
            f"received {end!r} of {last}: {advice}."
        )
    names = _names(class_names, max(last, 2))
    remember(seen, class_names)
    if ten_crop and (channels := channels_of_images(model)):
        raise ValueError(
            f"ten_crop must be False for images with their channels first; received a model whose "
            f"layer {channels.layer!r} takes them: put keras.layers.Permute((3, 1, 2)) at its "
            f"start, and pass images (N, H, W, C)."
        )
    if ten_crop and len(seen.outputs[0].shape) > 2:
        raise ValueError(
            f"ten_crop must be False for a class per pixel, since the windows show different "
            f"places; received a model with the output {seen.outputs[0].shape}."
        )
    number = last == 1 and end == "linear"
    indices = partial(_indices, loss_name=_loss_name(model), number=number)
    scores = _ten_crop(model, size, end) if ten_crop else _scores(model, end)
    if isinstance(given, Stream):
        batches = _checked(given, check)
    else:
        rows = range(0, len(given), batch_size)
        batches = (_cut(given, slice(start, start + batch_size)) for start in rows)
    with kernels_checked(seen, first.images.shape):
        return _compare(seen, scores, indices, batches, ignore_class, names, order)


def _check_outputs(model: keras.Model, ends: str = "model.inputs, model.output") -> None:
    """Reject outputs by name, of which none is the first, and outputs within outputs.

    Args:
        model: the model.
        ends: how to write its inputs and outputs, for the message.
    """
    graph = flatten(model)
    outputs, place = graph.structure, ""
    if isinstance(outputs, list | tuple):
        outputs, place = outputs[0], "[0]"
    if isinstance(outputs, list | tuple):
        raise ValueError(
            "model must have one output, or a list whose first is evaluated; received a list in a "
            f"list: evaluate one of them, as in keras.Model({ends}[0][0])."
        )
    if isinstance(outputs, dict):
        raise ValueError(
            f"model must have one output, or a list whose first is evaluated; received a dict of "
            f"{', '.join(map(repr, outputs))}: evaluate one of them, as in "
            f"keras.Model({ends}{place}[{next(iter(outputs))!r}])."
        )
    if channels := channels_of_output(graph, graph.outputs[0]):
        raise classes_not_last(channels, graph.shapes[graph.outputs[0]])


def _check_images(
    model: keras.Model,
    wanted: Sequence[int | None],
    input_range: tuple[float, float] | None,
    window: Sequence[int | None] | None,
    part: Part,
) -> None:
    """Check that images fit the model, or its window of ten crops."""
    check_part("evaluation", part, input_shape=wanted, input_range=input_range)
    if isinstance(part.labels, dict):
        raise ValueError(
            f"labels must be an array for the first output; received a dict of "
            f"{', '.join(map(repr, part.labels))}: pass one of them."
        )
    if part.weights is not None:
        raise ValueError(
            "data must be (images, labels), of which each label counts once; received weights as a "
            "third: leave them out, as in data[:2], or for batches data.map(lambda images, labels, "
            "weights: (images, labels))."
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


def _checked(stream: Stream, check: Callable[[Part], None]) -> Iterator[Part]:
    for part in stream.parts():
        check(part)
        yield part


def _cut(part: Part, rows: slice) -> Part:
    return Part(part.images[rows], part.labels[rows])


def _by_name(
    model: keras.Model, class_names: Sequence[str] | str | None, *, renamed: bool
) -> tuple[Sequence[str] | str | None, np.ndarray | None]:
    """Return the names of the model's classes, and its class for each label.

    Args:
        model: the model, which may know the names of its classes.
        class_names: the names by label; `None`: unknown.
        renamed: whether they may be other names for the classes of the model.

    Raises:
        ValueError: If a class of the labels is not one of the model, or a name is that of several.
    """
    own = names_of(flatten(model))
    if own is None or class_names is None:
        return (own if class_names is None else class_names), None
    given = [class_names] if isinstance(class_names, str) else list(map(str, class_names))
    strange = [name for name in given if name not in own]
    if not strange:
        return own, matched(given, own, RENAME)
    if renamed:
        return class_names, None
    listed = ", ".join(map(repr, own[:8])) + ", …" * (len(own) > 8)
    raise ValueError(
        f"data must have the classes of the model, {listed}; received {strange[0]!r}: pass "
        f"class_names=, the names in the order of the labels, if they are called otherwise."
    )


def _names(class_names: Sequence[str] | str | None, classes: int) -> tuple[str, ...]:
    """Return a name for each class."""
    if isinstance(class_names, str):
        class_names = [class_names]  # one name, not a name for each letter
    names = tuple(map(str, range(classes) if class_names is None else class_names))
    if len(names) != classes:
        raise ValueError(
            f"class_names must be {classes} names, one for each class of the model; "
            f"received {len(names)}."
        )
    return names


def _compare(
    model: keras.Model,
    scores: Scores,
    indices: Callable[[np.ndarray, np.ndarray], np.ndarray],
    batches: Iterable[Part],
    ignored: int | None,
    names: tuple[str, ...],
    order: np.ndarray | None,
) -> Evaluation:
    """Count predictions and labels, batch by batch."""
    from sklearn.metrics import roc_auc_score  # takes a second to import

    confusion = np.zeros((len(names), len(names)), int)
    top5, loss, classes = 0, 0.0, len(names)
    positive, chance = [], []  # for the ROC curve of two classes
    size_for, dense_for = cache(partial(size_of, model)), cache(partial(density, model))
    for part in batches:
        chances = scores(np.asarray(part.images, dtype="float32"))
        if np.isnan(chances).any():
            check_weights_of(model)
            raise ValueError(
                "model must return numbers; received NaN, though its weights have none: look for "
                "NaN in the images, or for an overflow or a division by 0 in a layer."
            )
        shape, of_images = tuple(part.images.shape[1:]), chances.ndim == 2
        size = size_for(shape) if chances.ndim == 4 else None
        labels = indices(part.labels, chances)
        labels, chances = _paired(labels, chances, size, dense_for(shape))
        counted = labels != ignored
        labels, chances = labels[counted].astype("int64"), chances[counted]
        _check_labels(labels, classes if order is None else len(order))
        labels = labels if order is None else order[labels]
        guesses = chances.argmax(axis=-1)
        pairs = np.bincount(labels * classes + guesses, minlength=classes**2)
        confusion = confusion + pairs.reshape(classes, classes)
        right = chances[np.arange(len(labels)), labels]
        loss -= float(np.log(np.maximum(right, keras.config.epsilon())).sum())
        if classes == 2 and of_images:
            positive.append(labels)
            chance.append(chances[:, 1])
        top5 += int(((chances > right[:, None]).sum(axis=-1) < TOP).sum())
    count = confusion.sum()
    if not count:
        raise ValueError(f"labels must not all be ignore_class; received only {ignored}.")
    auc = None
    if positive and confusion.any(axis=1).all():
        auc = float(roc_auc_score(np.concatenate(positive), np.concatenate(chance)))
    rank = top5 / count if classes > TOP else None
    return Evaluation(confusion, rank, loss / count, names, auc)


def _loss_of(model: keras.Model) -> Any:
    """Return the loss of the first output with which a model was compiled; `None` if it is none."""
    loss = getattr(model, "loss", None)
    if isinstance(loss, dict):  # by names, which a subclass need not have
        names = getattr(model, "output_names", None) or list(loss)
        loss = loss.get(next(iter(names), None))
    return next(iter(keras.tree.flatten(loss)), None)


def _loss_name(model: keras.Model) -> str:
    """Return the name of the Keras loss of the first output; "" for any other, or none."""
    loss = _loss_of(model)
    return "" if loss is None else keras_name(loss)


def _takes_logits(model: keras.Model) -> bool:
    """Return whether the loss of the first output, with which it was compiled, takes logits."""
    return bool(getattr(_loss_of(model), "from_logits", False))


def _indices(
    labels: np.ndarray, chances: np.ndarray, *, loss_name: str, number: bool
) -> np.ndarray:
    """Convert labels to class indices.

    Args:
        labels: as in `as_indices`, or one-hot if the loss takes such labels.
        chances: (N, …, K) probabilities.
        loss_name: name of the model's loss.
        number: whether the model ends in one linear unit, which may be a regression.
    """
    classes = chances.shape[-1]
    hot = labels.ndim == chances.ndim and labels.shape[-1] == classes and are_whole(labels)
    if hot and are_shares(labels) and loss_name.startswith("categorical"):
        return labels.argmax(axis=-1)
    if number and labels.dtype.kind == "f" and not loss_name.startswith("binary"):
        raise ValueError(
            f"labels must be integers or booleans for a model that ends in one linear unit, since "
            f"floats are labels of a regression; received {labels.dtype}: convert classes with "
            f"labels.astype(int), or for a tf.data.Dataset with data.map(lambda images, labels: "
            f"(images, tf.cast(labels, 'int32'))), and use Keras's own model.evaluate for a "
            f"regression."
        )
    return as_indices(labels, chances.shape[1:-1], classes)


def _paired(
    labels: np.ndarray, chances: np.ndarray, image_size: tuple | None, dense: Callable
) -> tuple[np.ndarray, np.ndarray]:
    """Flatten labels to (n,) and probabilities to (n, K); crop larger masks to the middle."""
    is_map = chances.ndim == 4
    if not all(
        have == want or (is_map and have > want)
        for have, want in zip(labels.shape, chances.shape[:-1], strict=True)
    ):
        raise not_indices(labels, chances.shape[1:-1])
    if is_map:
        size = chances.shape[1:3]
        check_middle(labels, size, image_size=image_size, dense=dense)
        labels = center(labels, size)
    return labels.ravel(), chances.reshape(-1, chances.shape[-1])


def _check_labels(labels: np.ndarray, classes: int) -> None:
    if labels.size and (labels.min() < 0 or labels.max() >= classes):
        hint = "pass ignore_class= for labels that are not a class"
        if classes == 2 and are_two_values(labels):
            hint = f"convert two values with labels > 0, or {hint}"
        raise ValueError(
            f"labels must lie in 0…{classes - 1}, the model's {classes} classes; received "
            f"{labels.min()} to {labels.max()}: {hint}."
        )


def _first_of(outputs: Any) -> np.ndarray:
    return np.asarray(outputs[0] if isinstance(outputs, list | tuple) else outputs)


def _scores(model: keras.Model, end: str) -> Scores:
    """Return a function from images to probabilities."""
    logits = end == "linear"

    def scores(images: np.ndarray) -> np.ndarray:
        outputs = _first_of(model.predict_on_batch(images))
        if outputs.shape[-1] == 1:
            second = special.expit(outputs) if logits else outputs
            return np.concatenate([1 - second, second], axis=-1)
        return special.softmax(outputs, axis=-1) if logits else outputs

    return scores


def _ten_crop(model: keras.Model, size: tuple[int, int], end: str) -> Scores:
    """Return a function from larger images to probabilities, averaged over ten windows."""
    one = _scores(model, end)
    height, width = size

    def scores(images: np.ndarray) -> np.ndarray:
        below, right = images.shape[1] - height, images.shape[2] - width
        corners = [(0, 0), (0, right), (below, 0), (below, right), (below // 2, right // 2)]
        crops = [images[:, y : y + height, x : x + width] for y, x in corners]
        return np.mean([one(crop[:, :, ::step]) for crop in crops for step in (1, -1)], axis=0)

    return scores
