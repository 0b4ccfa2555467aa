"""Detect models whose first layers rescale images from 0 … 255."""

from collections.abc import Iterator
from dataclasses import replace
from weakref import WeakKeyDictionary

import keras
import numpy as np
from keras import layers

from ._errors import warn
from ._graph import Graph, Key, Node, flatten, has_graph, run
from ._heads import name_of
from ._known import known_name
from ._state import State
from ._twin import twin

LARGEST_MEAN = 2.0  # the largest mean that is subtracted from images in [0, 1]
SMALLEST_SCALE = 0.05  # the smallest standard deviation or factor for images in [0, 1]
NOTHING = 1e-5  # tolerance for the difference of black and white if only edges are detected
SIGNED = "127.5 * (images + 1)"  # from [-1, 1] to 0 … 255
SOME_SIZE = 32  # in pixels, for models that accept any size
RESCALING = (
    layers.Rescaling, layers.Normalization, layers.BatchNormalization, layers.Lambda,
)  # fmt: skip
ARITHMETIC = (  # of keras.ops
    "Add", "Clip", "Divide", "Dot", "Einsum", "Matmul", "Maximum", "Minimum", "Multiply",
    "Negative", "Subtract", "Sum", "Tensordot", "TrueDivide",
)  # fmt: skip
MOVING = (
    layers.ActivityRegularization, layers.CenterCrop, layers.Concatenate, layers.Cropping2D,
    layers.Dropout, layers.Flatten, layers.GaussianDropout, layers.GaussianNoise, layers.Identity,
    layers.Permute, layers.Reshape, layers.Resizing, layers.UpSampling2D, layers.ZeroPadding2D,
    layers.AveragePooling2D, layers.AveragePooling3D, layers.MaxPooling2D, layers.MaxPooling3D,
)  # fmt: skip
AUGMENTING = (  # besides those named "Random…"; some are missing in older versions of Keras
    "AugMix", "AutoContrast", "ContrastLimitedAdaptiveHistogramEqualization", "CutMix",
    "Equalization", "MaxNumBoundingBoxes", "MixUp", "RandAugment", "Solarization",
)  # fmt: skip
MOVING_NAMES = (  # of keras.ops
    "AffineTransform", "Average", "AveragePool", "BroadcastTo", "Cast", "Concatenate",
    "ConvertToTensor", "CropImages", "ExpandDims", "Flip", "GetItem", "MaxPool", "Mean", "Moveaxis",
    "Pad", "PadImages", "Repeat", "Reshape", "Resize", "RGBToGrayscale", "Roll", "Rot90",
    "Split", "Squeeze", "Stack", "Swapaxes", "Take", "Tile", "Transpose", "Unstack",
)  # fmt: skip

# By input: the state of the layers that may rescale, the statistics that they have learned, and the
# name of the one that does.
_Found = tuple[State, list[tuple[keras.Variable, np.ndarray]], str | None]
_layers: WeakKeyDictionary[keras.Model, dict[int, _Found]] = WeakKeyDictionary()


def rescaling_of(graph: Graph, key: Key) -> Node | None:
    """Return the first node that rescales an input, if the first layers expect 0 … 255.

    A black and a white image in [0, 1] are passed through the layers that only prepare the input.
    If the results hardly differ, or are far from 0, the model expects 0 … 255.

    Args:
        graph: The model's graph.
        key: Key of the image input.
    """
    last, first = key, None
    for node in preparation(graph, key):
        last = node.outputs[0]
        if first is None and not _keeps_range(node):
            first = node
    if first is None:
        return None
    pictures = black_and_white(graph, key)
    black, white = (_at(graph, key, picture, last) for picture in pictures)
    if np.abs(white - black).max() <= NOTHING:  # such as if the mean of each image is subtracted
        half = pictures[1].copy()
        half[:, :, half.shape[2] // 2 :] = 0
        white = _at(graph, key, half, last)
    return first if wants_levels(black, white) else None


def black_and_white(graph: Graph, key: Key) -> tuple[np.ndarray, np.ndarray]:
    """Return a black and a white image in [0, 1], of the size of an input."""
    shape = [1, *(n or SOME_SIZE for n in graph.maker(key).shapes[0][1:])]
    return np.zeros(shape, "float32"), np.ones(shape, "float32")


def wants_levels(black: np.ndarray, white: np.ndarray) -> bool:
    """Return whether 0 … 255 is expected, given the prepared black and white images."""
    slopes = np.abs(white - black)
    place = slopes.argmax()
    slope, offset = slopes.flat[place], abs(black.flat[place])
    return slope > NOTHING and (slope < SMALLEST_SCALE or offset > LARGEST_MEAN * slope)


def rescaling_layer(model: keras.Model, place: int = 0) -> str | None:
    """Name the layer in which a model rescales an input of 0 … 255; `None` if there is none.

    Models without a graph of layers are not examined.

    Args:
        model: Any Keras model.
        place: Position of the input.
    """
    if not has_graph(model):
        return None
    found = _layers.setdefault(model, {})
    state = State(
        layer
        for layer in model._flatten_layers()
        if not isinstance(layer, layers.BatchNormalization) and _may_rescale(layer)
    )
    if place not in found or _differ(found[place], state):
        graph = flatten(model)
        node = rescaling_of(graph, graph.inputs[place])
        statistics = [
            (variable, variable.numpy())
            for each in preparation(graph, graph.inputs[place])
            if isinstance(layer := _unwrapped(each), layers.BatchNormalization)
            for variable in (layer.moving_mean, layer.moving_variance)
        ]
        found[place] = state, statistics, node and node.name
    return found[place][2]


def _differ(found: _Found, state: State) -> bool:
    """Return whether layers that may rescale have changed, or have learned other statistics."""
    before, statistics, _name = found
    return bool(before.changes(state)) or any(
        not np.array_equal(variable.numpy(), value) for variable, value in statistics
    )


def warn_of_levels(
    model: keras.Model, images: np.ndarray, what: str = "images", *, place: int = 0
) -> None:
    """Warn if images in [0, 1] or [-1, 1] are passed to a model that rescales them from 0 … 255.

    Args:
        model: Any Keras model; those without a graph of layers are not examined.
        images: `(N, H, W, C)`, a sample of the images.
        what: Name of the images for the message.
        place: Position of the input that takes them.
    """
    low, high = np.min(images), np.max(images)
    small = np.asarray(images).dtype.kind == "f" and low >= -1 and 0 < high <= 1
    if small and (layer := rescaling_layer(model, place)):
        found, levels = ("[0, 1]", "255 * images") if low >= 0 else ("[-1, 1]", SIGNED)
        warn(
            f"the model rescales 0 … 255 in its layer {layer!r}, but the {what} are in {found}, "
            "so they are nearly black. Read them with from_directory(..., input_range=(0, 255)), "
            f"or pass {levels}, and input_range=(0, 255) to train and evaluate; or build the "
            "model without this layer."
        )


def preparation(graph: Graph, key: Key) -> Iterator[Node]:
    """Yield the nodes that prepare an input by moving or rescaling values, without kernels.

    The last one is before the first node that does something else.
    """
    known = {key}
    for node in graph.nodes:
        if node.is_input or known.isdisjoint(node.inputs):
            continue
        prepares = _keeps_range(node) or _may_rescale(_unwrapped(node))
        if not (prepares and known.issuperset(node.inputs)):
            return
        known.update(node.outputs)
        yield node


def _keeps_range(node: Node) -> bool:
    """Return whether values keep their range: images are only shifted, cropped, rotated etc."""
    name = _name(node)
    if name == "Einsum" and len(node.inputs) == 1:  # such as "nchw->nhwc"
        return True
    return name in MOVING_NAMES or _layer_keeps_range(_unwrapped(node))


def _layer_keeps_range(layer: keras.Operation) -> bool:
    """Return whether a layer keeps the range of values, as augmentation does in inference."""
    if known_name(layer) == "Pipeline":
        return all(map(_layer_keeps_range, layer.layers))
    linear = isinstance(layer, layers.Activation) and name_of(layer.activation) == "linear"
    augments = type(layer).__name__.startswith("Random") or known_name(layer) in AUGMENTING
    return augments or isinstance(layer, MOVING) or linear


def _may_rescale(layer: keras.Operation) -> bool:
    """Return whether a layer or operation computes with the values, without a trained kernel."""
    name = known_name(layer)
    if name == "Pipeline":
        return all(_layer_keeps_range(each) or _may_rescale(each) for each in layer.layers)
    own = isinstance(layer, layers.Layer) and not type(layer).__module__.startswith("keras.")
    known = name in ARITHMETIC or isinstance(layer, RESCALING)
    return known or (own and all(map(_is_constant, layer.weights)))


def _is_constant(weight: keras.Variable) -> bool:
    """Return whether a weight is a fixed number for each channel, such as a mean."""
    return not weight.trainable and sum(n > 1 for n in weight.shape) < 2


def _unwrapped(node: Node) -> keras.Operation:
    """Return an operation, or the layer that it applies to each frame."""
    layer = node.operation
    return layer.layer if isinstance(layer, layers.TimeDistributed) else layer


def _name(node: Node) -> str:
    return known_name(_unwrapped(node))


def _at(graph: Graph, key: Key, pictures: np.ndarray, until: Key) -> np.ndarray:
    """Compute the values of a tensor for some images."""
    inputs = [None] * len(graph.inputs)
    inputs[graph.inputs.index(key)] = keras.ops.convert_to_tensor(pictures, "float32")
    values = graph.evaluate(inputs, _without_affine, until=(until,))
    return np.asarray(keras.ops.convert_to_numpy(values[until]), "float64")


def _without_affine(node: Node, args: tuple, kwargs: dict) -> object:
    """Compute a node; a batch normalization only by the statistics of the images it has seen."""
    layer = node.operation
    if isinstance(layer, layers.BatchNormalization):
        node = replace(node, operation=twin(layer, scale=False, center=False))
    return run(node, args, kwargs)
