"""The loss and the accuracy that belong to a model's last activation and to the labels."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache, partial
from itertools import islice, zip_longest

import keras
import numpy as np
from scipy import ndimage

from kerascnn._checks import is_whole
from kerascnn._errors import unknown
from kerascnn.datasets import weight_map

from ._checks import not_indices
from ._data import Part, centre
from ._yolo_loss import BOX, YoloLoss, check_boxes, encode_boxes

HEADS = ("softmax", "sigmoid", "linear")
SHAPING = (  # layers that do not change what an output means
    keras.layers.Flatten,
    keras.layers.Reshape,
    keras.layers.Dropout,
    keras.layers.Identity,
    keras.layers.Average,
)
ELEMENTWISE = (  # losses of Keras that compare labels with outputs one by one
    *("binarycrossentropy", "binaryfocalcrossentropy", "categoricalcrossentropy"),
    *("categoricalfocalcrossentropy", "categoricalhinge", "cosinesimilarity", "dice", "hinge"),
    *("huber", "kldivergence", "logcosh", "meanabsoluteerror", "meanabsolutepercentageerror"),
    *("meansquarederror", "meansquaredlogarithmicerror", "poisson", "squaredhinge", "tversky"),
)
SHAPING_FUNCTIONS = ("cast", "reshape", "squeeze", "expanddims", "getitem")  # as of keras.ops


@dataclass(frozen=True, eq=False)
class Objective:
    """What a model is compiled with, and what its labels have to become.

    Args:
        loss: A Keras loss; a list or a dict of them for outputs with labels of their own.
        metrics: Keras metrics, likewise; accuracy is called `"accuracy"`.
        prepare: From a `Part` as it was given to one with labels and weights that the loss takes.
        check: Refuses a `Part` with labels or weights that do not go with the output.
        auxiliary: The weight of each further output's loss, if all learn the same labels.
        of_classes: From labels to class indices of the same places; `None`: labels have none.
        classes: How many classes one output tells apart; 0: not known.
    """

    loss: object
    metrics: list | dict
    prepare: Callable[[Part], Part]
    check: Callable[[Part], None]
    auxiliary: tuple[float, ...] = ()
    of_classes: Callable[[np.ndarray], np.ndarray | None] = lambda labels: None
    classes: int = 0

    @property
    def outputs(self) -> int:
        """How many outputs learn the same labels."""
        return 1 + len(self.auxiliary)

    @property
    def measured(self) -> bool:
        """Whether the history has an accuracy of the model, not of each of several outputs."""
        return bool(self.metrics) and not isinstance(self.loss, list | dict)

    def compile_arguments(self) -> dict:
        """Arguments of `keras.Model.compile`."""
        if not self.auxiliary:
            return {"loss": self.loss, "metrics": self.metrics}
        return {
            "loss": [self.loss] * self.outputs,
            "loss_weights": [1.0, *self.auxiliary],
            "metrics": [self.metrics, *([] for _ in self.auxiliary)],
        }


def head(model) -> str | None:
    """Name the last activation: 'softmax', 'sigmoid', 'linear', another's name, or `None`.

    >>> head(keras.Sequential([keras.Input((3,)), keras.layers.Dense(2, "softmax")]))
    'softmax'
    >>> float32 = keras.layers.Activation("linear", dtype="float32")  # changes no value
    >>> head(keras.Sequential([keras.Input((3,)), keras.layers.Dense(2, "softmax"), float32]))
    'softmax'
    """
    cast = False
    for layer in reversed(getattr(model, "operations", model.layers)):
        function = type(layer).__name__.lower() if not isinstance(layer, keras.Layer) else None
        if isinstance(layer, SHAPING) or function in SHAPING_FUNCTIONS:
            continue
        if isinstance(layer, keras.Model):
            name = head(layer)
        elif isinstance(layer, keras.layers.Softmax):
            name = "softmax"
        else:
            name = function or getattr(getattr(layer, "activation", None), "__name__", None)
        if isinstance(layer, keras.layers.Activation) and name == "linear":
            cast = True  # as where mixed precision ends in float32
            continue
        return "linear" if cast and name not in HEADS else name
    return "linear" if cast else None


def objective(model, labels, *, image_shape, recipe, loss=None) -> Objective:
    """Choose the loss and the metrics for a model and its labels.

    Args:
        model: A built Keras model with outputs `(N, …, K)` of one shape; those after the first are
            auxiliary classifiers. With labels of its own each output may have any shape.
        labels: `(N, …)` class indices 0…K-1, for maps `(N, H, W)` at least as large as the output;
            for K = 1 0 or 1, or floats for a linear output; boxes `(N, M, 5)` for a grid. Or a
            dict of them by the names or numbers of the outputs.
        image_shape: `(H, W, C)`.
        recipe: For its `auxiliary_weight`, `border_weight`, `border_sigma`, `boxes`.
        loss: A Keras loss to take instead. Labels that it takes for classes are still checked,
            and those that it compares with the output one by one; of all others nothing is known.
            Or a dict of them by the names of outputs that have labels of their own.

    Raises:
        ValueError: The labels do not go with the output, or the output says nothing about a loss.
    """
    found = model.compute_output_spec(keras.KerasTensor((None, *image_shape)))
    shapes, names = _outputs(model, found)
    if isinstance(labels, dict):
        labels = _by_name(labels, names)
        if len(names) > 1 or isinstance(found, dict):
            return _of_each(model, labels, shapes, names, found, recipe, loss)
        raise ValueError(
            f"labels must be an array for a model of one output; received a dict of "
            f"{', '.join(map(repr, labels))}."
        )
    if isinstance(loss, list | tuple | dict):
        raise ValueError(
            f"loss must be one loss, which all outputs share; received a {type(loss).__name__}: "
            f"a dict of them goes with a dict of labels."
        )
    if isinstance(found, dict) or any(shape != shapes[0] for shape in shapes):
        received = " and ".join(map(str, shapes))
        raise ValueError(
            f"all outputs learn the same labels, so they must be a list and of one shape; "
            f"received {received}: train a model with the first alone, or give labels as a dict "
            f"of {', '.join(map(repr, names))}."
        )
    auxiliary = (recipe.auxiliary_weight,) * (len(shapes) - 1)
    one = _of_one(_head_of(model, 0), labels, shapes[0], recipe, loss)
    return replace(one, auxiliary=auxiliary)


def _outputs(model, found):
    """The shapes and the names of all outputs; `found` is what the model gives."""
    flat = keras.tree.flatten(found)
    if not all(isinstance(one, keras.KerasTensor) for one in flat):
        raise ValueError(f"outputs must be tensors; received {found!r:.80}.")
    if isinstance(found, dict):
        names = keras.tree.flatten({name: name for name in found})
    else:
        names = getattr(model, "output_names", None) or [f"output_{i}" for i in range(len(flat))]
    return [one.shape for one in flat], names


def _head_of(model, output):
    """The last activation before one of the outputs."""
    outputs = getattr(model, "outputs", None) or ()
    one = keras.Model(model.inputs, outputs[output]) if len(outputs) > 1 else model
    return head(one) or type(one.layers[-1]).__name__


def _by_name(labels, names):
    """Labels in the order of the outputs, by their names."""
    by_number = _named(labels, names)
    if set(by_number) != set(names) or len(set(names)) < len(names):
        raise ValueError(
            f"labels must be a dict with a key for each output, {', '.join(map(repr, names))}; "
            f"received {', '.join(map(repr, labels))}."
        )
    return {name: by_number[name] for name in names}


def _named(by_number, names):
    """A dict with the names of the outputs for their numbers."""
    return {
        names[key] if is_whole(key) and key < len(names) else key: value
        for key, value in by_number.items()
    }


def _of_each(model, labels, shapes, names, found, recipe, loss):
    """The objective of a model whose outputs have labels of their own; each counts the same."""
    losses = loss if isinstance(loss, dict) else dict.fromkeys(names, loss)
    for name in losses:
        if name not in names:
            raise unknown("loss", name, names)
    goals = {}
    for i, name in enumerate(names):
        try:
            last = _head_of(model, i)
            goals[name] = _of_one(last, labels[name], shapes[i], recipe, losses.get(name))
        except ValueError as error:
            raise ValueError(f"output {name!r}: {error}") from None

    def each(part):
        parts = replace(part, labels=_by_name(part.labels, names), weights=_weights(part.weights))
        return parts.of_outputs()

    def _weights(weights):
        if not isinstance(weights, dict):
            return weights
        weights = _named(weights, names)
        for name in weights:
            if name not in names:
                raise unknown("weights", name, names)
        return weights

    def structured(values):
        return dict(values) if isinstance(found, dict) else tuple(values.values())

    def prepare(part):
        parts = {name: goals[name].prepare(one) for name, one in each(part).items()}
        weights = None
        if any(one.weights is not None for one in parts.values()):
            ones = np.ones(len(part), "float32")
            weights = structured(
                {k: ones if one.weights is None else one.weights for k, one in parts.items()}
            )
        return Part(part.images, structured({k: one.labels for k, one in parts.items()}), weights)

    def check(part):
        for name, one in each(part).items():
            try:
                goals[name].check(one)
            except ValueError as error:
                raise ValueError(f"output {name!r}: {error}") from None

    loss, metrics = (
        {name: getattr(goal, key) for name, goal in goals.items()} for key in ("loss", "metrics")
    )
    if not isinstance(found, dict):
        loss, metrics = list(loss.values()), list(metrics.values())
    return Objective(loss, metrics, prepare, check)


def _of_one(last, labels, shape, recipe, loss):
    """The objective of one output, or of several that learn the same labels."""
    own, shape = shape, shape if len(shape) > 1 else (*shape, 1)  # a number is one class
    loss = loss() if isinstance(loss, type) else loss
    of_classes = partial(_class_indices, output_shape=shape)
    if loss is not None:
        _check_logits(loss, last)
        if not _is_of_classes(loss):
            known = _plain(loss) in ELEMENTWISE
            form = partial(_elements if known else _maps, output_shape=shape)
            return _made(loss, [], form, labels, own, of_classes)
    elif last not in HEADS:
        raise ValueError(
            f"the loss follows from a softmax, sigmoid or linear activation; "
            f"received {last!r}: give loss=."
        )
    floats = np.issubdtype(labels.dtype, np.floating)
    boxes = floats and labels.ndim == 3 and labels.shape[-1] == BOX and len(shape) == 4
    if boxes and loss is None:
        loss, form = _boxes(shape, last, recipe)
        return _made(loss, [], form, labels, shape)
    classes = shape[-1]
    if classes > 1 and last == "sigmoid" and loss is None:
        raise ValueError(
            f"a sigmoid output of {classes} classes has no loss of its own: for classes that "
            f"exclude each other build it with classifier_activation=softmax, or give loss=."
        )
    logits = last == "linear"
    if classes == 1 and last != "softmax" and loss is None:
        form = partial(_elements, output_shape=shape)
        form(labels)
        loss, metrics, decide = _binary(labels, logits)
        form = partial(_all, decide, form)
    else:
        ignored = getattr(loss, "ignore_class", None)
        form = partial(_classes, classes=classes, output_shape=shape, ignored=ignored)
        loss = loss or keras.losses.SparseCategoricalCrossentropy(from_logits=logits)
        metrics = [keras.metrics.SparseCategoricalAccuracy(name="accuracy")]
    goal = _made(loss, metrics, form, labels, own, of_classes)
    if not recipe.border_weight or not np.issubdtype(labels.dtype, np.integer) or labels.ndim < 3:
        return goal

    def weighted(part):
        if part.weights is None:
            masks = part.labels.reshape(part.labels.shape[:3])
            instances = np.stack([ndimage.label(mask)[0] for mask in masks])
            weights = weight_map(instances, w0=recipe.border_weight, sigma=recipe.border_sigma)
            part = replace(part, weights=weights)
        return goal.prepare(part)

    return replace(goal, prepare=weighted)


def _made(loss, metrics, form, labels, shape, of_classes=lambda labels: None):
    """An objective whose labels are checked, and made ready, by `form`; whose weights, here.

    Args:
        loss, metrics, of_classes: Of the objective.
        form: From labels, which it may refuse, to a function that makes a part ready.
        labels: Of the part that decides.
        shape: Of the output.
    """

    @cache
    def axes():
        few = form(labels[:2])(Part(labels[:2], labels[:2])).labels
        return _axes(loss, few, shape)

    def weighed(part):
        return part if part.weights is None else _weighed(part, axes())

    def check(part):
        form(part.labels)
        weighed(part)

    form(labels)
    return Objective(
        loss,
        metrics,
        prepare=lambda part: form(part.labels)(weighed(part)),
        check=check,
        of_classes=of_classes,
        classes=max(shape[-1] or 0, 2) if len(shape) > 1 else 2,
    )


def _axes(loss, labels, shape):
    """Count the axes of what a loss gives before its mean is taken, which weights multiply."""
    sizes = (have if size is None else size for size, have in zip_longest(shape, labels.shape))
    scores = np.zeros([len(labels), *islice(sizes, 1, len(shape))], "float32")
    loss = keras.losses.get(loss)
    call = loss.call if isinstance(loss, keras.losses.Loss) else loss
    values = call(*map(keras.ops.convert_to_tensor, (labels.astype("float32"), scores)))
    return len(values.shape)


def _weighed(part, axes):
    """Weights with as many axes as the loss has, so that none is taken for another.

    NumPy and TensorFlow would take weights `(N,)` of images for those of an image's columns.
    """
    weights, labels, count = part.weights, part.labels, len(part.weights)
    if not axes:
        raise ValueError(
            "weights need a loss with a value for each image; received a loss with one value for "
            "all images of a batch: have it give (N,), or leave the weights out."
        )
    if weights.ndim == axes + 1 and weights.shape[-1] == 1:
        weights = weights[..., 0]
    of_images = (count, *[1] * (axes - 1))
    of_labels = labels.shape[:axes] if labels.ndim >= axes else of_images
    if weights.shape not in ((count,), of_images, of_labels):
        wanted = " or ".join(
            f"({', '.join(['N', *map(str, shape[1:])])})"
            for shape in dict.fromkeys(((count,), of_labels))
        )
        raise ValueError(
            f"weights must be {wanted}, one for each image or each label; received {weights.shape}."
        )
    weights = weights if weights.shape == of_labels else weights.reshape(of_images)
    return replace(part, weights=weights)


def class_weights(goal, part, class_weight) -> Part:
    """A part whose labels count as their classes do, as of `class_weight` of Keras's `fit`.

    Args:
        goal: The `Objective`.
        part: A `Part` without weights.
        class_weight: A dict from class indices to weights; a class that is not there counts 1.

    Raises:
        ValueError: Labels that are not of classes, or that have weights already.
    """
    if part.weights is not None:
        raise ValueError(
            "class_weight must be None for data with weights of images or labels: multiply the "
            "weights of the classes into them."
        )
    classes = goal.of_classes(part.labels)
    if classes is None:
        raise ValueError(
            "class_weight needs one output that learns classes; for others give sample_weight=."
        )
    for index in class_weight:
        if not is_whole(index) or index >= goal.classes:
            raise ValueError(
                f"class_weight must have classes 0…{goal.classes - 1} as its keys; "
                f"received {index!r}."
            )
    weights = np.ones(classes.shape, "float32")
    for index, weight in class_weight.items():
        weights[classes == index] = weight
    part = replace(part, weights=weights)
    goal.check(part)
    return part


def _class_indices(labels, output_shape):
    """Classes of labels that are indices or one-hot, `None` for others."""
    if labels.ndim == len(output_shape) and labels.shape[-1] == 1:
        labels = labels[..., 0]
    if labels.ndim == len(output_shape):
        one_hot = (labels >= 0).all() and np.allclose(labels.sum(axis=-1), 1)
        return labels.argmax(axis=-1) if one_hot else None
    return _indices(labels) if labels.ndim == len(output_shape) - 1 else None


def _indices(labels):
    whole = labels.dtype.kind in "iub" or np.array_equal(labels, np.rint(labels))
    return labels.astype("int64") if whole else None


def _any(labels):
    return _as_it_is


def _all(check, form, labels):
    check(labels)
    return form(labels)


def _as_it_is(part):
    return part


def _is_of_classes(loss):
    """Tell whether a loss takes class indices."""
    return _plain(loss) == "sparsecategoricalcrossentropy"


def _elements(labels, output_shape):
    """What makes labels to be compared with the output one by one: of its shape, the middle.

    For an output `(N,)` or `(N, 1)` labels `(N,)` become `(N, 1)`: of two vectors Keras's losses
    would take the mean before the weights.

    Raises:
        ValueError: Labels of another shape, which Keras would repeat until they are as many.
    """
    *want, channels = output_shape[1:]
    lacking = channels == 1 and labels.ndim == len(output_shape) - 1
    shape = (*labels.shape[1:], 1) if lacking else labels.shape[1:]
    maps = len(output_shape) == 4
    fits = len(shape) == len(want) + 1 and all(
        have == size or (maps and have > size) for have, size in zip(shape, want, strict=False)
    )
    if not fits or shape[-1] != channels:
        wanted, received = (
            ", ".join(map(str, each))
            for each in (("N", *output_shape[1:]), ("N", *labels.shape[1:]))
        )
        indices = np.issubdtype(labels.dtype, np.integer) and labels.ndim == len(output_shape) - 1
        hint = ": class indices want a sparse categorical cross-entropy, or to be made one-hot"
        raise ValueError(
            f"labels must be ({wanted}), as the output, for this loss; "
            f"received {labels.dtype} ({received}){hint * (indices and channels > 1)}."
        )
    return partial(_cropped, size=want if maps else None, lacking=lacking)


def _maps(labels, output_shape):
    """What makes labels of a loss of one's own ready: of masks larger than the output, the middle.

    Nothing is known of such a loss: labels of other shapes stay as they are.
    """
    masks = labels.ndim == 4 and labels.shape[-1] in (1, output_shape[-1])
    masks |= labels.ndim == 3 and labels.dtype.kind in "iub"
    fits = all(
        want is not None and want <= have
        for have, want in zip(labels.shape[1:3], output_shape[1:3], strict=False)
    )
    if len(output_shape) == 4 and masks and fits:
        return partial(_cropped, size=output_shape[1:3])
    return _as_it_is


def _cropped(part, size, *, lacking=False):
    """Labels, and weights, for the pixels that the output has; `None`: it is no map."""
    labels, weights = part.labels, part.weights
    if size is not None:
        if weights is not None and weights.shape[1:3] == labels.shape[1:3]:
            weights = centre(weights, size)
        labels = centre(labels, size)
    return replace(part, labels=labels[..., None] if lacking else labels, weights=weights)


def _boxes(output_shape, last, recipe):
    """YOLO's, which has a linear output."""
    grid, classes = output_shape[1:3], output_shape[-1] - BOX * recipe.boxes
    if last != "linear" or classes < 1:
        raise ValueError(
            f"boxes are learnt by a linear output (N, h, w, 5 · {recipe.boxes} + classes); "
            f"received {last} {tuple(output_shape)}: change boxes=, or give loss=."
        )

    def encoded(part):
        return replace(part, labels=encode_boxes(part.labels, grid=grid, classes=classes))

    def form(labels):
        check_boxes(labels, classes)
        return encoded

    return YoloLoss(boxes=recipe.boxes), form


def _binary(labels, logits):
    """The loss and metrics of one output, and a check of the labels."""
    if logits and np.issubdtype(labels.dtype, np.floating):
        return keras.losses.MeanSquaredError(), [], _any
    accuracy = keras.metrics.BinaryAccuracy(name="accuracy", threshold=0.0 if logits else 0.5)
    return keras.losses.BinaryCrossentropy(from_logits=logits), [accuracy], _check_binary


def _check_binary(labels):
    if not np.isin(labels, (0, 1)).all():
        raise ValueError(
            f"labels must be 0 or 1 for a model with one output; "
            f"received {labels.min()} to {labels.max()}: give the model one output per class."
        )


def _check_logits(loss, last):
    """Refuse a cross-entropy that takes probabilities for logits, or logits for probabilities."""
    logits = getattr(loss, "from_logits", False)
    if "crossentropy" not in _plain(loss) or last not in HEADS or logits == (last == "linear"):
        return
    raise ValueError(
        f"loss must have from_logits={not logits} for a {last} output; received {logits}: "
        f"give the loss as an object with from_logits={not logits}, or another activation."
    )


def _plain(loss):
    """The kind of a loss of Keras in small letters, "" for a loss of one's own."""
    loss = keras.losses.get(loss) if isinstance(loss, str) else loss
    kind = loss if hasattr(loss, "__name__") else type(loss)
    keras_own = (kind.__module__ or "").startswith("keras.")
    return kind.__name__.lower().replace("_", "") if keras_own else ""


def _classes(labels, classes, output_shape, ignored=None):
    """What makes class indices ready: for maps the middle."""
    fits = labels.ndim == len(output_shape) - 1 and all(
        want is None or want <= have
        for have, want in zip(labels.shape[1:], output_shape[1:-1], strict=True)
    )
    if not fits or not np.issubdtype(labels.dtype, np.integer):
        raise not_indices(labels, output_shape[1:-1])
    counted = labels if ignored is None else labels[labels != ignored]
    if counted.size and (counted.min() < 0 or counted.max() >= classes):
        raise ValueError(
            f"labels must lie in 0…{classes - 1}, the model's {classes} classes; "
            f"received {counted.min()} to {counted.max()}."
        )
    return partial(_cropped, size=output_shape[1:3]) if labels.ndim == 3 else _as_it_is


def check_variety(labels):
    """Refuse training labels that are all the same.

    Raises:
        ValueError: There is nothing to tell apart.
    """
    if np.issubdtype(labels.dtype, np.integer) and labels.min() == labels.max():
        raise ValueError(
            f"train labels must be of two classes at least; received {labels.flat[0]} alone: "
            f"shuffle before a part is cut off, or check how the labels were read."
        )
