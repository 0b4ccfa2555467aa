"""Operations with the gradients that TensorFlow gets wrong, computed in another way."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import keras

from . import _max_pooling_3d, _strided_pointwise
from ._twin import twin


def made_safe(operation: keras.Operation) -> keras.Operation:
    """Return a layer or operation, or a twin of it whose gradient is safe."""
    methods = _safe_methods(operation)
    return twin(operation, None, **methods) if methods else operation


@contextmanager
def gradients_made_safe(model: keras.Model) -> Iterator[None]:
    """Compute the operations of a model in the `with` block so that their gradients are safe.

    Raises:
        NotImplementedError: If the gradient of a transposed convolution is unsafe; names the layer.
    """
    layers = list(model._flatten_layers())
    for layer in layers:
        _strided_pointwise.check_transposed(layer, layer.name)
    others = [each for layer in layers for each in getattr(layer, "operations", ())]
    every = {id(each): each for each in (*layers, *others)}.values()
    changed = [(each, methods) for each in every if (methods := _safe_methods(each))]
    try:
        for operation, methods in changed:
            for name, method in methods.items():
                setattr(operation, name, method)
        yield
    finally:
        for operation, methods in changed:
            for name in methods:
                delattr(operation, name)


def _safe_methods(operation: keras.Operation) -> dict[str, Callable]:
    """Return the methods by name that differ, with none if the operation is safe."""
    return _strided_pointwise.safe_methods(operation) or _max_pooling_3d.safe_methods(operation)
