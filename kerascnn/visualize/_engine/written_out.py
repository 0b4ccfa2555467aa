"""ReLUs and similar activations that a model computes by arithmetic, such as x · sigmoid(x)."""

from collections.abc import Mapping, Sequence

import keras

from kerascnn._graph import Key, Node, Slot
from kerascnn._heads import last_function, name_of
from kerascnn._known import known_name

from .kinds import FUNCTIONS, MAXIMIZING

ARITHMETIC = ("add", "subtract", "multiply", "divide", "truedivide", "rescaling")
# Operations whose outputs each depend on one element of each input; those that only move elements
POINTWISE = (
    *FUNCTIONS, *ARITHMETIC, "negative", "exp", "expm1", "log", "log1p", "sqrt", "square", "power",
    "erf", "zeroslike", "oneslike",
)  # fmt: skip
KEEPING = ("cast", "identity", "copy", "dropout")
MOVING = ("reshape", "expanddims", "squeeze", "transpose", "permute", "flatten")
GATING = {*FUNCTIONS, "exp", "expm1", "erf"} - {"linear"}
PRODUCTS = ("multiply", "divide", "truedivide")
JOINING = ("stack", "concatenate")
CHOOSING = ("max", "amax", "min", "amin", "logsumexp", "sort", "topk")

Axis = tuple[int, int]  # counted from the first and from the last
Origin = tuple[Key, frozenset[str]]  # a tensor, and the functions that lie between


def written_out(nodes: Sequence[Node]) -> tuple[set[str], set[str]]:
    """Find what may be a ReLU or a similar activation, although none of its operations is.

    Layers with weights, and statistics of several elements, separate what is compared: a gate that
    is computed by a dense layer is none of these.

    Args:
        nodes: those of a graph, in order.

    Returns:
        The names of nodes that may end a ReLU: the maximum of x and a multiple of x that were
        stacked, and √x². The names of nodes that may end a similar activation: x times a function
        of x, and log(1 + exp(x)).
    """
    origins = _origins(nodes)
    relus, relatives = _chosen_from_joined(nodes, origins), set()
    for node in nodes:
        name, before = _name(node), _common(node, origins)
        if not before:
            continue
        passed, by_all = before[0].union(*before), before[0].intersection(*before)
        if name in ("sqrt", "power") and passed.intersection(("square", "power")):
            relus.add(node.name)
        gated = name in PRODUCTS and GATING.intersection(passed - by_all)
        if gated or (name in ("log", "log1p") and "exp" in passed):
            relatives.add(node.name)
    return relus, relatives


def _origins(nodes: Sequence[Node]) -> dict[Key, Origin]:
    """Return what tensors are computed from, if it is one other tensor, point by point."""
    origins: dict[Key, Origin] = {}
    for node in nodes:
        name, before = _name(node), _common(node, origins)
        if before and name in (*POINTWISE, *MOVING, *KEEPING):
            source = node.inputs[0]
            made = {name} - {*ARITHMETIC}
            if name == "multiply" and len(node.inputs) > len({*node.inputs}):
                made = {"square"}
            first = origins[source][0] if source in origins else source
            origins[node.outputs[0]] = first, frozenset(made.union(*before))
    return origins


def _common(node: Node, origins: Mapping[Key, Origin]) -> list[frozenset[str]]:
    """Return the functions before each input of a node without weights that has one origin."""
    found = [origins.get(key, (key, frozenset())) for key in node.inputs]
    one = len({key for key, _ in found}) == 1 and not getattr(node.operation, "weights", None)
    return [functions for _, functions in found] if one else []


def _chosen_from_joined(nodes: Sequence[Node], origins: Mapping[Key, Origin]) -> set[str]:
    """Name the nodes that choose among tensors of one origin, or constants, that were joined."""
    joined: dict[Key, Axis | None] = {}  # `None`: along an unknown axis
    names = set()
    for node in nodes:
        name = _name(node)
        sources = {origins[key][0] if key in origins else key for key in node.inputs}
        if name in JOINING and (len(sources) < len(node.inputs) or _has_constants(node)):
            axis, rank = node.operation.axis, len(node.shapes[0])
            joined[node.outputs[0]] = axis % rank, axis % rank - rank
        for key in joined.keys() & {*node.inputs}:
            if name in (*MOVING, *KEEPING):
                joined[node.outputs[0]] = joined[key] if name in KEEPING else None
            elif _chooses_along(node, name, joined[key]):
                names.add(node.name)
    return names


def _name(node: Node) -> str:
    """Name what a node applies last; layers that merge tensors, such as `Add`, by their class."""
    function = last_function(node.operation)
    layer = isinstance(function, keras.layers.Layer)
    return known_name(function).lower() if layer else name_of(function)


def _has_constants(node: Node) -> bool:
    return not all(isinstance(item, Slot) for item in keras.tree.flatten(node.slots[0]))


def _chooses_along(node: Node, name: str, axis: Axis | None) -> bool:
    """Return whether a node chooses among the elements along an axis."""
    operation = node.operation
    if isinstance(operation, MAXIMIZING) or name == "maxpool":
        first = getattr(operation, "data_format", "channels_last") == "channels_first"
        return axis is None or (1 if first else -1) not in axis
    if name not in CHOOSING:
        return False
    chosen = getattr(operation, "axis", -1)  # of `top_k`: the last
    return axis is None or chosen is None or not {*axis}.isdisjoint(keras.tree.flatten(chosen))
