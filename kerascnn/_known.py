"""Which layers and functions are Keras's own, so that it is known what they compute.

A name does not tell: anyone may call a function `relu`, or a class `Softmax`.
"""

import inspect
import sys
from collections.abc import Callable
from functools import cache

import keras

OWN = ("keras.", "kerascnn.")
# Keras's own, but they compute what they are given: a function, or a network of another library.
OPAQUE = (
    "AssociativeScan", "Cond", "FlaxLayer", "ForiLoop", "JaxLayer", "Map", "Scan", "Switch",
    "TFSMLayer", "TorchModuleWrapper", "VectorizedMap", "WhileLoop",
)  # fmt: skip
RUNNING_OTHERS = (*OPAQUE, "Function", "Pipeline")  # the layers of the last two can be seen


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


def known_name(operation: keras.Operation) -> str:
    """Return the name of the class of Keras's, or of this package's, that an operation computes.

    It is "" for a custom layer, whatever the name of its class. A subclass that computes nothing of
    its own has the name of its parent.
    """
    own = (kind for kind in type(operation).__mro__ if kind.__module__.startswith(OWN))
    return next(own).__name__ if can_be_seen(operation) else ""


def runs_others(operation: keras.Operation) -> bool:
    """Return whether one of Keras's operations computes functions or layers given by the user."""
    return isinstance(operation, keras.Model) or known_name(operation) in RUNNING_OTHERS


def definer(operation: object, name: str) -> type | None:
    """Return the class of an object, such as an operation, that defines a method or property."""
    kinds = type(operation).__mro__
    return next((kind for kind in kinds if hasattr(vars(kind).get(name), "__get__")), None)


def computes_as_defined(operation: keras.Operation) -> bool:
    """Return whether Keras's own code computes an operation, from the weights that it has.

    A subclass may change how a layer is made and add methods, but override nothing that its
    `call` uses, such as `convolution_op` or `kernel`.
    """
    if not can_be_seen(operation):
        return False
    kind = next(kind for kind in type(operation).__mro__ if kind.__module__.startswith(OWN))
    if kind is type(operation):
        return True
    makers = [definer(operation, name) for name in used_by(kind)]
    return all(maker is None or issubclass(kind, maker) for maker in makers)


@cache
def used_by(kind: type) -> frozenset[str]:
    """Return the names in `call` of one of Keras's classes, and in all that it calls of the class.

    >>> {"convolution_op", "kernel", "strides"} <= used_by(keras.layers.Conv2D)
    True
    """
    names, rest = set(), ["call"]
    while rest:
        if (name := rest.pop()) in names:
            continue
        names.add(name)
        value = inspect.getattr_static(kind, name, None)
        function = inspect.unwrap(getattr(value, "fget", value))
        if inspect.isfunction(function):
            rest += function.__code__.co_names
    return frozenset(names)
