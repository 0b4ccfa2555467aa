"""Where the channels are: on which axis of the images, and on which axis of the maps behind them.

Layers such as convolutions tell which axes they take as space. What lies between the images and the
first of them is measured: which values change if those at one index of an axis do.
"""

from dataclasses import dataclass
from typing import Any, NamedTuple

import keras

from kerascnn._describe.axes import space
from kerascnn._describe.families import (
    CONV_LSTM,
    CONVOLUTIONS,
    DEPTHWISE,
    GLOBAL_POOLS,
    NORMALIZATIONS,
    POINTWISE,
    POINTWISE_NAMES,
    POOLS,
    RECURRENT,
    SEPARABLE,
    TRANSPOSED,
)
from kerascnn._graph import Graph, Key, Node, run
from kerascnn._heads import applied_last, keeps_values, unwrapped
from kerascnn._known import can_be_seen, known_name
from kerascnn._moved_axes import Axes, Place, changed, followed, may_move, moved_axes
from kerascnn._state import parts_of

KEEPING = (
    *POINTWISE, *NORMALIZATIONS, keras.layers.GroupNormalization, keras.layers.Activation,
)  # fmt: skip
NEW_CHANNELS = (*CONVOLUTIONS, *DEPTHWISE, *SEPARABLE, *TRANSPOSED, *RECURRENT, *CONV_LSTM)
WINDOWED = (
    *CONVOLUTIONS, *DEPTHWISE, *SEPARABLE, *TRANSPOSED, *CONV_LSTM, *POOLS, *GLOBAL_POOLS,
)  # fmt: skip
LINEAR = (  # unless they have an activation
    *CONVOLUTIONS, *DEPTHWISE, *SEPARABLE, *NORMALIZATIONS,
    keras.layers.BatchNormalization, keras.layers.Dense, keras.layers.EinsumDense,
)  # fmt: skip
# Operations and layers without weights that compute features all the same
CONVOLVING = (
    "Attention", "Conv", "ConvTranspose", "DepthwiseConv", "DotProductAttention", "SeparableConv",
)  # fmt: skip


@dataclass(frozen=True)
class Channels:
    """The channels of an input.

    Attributes:
        exist: whether its last axis is that of channels, not of space.
        moved_by: the node that moves another axis there, or `None`.
        unsure_of: the node whose axes are not known although it decides, or `None`.
    """

    exist: bool
    moved_by: Node | None = None
    unsure_of: Node | None = None


class _Beginning(NamedTuple):
    """The nodes from an input to the first layer that tells which axes it takes as space."""

    nodes: list[Node]
    first: Node | None
    key: Key  # of what that layer takes
    rank: int


def channels_of(graph: Graph, key: Key) -> Channels:
    """Follow the axes of an input to the first layer that tells which axis it takes as channels."""
    shapes = graph.shapes
    rank = len(shapes[key])
    if rank < 3:
        return Channels(exist=False)
    nodes, first, at, rank_at = _beginning(graph, shapes, key)
    if first is None:
        return Channels(exist=True)
    if rank == rank_at == 3 and isinstance(first.operation, keras.layers.Flatten):
        return Channels(exist=False)  # pixels (N, H, W) that need no channels
    if rank_at < rank or all(_keeps_axes(node, shapes) for node in nodes):
        return Channels(exist=True)
    found = _measured(graph, shapes, key, at)
    axes = found.get(at, {})
    if not axes and rank_at > rank:
        return Channels(exist=False, unsure_of=first)
    moved = _are_moved(axes, rank, rank_at)
    mover = None
    if moved:
        path = [node for node in nodes if node.outputs[0] in found]
        mover = next(
            (n for n in path if _are_moved(found[n.outputs[0]], rank, len(n.shapes[0]))), path[-1]
        )
    one = shapes[key][-1] == 1  # such as gray; no axis of space has one place
    return Channels(rank_at == rank or one or axes.get(rank - 1) == {rank_at - 1}, mover)


def _are_moved(axes: Axes, rank: int, rank_at: int) -> bool:
    """Return whether channels leave the last axis, or another axis takes their place."""
    if rank_at < rank:
        return False
    end = rank_at - 1
    own = axes.get(rank - 1, set())
    taken = any(axes.get(axis) == {end} for axis in range(1, rank - 1))
    left = bool(own) and rank_at == rank  # where an axis is added, the last one becomes space
    return end not in own and (taken or left)


def rank_of_maps(graph: Graph, nodes: list[Node]) -> int:
    """Return the highest rank that convolutions and pooling among some nodes take, 0 if none."""
    shapes = graph.shapes
    windows = [node for node in nodes if isinstance(unwrapped(node.operation), WINDOWED)]
    return max([len(shapes[node.inputs[0]]) for node in windows], default=0)


def preparing(graph: Graph) -> set[str]:
    """Return the names of the nodes that only prepare or move the inputs, before any that learns.

    What they compute are still the pixels, which are no feature maps.
    """
    known = {*graph.inputs, *(key for key, _constant in graph.constants)}
    names = set()
    for node in graph.nodes:
        if not node.is_input and known.issuperset(node.inputs) and _prepares(node.operation):
            known.update(node.outputs)
            names.add(node.name)
    return names


def linear_in_images(graph: Graph) -> set[str]:
    """Return the names of the nodes that are linear in the images, such as a first convolution."""
    known = {*graph.inputs, *(key for key, _constant in graph.constants)}
    names = preparing(graph)
    for node in graph.nodes:
        kind = unwrapped(node.operation)
        activated = getattr(kind, "activation", None) and applied_last(kind) != "linear"
        linear = isinstance(kind, LINEAR) and can_be_seen(kind) and not activated
        if node.name in names or (
            known.issuperset(node.inputs) and (linear or keeps_values(node.operation))
        ):
            known.update(node.outputs)
            names.add(node.name)
    return names


def _prepares(operation: keras.Operation) -> bool:
    """Return whether an operation has no weights, or only those of layers that normalize values."""
    parts = list(parts_of(operation))
    of_values = {id(w) for part in parts if is_pointwise(part) for w in _weights_of(part)}
    learns = not of_values.issuperset(map(id, _weights_of(operation)))
    return not learns and not any(known_name(part) in CONVOLVING for part in parts)


def _weights_of(operation: keras.Operation) -> list:
    return getattr(operation, "weights", [])


def _beginning(graph: Graph, shapes: dict[Key, tuple], key: Key) -> _Beginning:
    """Find the first layer on the way from an input that tells which axes it takes as space."""
    known, nodes = {key}, []
    for node in graph.nodes:
        own = [k for k in node.inputs if k in known]
        if node.is_input or not own or node.boolean:
            continue
        rank = len(shapes[own[0]])
        if rank > 2 and space(unwrapped(node.operation), rank):
            return _Beginning(nodes, node, own[0], rank)
        known.update(node.outputs)
        nodes.append(node)
    return _Beginning(nodes, None, key, len(shapes[key]))


def is_pointwise(operation: keras.Operation) -> bool:
    """Return whether an operation is known to compute values one by one, or to normalize them."""
    known = isinstance(operation, KEEPING) and can_be_seen(operation)
    return known or known_name(operation) in POINTWISE_NAMES


def _keeps_axes(node: Node, shapes: dict[Key, tuple]) -> bool:
    """Return whether a node is known to leave each axis in its place."""
    same = node.shapes[0] in [shapes[key] for key in node.inputs]
    return same and is_pointwise(node.operation)


def _measured(graph: Graph, shapes: dict[Key, tuple], key: Key, until: Key) -> dict[Key, Axes]:
    """Measure which axes follow those of an input, for each tensor on the way to another.

    Layers that keep the axes are left out, since some of them mix what lies along one. Nothing is
    measured if the way takes weights, as of a large network.
    """
    nodes = graph.leading_to((until,))
    left_out = {
        node.name
        for node in nodes
        if isinstance(node.operation, KEEPING) and _keeps_axes(node, shapes)
    }
    if any(_weights_of(node.operation) for node in nodes if node.name not in left_out):
        return {}
    items, axes = changed(shapes[key])
    inputs = []
    for own in graph.inputs:
        dtype = graph.maker(own).operation.dtype
        given = items if own == key else changed(shapes[own])[0][:1].repeat(len(axes), 0)
        whole = not keras.backend.is_float_dtype(dtype)
        inputs.append(keras.ops.convert_to_tensor(100 * given if whole else given, dtype))

    def call(node: Node, args: tuple, kwargs: dict) -> Any:
        return args[0] if node.name in left_out else run(node, args, kwargs)

    try:
        values = graph.evaluate(inputs, call, until=(until,))
    except Exception:  # what cannot be computed is refused elsewhere
        return {}
    return {k: followed(axes, keras.ops.convert_to_numpy(value)) for k, value in values.items()}


def moved_channels(graph: Graph) -> dict[Key, int]:
    """Return the axes of channels that are not on the last axis, of maps behind convolutions.

    Axes are permuted, for example, before maps are flattened as another library does it.
    """
    axes: dict[Key, int] = {}
    if not any(map(_may_move, graph.nodes)):
        return axes
    shapes = graph.shapes
    for node in graph.nodes:
        last = len(node.shapes[0]) - 1
        own = [key for key in node.inputs if len(shapes[key]) == last + 1]
        known = {axes[key] for key in own if key in axes}
        kind = unwrapped(node.operation)
        unknown = _weights_of(node.operation) and not known_name(kind)
        reshaped = known_name(kind) == "Reshape" and node.shapes[0] not in [shapes[k] for k in own]
        if node.is_input or last < 2:
            continue
        if isinstance(kind, NEW_CHANNELS) or reshaped or unknown:
            axis = last
        elif known:
            axis = last if last in known else known.pop()
            if _may_move(node):
                axis = moved_axes(node, shapes[node.inputs[0]]).get(axis, Place(axis)).axis
        else:
            continue
        axes.update(dict.fromkeys(node.outputs, axis))
    return {key: axis for key, axis in axes.items() if axis != len(shapes[key]) - 1}


def _may_move(node: Node) -> bool:
    kind = unwrapped(node.operation)
    known = bool(known_name(kind)) or not _weights_of(node.operation)
    return (may_move(node) and known) or getattr(kind, "go_backwards", False)


def moved_places(graph: Graph) -> dict[Key, Node]:
    """Return the maps whose positions do not lie as in the images, and the node that moved them.

    Their axes of space are exchanged or reversed, such as columns that are read as a sequence.
    """
    if not any(map(_may_move, graph.nodes)):
        return {}
    shapes, found, movers = graph.shapes, {}, {}
    ways: dict[Key, list[Place | None]] = {}  # of a tensor's axes in the images; None: new channels
    for node in graph.nodes:
        kind, rank = unwrapped(node.operation), len(node.shapes[0])
        keys = [k for k in node.inputs if len(ways.get(k, ())) == rank - 1]
        keys.sort(key=found.__contains__)  # what gates maps may be moved; the maps themselves count
        reshapes = known_name(kind) == "Reshape"
        if not keys or (reshapes and node.shapes[0] != shapes[keys[0]]):
            if found.keys().isdisjoint(node.inputs):
                ways |= {k: [Place(axis) for axis in range(1, rank)] for k in node.outputs}
            continue
        key = keys[0]
        axes = ways[key].copy()
        if isinstance(kind, NEW_CHANNELS):
            if None in axes[:-1]:
                continue  # what were channels is space now
            axes[-1] = None
            moves = {1: Place(1, reversed=True)} if getattr(kind, "go_backwards", False) else {}
        else:
            moves = moved_axes(node, shapes[key]) if _may_move(node) else {}
        for axis, to in moves.items():
            way = ways[key][axis - 1]
            axes[to.axis - 1] = way and Place(way.axis, way.reversed != to.reversed)
        ways |= dict.fromkeys(node.outputs, axes)
        movers |= dict.fromkeys(
            node.outputs, node if axes != ways[key] and moves else movers.get(key)
        )
        space = [way for way in axes if way]
        if None in axes and (space != sorted(space) or any(way.reversed for way in space)):
            found |= {k: movers[k] for k in node.outputs}
    return found
