"""Models without a graph of layers: subclasses of `keras.Model` with a `call` of their own."""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np

from kerascnn._errors import warn
from kerascnn._graph import flatten, has_graph
from kerascnn._heads import applied_last, keeps_values
from kerascnn._processor import in_a_line

from ._ends import end_of_scores

UNKNOWN = "unknown function"  # the end of code that cannot be traced
HOW_TO_END = "end call() in keras.ops.softmax or sigmoid, or in such a layer, created last"


def traced(model: keras.Model, image_shape: Sequence[int]) -> keras.Model | None:
    """Run the code of a subclass on symbols, which leaves a graph; `None` if it needs numbers.

    Args:
        model: the model, whose layers the graph shares.
        image_shape: (H, W, C).
    """
    image = keras.Input(image_shape)
    try:
        if not model.built:
            model(image)  # creates the weights of build()
        return keras.Model(image, model.call(image))
    except Exception:  # whatever the code raises
        return None


def end_of_layers(model: keras.Model) -> str:
    """Name the function that the last of a model's layers applies, in the order of their names."""
    last = next((one for one in reversed(model.layers) if not keeps_values(one)), model)
    return applied_last(last)


def ends_of_values(model: keras.Model, outputs: Any, *, logits: bool = False) -> list[str]:
    """Name the function whose values each output holds, for a model that cannot be traced.

    The last of the layers may be applied earlier, or be followed by functions. The values show it.

    Args:
        model: the model.
        outputs: what it returns for several images.
        logits: whether its loss takes logits.
    """
    guess = end_of_layers(model)
    arrays = [np.asarray(one, "float32") for one in keras.tree.flatten(outputs)]
    return [_end_of_values(one, guess, logits) for one in arrays]


def _end_of_values(values: np.ndarray, guess: str, logits: bool) -> str:
    if np.isnan(values).any():  # is reported elsewhere
        return guess
    one = values.shape[-1] == 1
    inside = values.min() >= 0 and values.max() <= 1
    shares = inside and (one or np.allclose(values.sum(axis=-1), 1, atol=0.01))  # of halves, too
    if logits and (one or not shares):
        return "linear"
    if inside and guess == "sigmoid":
        return guess
    if shares:
        return "sigmoid" if one else "softmax"
    return "linear" if guess == "linear" else UNKNOWN


def warn_of_values(model: keras.Model, end: str) -> None:
    """Warn of outputs that are taken for probabilities only because of their values."""
    if end in ("softmax", "sigmoid") and end != end_of_layers(model):
        warn(
            f"the outputs of {type(model).__name__} {model.name!r}, whose code cannot be traced, "
            f"are taken for probabilities, since they lie in [0, 1]. To be sure, {HOW_TO_END}."
        )


def as_graph(model: keras.Model, image_shape: Sequence[int]) -> tuple[keras.Model, str | None]:
    """Return a model that has a graph and the same outputs, and what the first of them holds.

    The latter is `None` if the code of the model cannot be traced.

    Args:
        model: any model; one with a graph is returned.
        image_shape: (H, W, C).

    Raises:
        ValueError: If the model does not take such images.
    """
    if has_graph(model):
        return model, end_of_scores(flatten(model))
    if seen := traced(model, image_shape):
        return seen, end_of_scores(flatten(seen))
    image = keras.Input(image_shape)
    try:
        return keras.Model(image, model(image)), None
    except Exception as error:  # whatever the code raises
        raise ValueError(
            f"images must have a size that the model takes; received {tuple(image_shape)}, for "
            f"which {type(model).__name__} {model.name!r} raises {in_a_line(error):.300}"
        ) from error
