"""Check that a model is channels-last."""

from collections.abc import Iterator, Sequence

import keras

from kerascnn._graph import Graph, Key, Node, flatten
from kerascnn._rescaling import preparation

RESHAPING = (keras.layers.Flatten, keras.layers.Reshape)


def graph_of(model: keras.Model) -> Graph:
    """Return the graph of a channels-last model, with feature maps (N, h, w, K).

    Raises:
        TypeError, ValueError: as for `flatten`, or if a layer is channels-first.
    """
    graph = flatten(model)
    for node in graph.nodes:
        if getattr(node.operation, "data_format", None) == "channels_first":
            raise ValueError(
                f"model must be 'channels_last', with maps (N, h, w, K); received the layer "
                f"{node.name!r}, which is 'channels_first'. Build the model with "
                "data_format='channels_last' and load the same weights, which fit both formats."
            )
    return graph


def check_channels_last(graph: Graph, inputs: Sequence[Key] | None = None) -> None:
    """Reject a model that moves the channel axis of its images.

    Args:
        graph: the model's.
        inputs: keys of those that count; `None`: all.

    Raises:
        ValueError: with the layer that moves it.
    """
    for node in (node for key in inputs or graph.inputs for node in _with_its_axes(graph, key)):
        if isinstance(node.operation, keras.layers.Permute):
            axes = [0, *node.operation.dims]
        elif type(node.operation).__name__ == "Transpose":
            rank = len(node.shapes[0])
            axes = [n % rank for n in node.operation.axes or range(rank - 1, -1, -1)]
        else:
            continue
        if axes[-1] != len(axes) - 1:
            raise ValueError(
                f"model must take its channels on the last axis; {node.name!r} moves another axis "
                "there. Use the part of the model after this layer as a separate keras.Model."
            )


def has_channels(graph: Graph, key: Key) -> bool:
    """Whether an input has a channel axis, unlike vectors and images (N, H, W).

    (N, L, C) and (N, H, W) have the same rank, but the latter is first flattened or given an axis.
    """
    rank = len(graph.maker(key).shapes[0])
    if rank != 3:
        return rank > 3
    return not any(
        isinstance(node.operation, RESHAPING) or type(node.operation).__name__ == "ExpandDims"
        for node in _with_its_axes(graph, key)
    )


def _with_its_axes(graph: Graph, key: Key) -> Iterator[Node]:
    """Yield the nodes that prepare an input, up to and including the first that may reshape it."""
    rank = len(graph.maker(key).shapes[0])
    for node in preparation(graph, key):
        yield node
        layer = node.operation
        known = type(layer).__module__.startswith("keras.")
        known = known and not isinstance(layer, (*RESHAPING, keras.layers.Lambda))
        if not known or len(node.shapes[0]) != rank:
            return
