"""Check that a model is channels-last, and that it has no memory of the images before."""

from collections.abc import Sequence

import keras

from kerascnn._errors import warn
from kerascnn._graph import Graph, Key, flatten
from kerascnn._state import parts_of

from .channels import channels_of


def graph_of(model: keras.Model) -> Graph:
    """Return the graph of a channels-last model, with feature maps (N, h, w, K).

    Raises:
        TypeError, ValueError: As for `flatten`, or if a layer is channels-first, or recurrent with
            a state that is carried on to the next batch.
    """
    graph = flatten(model)
    for node in graph.nodes:
        parts = list(parts_of(node.operation))
        if any(isinstance(part, keras.layers.RNN) and part.stateful for part in parts):
            raise ValueError(
                "model must compute the same for the same images; received the layer "
                f"{node.name!r}, which carries its state on to the next batch. Build the model "
                "with stateful=False and load the same weights, which fit both."
            )
        if any(getattr(part, "data_format", None) == "channels_first" for part in parts):
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
    for key in inputs or graph.inputs:
        if node := channels_of(graph, key).moved_by:
            raise ValueError(
                f"model must take its channels on the last axis; {node.name!r} moves another axis "
                "there. Use the part of the model after this layer as a separate keras.Model."
            )


def has_channels(graph: Graph, key: Key) -> bool:
    """Return whether an input has a channel axis, unlike vectors and images (N, H, W).

    (N, L, C) and (N, H, W) have the same rank, but the latter is first flattened or given an axis,
    and so are volumes (N, D, H, W).
    """
    channels = channels_of(graph, key)
    if node := channels.unsure_of:
        warn(
            f"whether the last axis of the input {graph.maker(key).name!r} has channels is not "
            f"known, since a layer before {node.name!r} gives it another one; it is taken as part "
            "of the image. If it has channels, reduce the result over them."
        )
    return channels.exist
