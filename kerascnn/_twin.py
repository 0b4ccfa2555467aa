"""Copies of layers that share their weights."""

from typing import Any

import keras


def twin(
    operation: keras.Operation, kind: type | None = None, /, **changed: Any
) -> keras.Operation:
    """Return a layer or operation with the weights of another, which differs in some attributes.

    The other is not modified. `copy.copy` would serialize a layer.

    Args:
        operation: the original.
        kind: the class of the twin; `None`: that of the original.
        changed: attributes of the twin that differ.
    """
    twin = object.__new__(kind or type(operation))
    twin.__dict__.update(operation.__dict__, **changed)
    return twin
