"""Which axis of images and maps holds the channels: the last, or the model is refused."""

from collections.abc import Sequence

import keras

from kerascnn._graph import Graph, Key, flatten
from kerascnn.visualize._input_range import front


def graph_of(model: keras.Model) -> Graph:
    """The graph of a model whose maps are (N, h, w, K), as all methods for images take them.

    Raises:
        TypeError, ValueError: as `flatten`; a layer that puts its channels first.
    """
    graph = flatten(model)
    for node in graph.nodes:
        if getattr(node.operation, "data_format", None) == "channels_first":
            raise ValueError(
                f"model must be 'channels_last', with maps (N, h, w, K); received the layer "
                f"{node.name!r}, which is 'channels_first'. Build the model with "
                "data_format='channels_last' and give it the same weights: they fit both."
            )
    return graph


def check_channels_last(graph: Graph, inputs: Sequence[Key] | None = None) -> None:
    """Refuse a model that moves the last axis of its images, which then holds no channels.

    Args:
        graph: the model's.
        inputs: keys of those that count; `None`: all.

    Raises:
        ValueError: with the layer that does.
    """
    for node in (node for key in inputs or graph.inputs for node in front(graph, key)):
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
                "there. Look at the part behind it: keras.Model from its output on."
            )


def has_channels(graph: Graph, key: Key) -> bool:
    """Whether the last axis of an input counts channels: not of vectors, nor of images (N, H, W).

    (N, L, C) and (N, H, W) look alike; the latter are flattened or get an axis first.
    """
    rank = len(graph.maker(key).shapes[0])
    if rank != 3:
        return rank > 3
    return not any(
        isinstance(node.operation, keras.layers.Flatten | keras.layers.Reshape)
        or type(node.operation).__name__ == "ExpandDims"
        for node in front(graph, key)
    )
