"""The dropout rate of a recipe, which replaces that of the model during the training."""

from collections.abc import Iterator
from contextlib import contextmanager

import keras

from ._devices import leaves


def dropout_layers(model: keras.Model) -> list[keras.layers.Dropout]:
    """List the layers whose rate a recipe sets: those with a rate above 0."""
    return [one for one in leaves(model) if isinstance(one, keras.layers.Dropout) and one.rate > 0]


@contextmanager
def dropout_rate(model: keras.Model, rate: float | None) -> Iterator[None]:
    """Change the rate of the Dropout layers for a while; `None`: keep their own."""
    layers = [] if rate is None else dropout_layers(model)
    own = [layer.rate for layer in layers]
    try:
        for layer in layers:
            layer.rate = rate
        yield
    finally:
        for layer, before in zip(layers, own, strict=True):
            layer.rate = before
