"""Which layers and functions are Keras's own, so that it is known what they compute.

A name does not tell: anyone may call a function `relu`, or a class `Softmax`.
"""

import sys
from collections.abc import Callable

import keras

OWN = ("keras.", "kerascnn.")


def is_known(function: Callable) -> bool:
    """Return whether a function is one of Keras's, of this package's or of TensorFlow's.

    It must be found where it says that it is: Keras takes the code of a Lambda from a file into a
    module of its own.
    """
    module = getattr(function, "__module__", None) or ""
    if not module.startswith((*OWN, "tensorflow.")):
        return False
    name = getattr(function, "__name__", "")
    return getattr(sys.modules.get(module), name, None) is function


def can_be_seen(operation: keras.Operation) -> bool:
    """Return whether it is known what an operation computes: no Lambda, no custom layer.

    A subclass may change the weights that it computes with; see `computes_as_defined`.
    """
    makers = [definer(operation, name) for name in ("call", "__call__", "activation")]
    own = all(kind is None or kind.__module__.startswith(OWN) for kind in makers)
    return own and not isinstance(operation, keras.layers.Lambda)


def definer(operation: keras.Operation, name: str) -> type | None:
    """Return the class of an operation that defines a method or property."""
    kinds = type(operation).__mro__
    return next((kind for kind in kinds if hasattr(vars(kind).get(name), "__get__")), None)
