"""What the scores of a classifier are, where the function at its end does not tell."""

from collections.abc import Callable

import keras
import numpy as np

from kerascnn._errors import warn
from kerascnn._graph import Graph
from kerascnn._heads import SURE, end_of, last_before_reshaping

POOLING = (
    keras.layers.GlobalAveragePooling1D,
    keras.layers.GlobalAveragePooling2D,
    keras.layers.GlobalAveragePooling3D,
)
NO_CLASSES = ("sigmoid", "part of a ", "softmax over ", "log_softmax over ")  # that exclude others


def end_of_scores(graph: Graph) -> str:
    """Name the function whose values the first output holds, as `end_of`.

    The mean over all positions of probabilities is a probability, and that of logits a logit.
    """
    key = graph.outputs[0]
    end, last = end_of(graph, key), last_before_reshaping(graph, key)[0]
    pools = isinstance(last.operation, POOLING) and last.operation.data_format == "channels_last"
    if pools and end not in SURE and (of_maps := end_of(graph, last.inputs[0])) in SURE:
        return of_maps
    return end


def end_by_loss(
    model: keras.Model,
    end: str,
    units: int | None,
    loss_name: str,
    values: Callable[[], np.ndarray],
    *,
    logits: bool,
) -> str:
    """Name the function whose values the first output holds, by the loss or by the values.

    Args:
        model: a model with a graph, or whose code can be traced.
        end: what it ends in.
        units: number of units of the first output.
        loss_name: name of its loss, as that of `keras_name`; "" if it is none of Keras's.
        values: computes the output for several images.
        logits: whether the loss takes logits.

    Returns:
        "softmax", "sigmoid" or "linear"; `end` if neither tells it.
    """
    if end.startswith(NO_CLASSES):
        return end
    one = units == 1
    if end == "log_softmax" and not one:
        return "linear"  # the softmax of its values is that of the logits
    told = "crossentropy" in loss_name and loss_name.startswith("binary") == one
    if told and logits:
        return "linear"
    found = values()
    inside = found.min() >= 0 and found.max() <= 1
    shares = inside and (told if one else np.allclose(found.sum(axis=-1), 1, atol=0.01))
    if not shares and not (told and np.isnan(found).any()):  # NaN is reported elsewhere
        return end
    if not told:
        warn(
            f"the outputs of {model.name!r}, which ends in {end!r}, are taken for probabilities, "
            "since they lie in [0, 1] and add to 1. To be sure, compile the model with its loss."
        )
    return "sigmoid" if one else "softmax"


def how_to_end(end: str, units: int | None) -> str:
    """Say how a model with a graph can be evaluated that ends in something else."""
    if end.startswith(NO_CLASSES):
        return "use Keras's own model.evaluate for other scores"
    layer = "Activation('sigmoid')" if units == 1 else "Softmax()"
    return f"for logits use keras.Model(model.inputs, keras.layers.{layer}(model.outputs[0]))"
