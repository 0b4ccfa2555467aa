"""Which axis of an output holds the classes."""

import keras
import numpy as np
from keras import ops

from ._graph import Graph, Key, Node, run
from ._known import can_be_seen, known_name

MOVING = (
    "Einsum", "ExpandDims", "Flatten", "Moveaxis", "Permute", "Ravel", "Reshape", "Squeeze",
    "Swapaxes", "Transpose",
)  # fmt: skip
SOME_SIZE = 8  # of axes of any size


def classes_are_last(graph: Graph, output: Key) -> bool:
    """Return whether the last axis of maps is that of the units of a layer, or of a softmax.

    It is not behind `Permute`, or if the only unit was squeezed. If it is not known, the answer is
    yes.
    """
    shape, axes = graph.shapes[output], class_axes(graph, output)
    return axes is None or shape[-1] == 1 or len(shape) - 1 in axes


def class_axes(graph: Graph, output: Key) -> list[int] | None:
    """Find the axes of moved maps along which the units of a layer, or of a softmax, change.

    Each value is followed from the last layer whose last axis is known to be that of its units, or
    the softmax, to the output.

    Returns:
        The axes, [] if there is only one unit; `None` if there is no such layer, or if nothing is
        moved.
    """
    node, moves = graph.maker(output), []
    while len(node.inputs) == 1 and not _is_softmax(node):
        if known_name(node.operation) in MOVING:
            moves.insert(0, node)
        elif not _keeps_axes(graph, node):
            break
        node = graph.maker(node.inputs[0])
    name = known_name(node.operation)
    channels = name and getattr(node.operation, "data_format", None) == "channels_last"
    known = _is_softmax(node) or "Conv" in name or name == "Dense" or channels
    if not moves or not known or len(moves[-1].shapes[0]) < 3:
        return None
    shape = [n or SOME_SIZE for n in (1, *node.shapes[0][1:])]
    units = ops.broadcast_to(ops.arange(shape[-1], dtype="float32"), shape)
    try:
        for move in moves:
            args, kwargs = move.arguments({move.inputs[0]: units})
            units = run(move, args, kwargs)
    except Exception:  # a size that the layer does not take
        return None
    values = np.asarray(units)
    return [axis for axis in range(1, values.ndim) if np.ptp(values, axis=axis).any()]


def _is_softmax(node: Node) -> bool:
    """Return whether an operation is a softmax over its last axis."""
    if known_name(node.operation) == "Activation":
        softmaxes = keras.activations.softmax, keras.activations.log_softmax
        return node.operation.activation in softmaxes
    is_last = getattr(node.operation, "axis", None) in (-1, len(node.shapes[0]) - 1)
    return known_name(node.operation) in ("Softmax", "LogSoftmax") and is_last


def _keeps_axes(graph: Graph, node: Node) -> bool:
    """Return whether an operation has no weights and keeps the shape, like an activation."""
    maker = graph.maker(node.inputs[0])
    before = maker.shapes[maker.outputs.index(node.inputs[0])]
    same = len(node.shapes) == 1 and node.shapes[0] == before
    return same and can_be_seen(node.operation) and not getattr(node.operation, "weights", None)
