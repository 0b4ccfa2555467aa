"""Where the channels of images and maps are: on the last axis, or on another.

A layer says it by its `data_format`; layers such as `Permute` between it and the images, or the
output, move axes.
"""

from typing import NamedTuple

import keras

from kerascnn._graph import Graph, Key, Node, flatten, has_graph
from kerascnn._heads import unwrapped
from kerascnn._known import known_name
from kerascnn._moved_axes import may_move, moved_axes

LOST = ("Flatten", "Reshape")  # after these, it is not known where the channels are


class Channels(NamedTuple):
    """The axis of the channels, which is not the last, and the layer that knows it."""

    axis: int
    layer: str


def channels_of_output(graph: Graph, key: Key) -> Channels | None:
    """Find the channels of an output; `None` if they are on the last axis, or it is not known."""
    shapes, made = graph.shapes, {each for node in graph.nodes for each in node.outputs}
    axes = list(range(1, len(shapes[key])))  # of a tensor, as they are in the output
    while key in made:
        node = graph.maker(key)
        if node.is_input or len(node.shapes[0]) - 1 != len(axes):
            return None
        if own := _own_axis(node):
            return _unless_last(axes.index(own % len(node.shapes[0])) + 1, node, axes)
        if known_name(node.operation) in LOST:
            return None
        axes = [_order(node, shapes[node.inputs[0]])[axis - 1] for axis in axes]
        key = node.inputs[0]
    return None


def channels_of_images(model: keras.Model) -> Channels | None:
    """Find the channels of the images (N, C, H, W) that a model takes; `None` for (N, H, W, C)."""
    if not has_graph(model):
        return None
    graph = flatten(model)
    shapes, first = graph.shapes, graph.inputs[0]
    ways = {first: list(range(1, len(shapes[first])))}  # axes of the images, as in a tensor
    for node in graph.nodes:
        axes = next((ways[key] for key in node.inputs if key in ways), None)
        if node.is_input or axes is None:
            continue
        if own := _own_axis(node):
            return _unless_last(axes[own - (own > 0)], node, axes)
        if known_name(node.operation) in LOST or len(node.shapes[0]) - 1 != len(axes):
            return None
        axes = [axes[axis - 1] for axis in _order(node, shapes[node.inputs[0]])]
        ways |= dict.fromkeys(node.outputs, axes)
    return None


def classes_not_last(channels: Channels, shape: tuple) -> ValueError:
    """Create the error for maps (N, K, …), whose classes are not on the last axis.

    Args:
        channels: where the classes are.
        shape: shape of the maps.
    """
    axes = [axis for axis in range(1, len(shape)) if axis != channels.axis]
    return ValueError(
        f"the classes must be on the last axis of the output; received {shape}, which has those of "
        f"the layer {channels.layer!r} on axis {channels.axis}: put "
        f"keras.layers.Permute({(*axes, channels.axis)}) at the end of the model, before a softmax."
    )


def _unless_last(axis: int, node: Node, axes: list[int]) -> Channels | None:
    return None if axis == len(axes) else Channels(axis, node.name)


def _own_axis(node: Node) -> int:
    """Return the axis of a layer's channels, 1 or -1; 0 if it does not say."""
    layer = unwrapped(node.operation)
    if known_name(layer) == "Dense":
        return -1
    found = None if known_name(layer) in LOST else getattr(layer, "data_format", None)
    return {"channels_first": 1, "channels_last": -1}.get(found or "", 0)


def _order(node: Node, shape: tuple) -> list[int]:
    """Return which axis of its input a layer puts on axis 1, 2, …; it is assumed to move none."""
    axes = list(range(1, len(node.shapes[0])))
    moved = moved_axes(node, shape) if may_move(node) else {}
    to = [moved[axis].axis if axis in moved else axis for axis in axes]
    return [to.index(axis) + 1 for axis in axes] if sorted(to) == axes else axes
