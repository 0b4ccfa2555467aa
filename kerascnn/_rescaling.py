"""Whether a model brings 0 … 255 to its own range, by the layers that it begins with."""

from collections.abc import Iterator
from weakref import WeakKeyDictionary

import keras
import numpy as np
from keras import layers

from ._errors import warn
from ._graph import Graph, Key, Node, flatten, has_graph, run

LARGEST_MEAN = 2.0  # of pictures in [0, 1] at most
SMALLEST_SCALE = 0.05  # of pictures in [0, 1] at least
NOTHING = 1e-5  # what black and white may differ by where only edges are seen
SOME_SIZE = 32  # in pixels, where a model takes any
RESCALING = (layers.Rescaling, layers.Normalization, layers.Lambda)
ARITHMETIC = ("Add", "Divide", "Multiply", "Subtract", "TrueDivide")  # of keras.ops
MOVING = (
    layers.ActivityRegularization, layers.CenterCrop, layers.Cropping2D, layers.Dropout,
    layers.Flatten, layers.GaussianDropout, layers.GaussianNoise, layers.Identity, layers.Permute,
    layers.Reshape, layers.Resizing, layers.ZeroPadding2D,
)  # fmt: skip
MOVING_NAMES = (  # of keras.ops
    "Cast", "ExpandDims", "Flip", "GetItem", "Moveaxis", "Rot90", "Stack", "Swapaxes", "Transpose",
)  # fmt: skip

_layers: WeakKeyDictionary[keras.Model, str | None] = WeakKeyDictionary()  # that rescale


def rescaling_of(graph: Graph, key: Key) -> Node | None:
    """The first node that rescales an input, if what stands at the beginning wants 0 … 255.

    It is measured, with a black and a white picture in [0, 1], what reaches the first layer that
    does more than prepare: values that hardly differ, or that are far from 0, are of 0 … 255.

    Args:
        graph: The model's graph.
        key: Of the input that takes the pictures.
    """
    last, first = key, None
    for node in preparation(graph, key):
        last = node.outputs[0]
        if first is None and not _keeps_range(node):
            first = node
    if first is None:
        return None
    black, white = (_at(graph, key, picture, last) for picture in black_and_white(graph, key))
    return first if wants_levels(black, white) else None


def black_and_white(graph: Graph, key: Key) -> tuple[np.ndarray, np.ndarray]:
    """A black and a white picture in [0, 1], of the size of an input."""
    shape = [1, *(n or SOME_SIZE for n in graph.maker(key).shapes[0][1:])]
    return np.zeros(shape, "float32"), np.ones(shape, "float32")


def wants_levels(black: np.ndarray, white: np.ndarray) -> bool:
    """Tell from what becomes of black and of white, in [0, 1], whether 0 … 255 is wanted."""
    slopes = np.abs(white - black)
    place = slopes.argmax()
    slope, offset = slopes.flat[place], abs(black.flat[place])
    return slope > NOTHING and (slope < SMALLEST_SCALE or offset > LARGEST_MEAN * slope)


def rescaling_layer(model: keras.Model) -> str | None:
    """Name the layer by which a model of one input rescales 0 … 255; `None` if it does not.

    Nothing is known of a model whose layers cannot be followed.
    """
    if not has_graph(model) or len(model.inputs) != 1:
        return None
    if model not in _layers:
        graph = flatten(model)
        node = rescaling_of(graph, graph.inputs[0])
        _layers[model] = node and node.name
    return _layers[model]


def warn_of_levels(model: keras.Model, images: np.ndarray, what: str = "images") -> None:
    """Warn where pictures in [0, 1] go into a model that begins by rescaling 0 … 255.

    Args:
        model: Any Keras model; of one whose layers cannot be followed nothing is said.
        images: `(N, H, W, C)`, some of those that it gets.
        what: What they are called.
    """
    in_unit = np.asarray(images).dtype.kind == "f" and 0 < np.max(images) <= 1
    if in_unit and (layer := rescaling_layer(model)):
        warn(
            f"the model rescales 0 … 255 itself, by its layer {layer!r}, but the {what} "
            "lie in [0, 1] and look black to it: give 255 * images, with input_range=(0, 255) in "
            "from_directory, train and evaluate; or build the model without that layer."
        )


def preparation(graph: Graph, key: Key) -> Iterator[Node]:
    """Yield the nodes that prepare an input: they move or rescale values, without learned weights.

    They end before the first node that does something else.
    """
    known = {key}
    for node in graph.nodes:
        if node.is_input or known.isdisjoint(node.inputs):
            continue
        if not (known.issuperset(node.inputs) and (_keeps_range(node) or _may_rescale(node))):
            return
        known.update(node.outputs)
        yield node


def _keeps_range(node: Node) -> bool:
    """Whether the values stay in their range: images are shifted, cropped or rotated at most."""
    name = _name(node)
    if name == "Einsum" and len(node.inputs) == 1:  # such as "nchw->nhwc"
        return True
    return name.startswith("Random") or name in MOVING_NAMES or isinstance(node.operation, MOVING)


def _may_rescale(node: Node) -> bool:
    """Whether a node computes with values, without weights that it learns."""
    layer, name = node.operation, _name(node)
    own = isinstance(layer, layers.Layer) and not type(layer).__module__.startswith("keras.")
    return name in ARITHMETIC or isinstance(layer, RESCALING) or (own and not layer.weights)


def _name(node: Node) -> str:
    return type(node.operation).__name__


def _at(graph: Graph, key: Key, pictures: np.ndarray, until: Key) -> np.ndarray:
    """What the beginning of a model makes of pictures."""
    inputs = [None] * len(graph.inputs)
    inputs[graph.inputs.index(key)] = keras.ops.convert_to_tensor(pictures, "float32")
    values = graph.evaluate(inputs, run, until=(until,))
    return np.asarray(keras.ops.convert_to_numpy(values[until]), "float64")
