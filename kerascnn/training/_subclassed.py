"""Models without a graph of layers: subclasses of `keras.Model` with a `call` of their own."""

from collections.abc import Sequence

import keras

from kerascnn._graph import has_graph
from kerascnn._heads import applied_last, keeps_values, last_activation
from kerascnn._processor import in_a_line


def traced(model: keras.Model, image_shape: Sequence[int]) -> keras.Model | None:
    """Run the code of a subclass on symbols, which leaves a graph; `None` if it needs numbers.

    Args:
        model: the model, whose layers the graph shares.
        image_shape: (H, W, C).
    """
    image = keras.Input(image_shape)
    try:
        return keras.Model(image, model.call(image))
    except Exception:  # whatever the code raises
        return None


def end_of_layers(model: keras.Model) -> str:
    """Name the function that the last of a model's layers applies, in the order of their names."""
    last = next((one for one in reversed(model.layers) if not keeps_values(one)), model)
    return applied_last(last)


def as_graph(model: keras.Model, image_shape: Sequence[int]) -> tuple[keras.Model, str]:
    """Return a model that has a graph and the same outputs, and what the first of them holds.

    Args:
        model: any model; one with a graph is returned.
        image_shape: (H, W, C).

    Raises:
        ValueError: If the model does not take such images.
    """
    if has_graph(model):
        return model, last_activation(model)
    if seen := traced(model, image_shape):
        return seen, last_activation(seen)
    image = keras.Input(image_shape)
    try:
        return keras.Model(image, model(image)), end_of_layers(model)
    except Exception as error:  # whatever the code raises
        raise ValueError(
            f"images must be such that the model takes them; received {tuple(image_shape)}, for "
            f"which {type(model).__name__} {model.name!r} raises {in_a_line(error):.300}"
        ) from error
