"""The loss and the accuracy that belong to a model's last activation and to the labels."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

import keras
import numpy as np
from scipy import ndimage

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
        loss: A Keras loss.
        metrics: Keras metrics; accuracy is called `"accuracy"`.
        prepare: From a `Part` as it was given to one with labels that the loss takes.
        auxiliary: The weight of each further output's loss.
    """

    loss: object
    metrics: list
    prepare: Callable[[Part], Part] = lambda part: part
    auxiliary: tuple[float, ...] = ()

    @property
    def outputs(self) -> int:
        """How many outputs learn the labels."""
        return 1 + len(self.auxiliary)

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
            auxiliary classifiers.
        labels: `(N, …)` class indices 0…K-1, for maps `(N, H, W)` at least as large as the output;
            for K = 1 0 or 1, or floats for a linear output; boxes `(N, M, 5)` for a grid.
        image_shape: `(H, W, C)`.
        recipe: For its `auxiliary_weight`, `border_weight`, `border_sigma`, `boxes`.
        loss: A Keras loss to take instead. Labels that it takes for classes are still checked,
            and those that it compares with the output one by one; of all others nothing is known.

    Raises:
        ValueError: The labels do not go with the output, or the output says nothing about a loss.
    """
    last = head(model)
    outputs = model.compute_output_spec(keras.KerasTensor((None, *image_shape)))
    outputs = list(outputs) if isinstance(outputs, tuple | list) else [outputs]
    output = outputs[0]
    alike = all(isinstance(one, keras.KerasTensor) and one.shape == output.shape for one in outputs)
    if not alike:
        received = " and ".join(str(getattr(one, "shape", one)) for one in outputs)
        raise ValueError(
            f"all outputs learn the same labels, so they must be of one shape; "
            f"received {received}: train a model with the first alone."
        )
    shape = output.shape if len(output.shape) > 1 else (*output.shape, 1)  # a number is one class
    auxiliary = (recipe.auxiliary_weight,) * (len(outputs) - 1)
    loss = loss() if isinstance(loss, type) else loss
    if isinstance(loss, list | tuple | dict):
        raise ValueError(
            f"loss must be one loss, which all outputs share; received a {type(loss).__name__}."
        )
    if loss is not None:
        _check_logits(loss, last)
        if not _is_of_classes(loss):
            prepare = _elements(labels, shape) if _plain(loss) in ELEMENTWISE else _as_it_is
            return Objective(loss, [], prepare, auxiliary)
    elif last not in HEADS:
        raise ValueError(
            f"the loss follows from a softmax, sigmoid or linear activation; "
            f"received {last or type(model.layers[-1]).__name__!r}: give loss=."
        )
    floats = np.issubdtype(labels.dtype, np.floating)
    boxes = floats and labels.ndim == 3 and labels.shape[-1] == BOX and len(shape) == 4
    if boxes and loss is None:
        return _boxes(labels, shape, last, recipe)
    classes = shape[-1]
    if classes > 1 and last == "sigmoid" and loss is None:
        raise ValueError(
            f"a sigmoid output of {classes} classes has no loss of its own: for classes that "
            f"exclude each other build it with classifier_activation=softmax, or give loss=."
        )
    logits = last == "linear"
    prepare = _as_it_is
    if classes == 1 and last != "softmax" and loss is None:
        prepare = _elements(labels, shape)
        loss, metrics = _binary(labels, logits)
    else:
        _check_classes(labels, classes, shape, getattr(loss, "ignore_class", None))
        loss = loss or keras.losses.SparseCategoricalCrossentropy(from_logits=logits)
        metrics = [keras.metrics.SparseCategoricalAccuracy(name="accuracy")]
        if labels.ndim == 3:
            prepare = partial(_cropped, size=shape[1:3])
    if not recipe.border_weight or not np.issubdtype(labels.dtype, np.integer) or labels.ndim < 3:
        return Objective(loss, metrics, prepare, auxiliary)

    def weighted(part):
        if part.weights is None:
            masks = part.labels.reshape(part.labels.shape[:3])
            instances = np.stack([ndimage.label(mask)[0] for mask in masks])
            weights = weight_map(instances, w0=recipe.border_weight, sigma=recipe.border_sigma)
            part = replace(part, weights=weights)
        return prepare(part)

    return Objective(loss, metrics, weighted, auxiliary)


def _as_it_is(part):
    return part


def _is_of_classes(loss):
    """Tell whether a loss takes class indices."""
    return _plain(loss) == "sparsecategoricalcrossentropy"


def _elements(labels, output_shape):
    """What makes labels to be compared with the output one by one: of its shape, the middle.

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
    if not maps:
        return _as_it_is
    return partial(_cropped, size=want, lacking=lacking)


def _cropped(part, size, *, lacking=False):
    """Labels, and weights, for the pixels that the output has."""
    labels, weights = centre(part.labels, size), part.weights
    if weights is not None and weights.ndim > 1:
        weights = centre(weights, size)
    return replace(part, labels=labels[..., None] if lacking else labels, weights=weights)


def _boxes(labels, output_shape, last, recipe):
    """YOLO's, which has a linear output."""
    grid, classes = output_shape[1:3], output_shape[-1] - BOX * recipe.boxes
    if last != "linear" or classes < 1:
        raise ValueError(
            f"boxes are learnt by a linear output (N, h, w, 5 · {recipe.boxes} + classes); "
            f"received {last} {tuple(output_shape)}: change boxes=, or give loss=."
        )
    check_boxes(labels, classes)

    def prepare(part):
        return replace(part, labels=encode_boxes(part.labels, grid=grid, classes=classes))

    return Objective(YoloLoss(boxes=recipe.boxes), [], prepare)


def _binary(labels, logits):
    if logits and np.issubdtype(labels.dtype, np.floating):
        return keras.losses.MeanSquaredError(), []
    if not np.isin(labels, (0, 1)).all():
        raise ValueError(
            f"labels must be 0 or 1 for a model with one output; "
            f"received {labels.min()} to {labels.max()}: give the model one output per class."
        )
    accuracy = keras.metrics.BinaryAccuracy(name="accuracy", threshold=0.0 if logits else 0.5)
    return keras.losses.BinaryCrossentropy(from_logits=logits), [accuracy]


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


def _check_classes(labels, classes, output_shape, ignored=None):
    fits = labels.ndim == len(output_shape) - 1 and all(
        want is None or want <= have
        for have, want in zip(labels.shape[1:], output_shape[1:-1], strict=True)
    )
    if not fits or not np.issubdtype(labels.dtype, np.integer):
        raise not_indices(labels, output_shape[1:-1])
    labels = labels[labels != ignored]
    if labels.size and (labels.min() < 0 or labels.max() >= classes):
        raise ValueError(
            f"labels must lie in 0…{classes - 1}, the model's {classes} classes; "
            f"received {labels.min()} to {labels.max()}."
        )


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
