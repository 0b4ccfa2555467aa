"""What layers compute with besides their weights: attributes, constants and functions.

A result that was kept for a model, such as a compiled computation, is valid as long as this state
is the same. References are weak: a state keeps nothing alive, and what is dead is never equal.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from functools import cache, partial
from types import CodeType, FunctionType, MethodType, ModuleType
from typing import Any
from weakref import ref

import keras
import numpy as np

from ._known import is_known, used_by

PLAIN = frozenset({bool, int, float, complex, str, bytes, type(None)})
LISTS = (tuple, list, set, frozenset, deque)
ARRAYS = (np.ndarray, np.generic)
WHOLE = (type, ModuleType, keras.Operation)  # whose own attributes are not looked at
# Beginnings of modules' names
LIBRARIES = ("keras.", "kerascnn.", "tensorflow.", "numpy.", "builtins.")
DEPTH = 4  # of attributes of objects, items of lists, and functions that functions call
LARGEST = 1000  # items of a list, or bytes of an array, that are compared one by one
USED = {"_dtype_policy", "_trainable", "autocast", "_convert_input_args"}  # among Keras's own


class State:
    """The state of some operations and of the layers inside them.

    What is not seen: large arrays that are changed in place, and what functions reach otherwise
    than by their arguments, closures, globals, and the attributes of global classes and modules,
    such as files.
    """

    def __init__(self, operations: Iterable[keras.Operation]) -> None:
        keras_own = _keras_own()
        parts = [part for operation in operations for part in parts_of(operation)]
        self._parts = [_identity(part) for part in parts]
        self._attributes = [
            {
                name: value if type(value) in PLAIN else _value(value, DEPTH)
                for name, value in vars(part).items()
                if name not in keras_own
            }
            for part in parts
        ]
        for part, attributes in zip(parts, self._attributes, strict=True):
            if not _is_of_library(type(part).__module__):
                attributes["call()"] = tuple(_value_of_call(type(part)))

    def changes(self, other: State) -> set[tuple[int, str]]:
        """Return what differs from another state, as (number of the layer, attribute)."""
        if self._parts != other._parts:
            return {(-1, "layers")}
        return {
            (i, name)
            for i, (own, others) in enumerate(zip(self._attributes, other._attributes, strict=True))
            if own != others
            for name in own.keys() | others.keys()
            if own.get(name) != others.get(name)  # Keras may set what is missing to None
        }


@cache
def _keras_own() -> frozenset[str]:
    """Return the attributes that every layer and model has, which mostly keep Keras's accounts."""
    name = "own"  # so that Keras does not number the models of the user on
    image = keras.Input((1,), name=name)
    same = keras.layers.Identity(name="same")(image)
    some = keras.layers.Layer(name=name), keras.Model(image, same, name=name)
    return frozenset({attribute for each in some for attribute in vars(each)} - USED)


def parts_of(operation: keras.Operation) -> Iterable[keras.Operation]:
    """Return an operation and the layers inside it, as in a wrapper."""
    return operation._flatten_layers() if isinstance(operation, keras.Layer) else (operation,)


def _is_of_library(module: str) -> bool:
    return f"{module}.".startswith(LIBRARIES)


def _identity(item: object) -> tuple:
    """Identify an object without comparing it, which may be ambiguous, as for arrays."""
    try:
        return id(item), ref(item)  # the same reference as long as the object lives
    except TypeError:
        return id(item), type(item).__name__


def _value(item: Any, depth: int) -> object:
    """Return a value that is equal as long as an attribute is."""
    kind = type(item)
    if kind in PLAIN:
        return item
    if depth == 0:
        return _identity(item)
    if isinstance(item, FunctionType):
        return _identity(item), *_value_of_function(item, depth - 1)
    if isinstance(item, LISTS) and len(item) <= LARGEST:
        if PLAIN.issuperset(map(type, item)):
            return tuple(item)
        return tuple([_value(each, depth - 1) for each in item])
    if isinstance(item, dict) and len(item) <= LARGEST:
        return tuple([(_value(k, 1), _value(v, depth - 1)) for k, v in item.items()])
    if isinstance(item, ARRAYS) and item.nbytes <= LARGEST:
        return item.dtype.str, item.shape, item.tobytes()
    if _is_of_library(kind.__module__) or isinstance(item, WHOLE):
        return _identity(item)
    if isinstance(item, MethodType):
        return _identity(item.__self__), _value(item.__func__, depth)
    if isinstance(item, partial):
        return _value((item.func, item.args, item.keywords), depth)
    own = getattr(item, "__dict__", None)
    if own is None and isinstance(slots := getattr(kind, "__slots__", None), tuple):
        own = {name: getattr(item, name, None) for name in slots}
    return _identity(item), _value(own, depth - 1) if type(own) is dict else None


def _value_of_call(kind: type) -> Iterable[object]:
    """Yield the methods and class attributes of the user that `call` may use."""
    kinds = [base for base in kind.__mro__ if not _is_of_library(base.__module__)]
    keras_own = next(base for base in kind.__mro__ if base.__module__.startswith("keras."))
    names, rest = set(), ["call", *used_by(keras_own)]
    while rest:
        if (name := rest.pop()) in names:
            continue
        names.add(name)
        for own in (vars(base) for base in kinds):
            if name in own:
                value = own[name]
                function = getattr(value, "fget", getattr(value, "__func__", value))
                function = getattr(function, "__wrapped__", function)
                if type(function) is FunctionType:
                    rest += _names(function.__code__)
                yield name, _value(function, DEPTH)


def _value_of_global(item: Any, names: Iterable[str], depth: int) -> object:
    """Return a global's value; of the user's class or module, what a function looks up in it."""
    module = item.__module__ if isinstance(item, type) else getattr(item, "__name__", "")
    if isinstance(item, type | ModuleType) and not _is_of_library(module):
        own = vars(item)
        looked_up = [_value(own[name], depth - 1) for name in names if name in own]
        return _identity(item), tuple(looked_up)
    return _value(item, depth)


def _value_of_function(function: FunctionType, depth: int) -> Iterable[object]:
    """Yield what a function computes with: its code, defaults, closure and globals."""
    if is_known(function):
        return
    yield _identity(function.__code__)
    yield _value(function.__defaults__, depth + 1)
    yield _value(function.__kwdefaults__, depth + 1)
    for cell in function.__closure__ or ():
        try:
            yield _value(cell.cell_contents, depth)
        except ValueError:  # not assigned yet
            yield Ellipsis
    for name in (names := _names(function.__code__)):
        if name in function.__globals__:
            yield _value_of_global(function.__globals__[name], names, depth)


@cache
def _names(code: CodeType) -> tuple[str, ...]:
    """Return the names that a function and the functions inside it may look up."""
    inner = (const for const in code.co_consts if isinstance(const, CodeType))
    return *code.co_names, *(name for each in inner for name in _names(each))
