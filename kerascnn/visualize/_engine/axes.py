"""Check that a model is channels-last, and that it has no memory of the images before."""

from collections.abc import Iterator, Sequence
from contextlib import suppress

import keras
import numpy as np

from kerascnn._graph import Graph, Key, Node, flatten, run
from kerascnn._known import known_name
from kerascnn._rescaling import preparation
from kerascnn._state import parts_of

RESHAPING = (keras.layers.Flatten, keras.layers.Reshape)
SOME_SIZES = (5, 6, 7)  # of axes of any size


def graph_of(model: keras.Model) -> Graph:
    """Return the graph of a channels-last model, with feature maps (N, h, w, K).

    Raises:
        TypeError, ValueError: As for `flatten`, or if a layer is channels-first, or recurrent with
            a state that is carried on to the next batch.
    """
    graph = flatten(model)
    for node in graph.nodes:
        if any(
            isinstance(part, keras.layers.RNN) and part.stateful
            for part in parts_of(node.operation)
        ):
            raise ValueError(
                "model must compute the same for the same images; received the layer "
                f"{node.name!r}, which carries its state on to the next batch. Build the model "
                "with stateful=False and load the same weights, which fit both."
            )
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
        graph: the model's graph.
        inputs: keys of the inputs to check; `None`: all.

    Raises:
        ValueError: If a layer moves it; the message names the layer.
    """
    for node in (node for key in inputs or graph.inputs for node in _with_its_axes(graph, key)):
        if _moves_channels(graph, node):
            raise ValueError(
                f"model must take its channels on the last axis; {node.name!r} moves another axis "
                "there. Use the part of the model after this layer as a separate keras.Model."
            )


def _moves_channels(graph: Graph, node: Node) -> bool:
    """Measure whether the last axis leaves its place, or another one takes it."""
    if len({*node.inputs}) != 1:
        return False
    shape = graph.shapes[node.inputs[0]][1:]
    shape = [n or SOME_SIZES[i % len(SOME_SIZES)] for i, n in enumerate(shape)]
    last = len(shape)

    def made_of(values: np.ndarray) -> np.ndarray:
        args, kwargs = node.arguments({node.inputs[0]: keras.ops.convert_to_tensor(values)})
        return keras.ops.convert_to_numpy(keras.tree.flatten(run(node, args, kwargs))[0])

    for axis in range(1, last + 1):
        ramp = np.moveaxis(np.zeros((1, *shape), "float32"), axis, -1) + np.arange(shape[axis - 1])
        ramp = np.moveaxis(ramp, -1, axis).astype("float32")
        with suppress(Exception):  # what cannot be computed is refused elsewhere
            made = made_of(ramp) - made_of(np.zeros_like(ramp))  # without a layer's own constants
            if made.ndim != last + 1:
                return False
            along = {a for a in range(1, last + 1) if np.ptp(made, axis=a).max() > 0.1}
            # A layer may vary along other axes, as padding does, or by channel, as Normalization.
            moved = axis not in along and (along if axis == last else last in along)
            if moved:
                return True
    return False


def has_channels(graph: Graph, key: Key) -> bool:
    """Return whether an input has a channel axis, unlike vectors and images (N, H, W).

    (N, L, C) and (N, H, W) have the same rank, but the latter is first flattened or given an axis.
    """
    rank = len(graph.maker(key).shapes[0])
    if rank != 3:
        return rank > 3
    return not any(
        isinstance(node.operation, RESHAPING) or known_name(node.operation) == "ExpandDims"
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
