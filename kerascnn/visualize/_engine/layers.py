"""Find a layer: by its name, by the layer itself, or the last feature maps."""

from collections.abc import Callable, Container
from dataclasses import replace

import keras

from kerascnn._describe.families import PADDING
from kerascnn._errors import warn
from kerascnn._graph import Graph, Key, Node
from kerascnn._heads import end_nodes, keeps_values
from kerascnn._known import can_be_seen, known_name
from kerascnn._state import parts_of

from .channels import (
    is_pointwise,
    linear_in_images,
    moved_channels,
    moved_places,
    preparing,
    rank_of_maps,
)

LayerLike = str | keras.layers.Layer | None

CLOSING = (  # pooling, and padding with zeros, which are no features
    *PADDING,
    keras.layers.MaxPooling1D,
    keras.layers.MaxPooling2D,
    keras.layers.MaxPooling3D,
    keras.layers.AveragePooling1D,
    keras.layers.AveragePooling2D,
    keras.layers.AveragePooling3D,
)
# Beginnings of the names of layers, and of operations of `keras.ops`
POOLING_NAMES = ("AdaptiveAveragePool", "AdaptiveMaxPool", "AveragePool", "MaxPool")


def is_map(node: Node, rank: int = 4) -> bool:
    """Return whether a node's output (N, …, K) has a given rank and more than one position."""
    shape = node.shapes[0]
    return len(shape) == rank and any(n != 1 for n in shape[1:-1])


def select_layer(graph: Graph, layer: LayerLike) -> Node:
    """Find the node of a layer: by name, by the layer itself, or the last feature maps.

    Raises:
        ValueError: If the layer does not exist or is called more than once.
    """
    return last_maps(graph, graph.outputs[:1]) if layer is None else graph.node(layer)


def count_units(node: Node) -> int:
    """Return the number of units of a layer, the size of its last axis.

    Raises:
        ValueError: If it has none, or an unknown number.
    """
    shape = node.shapes[0]
    if len(shape) < 2:
        raise ValueError(
            f"layer must have units, (N, …, units); {node.name!r} returns one number per image, "
            "(N,). Choose a layer before it."
        )
    if shape[-1] is None:
        raise ValueError(
            f"layer must have a known number of units; {node.name!r} has output shape {shape}. "
            "Choose another layer, or build the model for images of one size."
        )
    return shape[-1]


def select_start(graph: Graph, of: LayerLike) -> Node:
    """Find the node whose units are seen: a layer, an input by its name, or the only input.

    Raises:
        ValueError: If the layer does not exist or is called more than once, or there are several
            inputs and none is named.
    """
    if of is not None:
        return graph.node(of)
    inputs = [graph.maker(key) for key in graph.inputs]
    if len(inputs) > 1:
        names = ", ".join(repr(node.name) for node in inputs)
        raise ValueError(f"of must name one of the inputs, {names}; received None.")
    return inputs[0]


def select_weights(graph: Graph, layer: LayerLike) -> Node:
    """Find a layer by its weights, which all of its calls share.

    Returns:
        The node of its first call.

    Raises:
        ValueError: If the layer does not exist or is ambiguous.
    """
    if layer is not None:
        calls = graph.calls(layer)
        if all(node.operation is calls[0].operation for node in calls):
            return calls[0]
    return select_layer(graph, layer)


def select_maps(
    graph: Graph,
    layer: LayerLike,
    score: Callable | None = None,
    *,
    overlaid: bool = False,
    maps_only: bool = False,
    tokens: bool | None = None,
) -> Node:
    """Find a layer, as `select_layer` does, whose output is feature maps, (N, …, K).

    A class refers to the first output; a callable score takes all outputs.

    Args:
        graph: the model's graph.
        layer: the layer; `None`: the last feature maps.
        score: a callable target, if any.
        overlaid: whether the maps are laid over the images.
        maps_only: whether only maps (N, h, w, K) will do.
        tokens: whether tokens (N, T, K) are preferred to maps, if no layer is given. If not, there
            is a warning of them; `None`: neither.

    Raises:
        ValueError: If the layer does not exist, its output has no positions, or these are
            transposed or mirrored.
    """
    if layer is None:
        outputs = graph.outputs if score else graph.outputs[:1]
        node = last_maps(graph, outputs, maps_only=maps_only, tokens=bool(tokens))
        _check_places(graph, node, overlaid)
        of_images = any(len(graph.maker(key).shapes[0]) == 4 for key in graph.inputs)
        if of_images and tokens is False and len(node.shapes[0]) == 3:
            warn(
                f"the last maps, of {node.name!r}, are tokens (N, T, K), and so heatmaps are "
                "(N, T). Set reshape to the height and width of the images in patches for maps "
                "(N, h, w), or layer to another layer."
            )
        return node
    node = graph.node(layer)
    check_channels(graph, node)
    if len(node.shapes[0]) < 3:
        maps = [n.name for n in graph.nodes if is_map(n) and not n.is_input]
        last = f" The last layer with maps is {maps[-1]!r}." if maps else ""
        raise ValueError(
            f"layer must output maps (N, h, w, K), (N, L, K) or (N, D, h, w, K); "
            f"{node.name!r} has output shape {node.shapes[0]}.{last}"
        )
    _check_places(graph, node, overlaid)
    return node


def _check_places(graph: Graph, node: Node, overlaid: bool) -> None:
    """Check that the positions in the maps of a node lie as in the images.

    If no layer has such maps, as where the images themselves are transposed, there is a warning.

    Raises:
        ValueError: If they do not, and other layers have such maps or heatmaps are `overlaid`.
    """
    moved = moved_places(graph)
    if not (mover := moved.get(node.outputs[0])):
        return
    same = [
        n.name
        for n in graph.leading_to(node.outputs)
        if is_map(n, len(node.shapes[0])) and not n.is_input and n.outputs[0] not in moved
    ]
    by = "" if mover is node else f" by {mover.name!r}"
    problem = f"those of {node.name!r} are transposed or mirrored{by}"
    prepares = preparing(graph)
    if behind := [name for name in same if name not in prepares]:
        advice = f"Choose a layer before, such as {behind[-1]!r}"
    else:
        advice = (
            f"Explain the model behind {mover.name!r}, and pass it transposed or mirrored images"
        )
    if behind or overlaid:
        raise ValueError(f"layer must output maps that lie as the images do; {problem}. {advice}.")
    warn(f"heatmaps do not lie as the images do, since no layer's maps do: {problem}.")


def check_channels(graph: Graph, node: Node) -> None:
    """Check that the maps of a node have their channels on the last axis.

    Raises:
        ValueError: If they were moved to another one.
    """
    moved = moved_channels(graph)
    if node.outputs[0] in moved:
        same = [n.name for n in graph.leading_to(node.outputs) if n.outputs[0] not in moved]
        raise ValueError(
            f"layer must output maps with channels on the last axis; {node.name!r} has them on "
            f"axis {moved[node.outputs[0]]} of {node.shapes[0]}. Choose a layer before they are "
            f"moved, such as {same[-1]!r}."
        )


def last_maps(
    graph: Graph,
    outputs: tuple[Key, ...],
    preferred: Container[str] | None = None,
    *,
    maps_only: bool = False,
    tokens: bool = False,
) -> Node:
    """Find the last feature maps that carry all image information, before the final pooling.

    In VGG16 this is block5_conv3, as in Selvaraju et al. 2017. Maps that are themselves scores, as
    in segmentation, explain nothing and are only used if there are no others. So are maps that are
    linear in the pixels, such as the patch embedding of a transformer, whose tokens follow.

    Args:
        graph: the model's graph.
        outputs: keys of the outputs to consider.
        preferred: names of the layers to choose from if one of them carries all information, such
            as those with fine maps; `None`: all.
        maps_only: whether only maps (N, h, w, K) will do.
        tokens: whether tokens (N, T, K) are preferred to maps.

    Raises:
        ValueError: If no layer has feature maps.
    """
    rank = max(len(graph.maker(key).shapes[0]) for key in graph.inputs)
    seen = _behind_images(graph, outputs, rank)
    # The rank of the images first, unless they get another axis before they are convolved, as those
    # without channels; flattened images become maps later.
    rank = max(rank, rank_of_maps(graph, seen))
    ranks = dict.fromkeys((*[3] * tokens, *[rank] * (rank > 2), 4, 5, 3))
    moved = moved_channels(graph)
    prepares = preparing(graph)  # such as a layer that rescales
    ready = [n for n in seen if not (n.is_input or n.outputs[0] in moved) and graph.means_first(n)]
    behind = [n for n in ready if n.name not in prepares]
    linear = linear_in_images(graph)
    groups = [group for r in ranks if (group := [n for n in behind if is_map(n, r)])]
    if not maps_only:
        groups.sort(key=lambda group: all(n.name in linear for n in group))
    maps = groups[0] if groups else []
    if not maps:
        hidden = [n for n in graph.leading_to(outputs) if _hides_layers(n.operation)]
        where = f" outside {hidden[-1].name!r}, whose layers cannot be seen" if hidden else ""
        how = "Set layer" if not hidden else "Build the model from what its call(inputs) returns"
        raise ValueError(
            "model must have a layer with feature maps, such as (N, h, w, K), after its images; "
            f"it has none{where}. {how}."
        )
    places = moved_places(graph)
    maps = [node for node in maps if node.outputs[0] not in places] or maps
    ends = end_nodes(replace(graph, outputs=outputs))
    maps = [node for node in maps if node.name not in ends] or maps
    joint = _passed_by_all(seen, outputs)
    if not (common := [node for node in maps if node.name in joint]):
        ends = [n for n in maps if not {*n.outputs} & {k for m in maps for k in m.inputs}]
        choices = [_before_pooling(graph, [*maps, end]) for end in ends]
        warn(
            "no layer has maps that carry all image information; "
            f"{choices[-1].name!r} is used, which shows only part of it. Set layer to one of "
            f"{', '.join(dict.fromkeys(repr(n.name) for n in choices))}."
        )
        return choices[-1]
    if preferred is not None:
        common = [node for node in common if node.name in preferred] or common
    return _before_pooling(graph, common)


def _hides_layers(operation: keras.Operation) -> bool:
    """Return whether an operation is a subclassed model, or a custom layer made of others."""
    return not can_be_seen(operation) and len([*parts_of(operation)]) > 1


def _behind_images(graph: Graph, outputs: tuple[Key, ...], rank: int) -> list[Node]:
    """List the nodes between the inputs of a rank and the outputs, without vectors and masks."""
    known = {key for key in graph.inputs if len(graph.maker(key).shapes[0]) == rank}
    nodes = []
    for node in graph.leading_to(outputs):
        if not node.boolean and not known.isdisjoint({*node.inputs, *node.outputs}):
            known.update(node.outputs)
            nodes.append(node)
    return nodes


def _passed_by_all(nodes: list[Node], outputs: tuple[Key, ...]) -> set[str]:
    """Return the names of the nodes on every path from the inputs to the outputs."""
    last_use = {
        key: i
        for i, node in enumerate(nodes)
        for key in node.inputs[: getattr(node.operation, "content_inputs", None)]
    }
    last_use.update(dict.fromkeys(outputs, len(nodes)))
    names, reach = set(), -1  # the last use of any earlier output
    for i, node in enumerate(nodes):
        if reach <= i:
            names.add(node.name)
        reach = max([reach, *(last_use[key] for key in node.outputs if key in last_use)])
    return names


def _before_pooling(graph: Graph, maps: list[Node]) -> Node:
    """Return the last feature maps, or the input of the pooling and padding layers at the end.

    What is computed value by value behind the pooling is at the end, too.
    """
    names = {node.name for node in maps}
    node = last = maps[-1]
    while node.name in names and len(node.inputs) == 1:
        name = known_name(node.operation)
        pools = isinstance(node.operation, CLOSING) or name.startswith(POOLING_NAMES)
        if not (pools or keeps_values(node.operation) or is_pointwise(node.operation)):
            break
        node = graph.maker(node.inputs[0])
        if pools and node.name in names:
            last = node
    behind = graph.nodes[graph.nodes.index(last) + 1 :]
    mean_of_powers = known_name(last.operation) in ("Power", "Square") and any(
        known_name(n.operation) in ("Power", "Sqrt") for n in behind
    )
    if mean_of_powers and len(last.inputs) == 1:  # the root of their mean is a pooling, too
        before = graph.maker(last.inputs[0])
        last = before if before.name in names else last
    return last
