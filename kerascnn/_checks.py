"""Checks of arguments that are numbers, functions or one of several names.

A whole number is any `numbers.Integral`, including NumPy's, except `True` and `False`. The checks
return a plain `int` or `float`, which Keras can save with a model.
"""

import math
from collections.abc import Callable, Collection, Iterable, Sequence
from numbers import Integral, Real
from os import PathLike
from typing import TypeGuard

from ._errors import unknown


def is_whole(value: object, least: float = 0) -> TypeGuard[int]:
    """Return whether a value is a whole number of at least `least`.

    >>> is_whole(3), is_whole(True), is_whole(3.0)
    (True, False, False)
    """
    return isinstance(value, Integral) and not isinstance(value, bool) and int(value) >= least


def is_number(value: object) -> bool:
    """Return whether a value is a finite number.

    >>> is_number(0.5), is_number(True), is_number(math.nan)
    (True, False, False)
    """
    return isinstance(value, Real) and not isinstance(value, bool) and math.isfinite(value)


def check_count(name: str, value: int, least: int = 1) -> int:
    """Check for a whole number of at least `least`, and return it.

    >>> check_count("steps", 0)
    Traceback (most recent call last):
    ValueError: steps must be a whole number of at least 1; received 0.
    """
    if not is_whole(value, least):
        raise ValueError(f"{name} must be a whole number of at least {least}; received {value!r}.")
    return int(value)


def check_pair(
    name: str, value: int | Sequence[int], least: int = 1, *, of: str = ""
) -> tuple[int, int]:
    """Check for one or two whole numbers, and return height and width.

    Args:
        name: name of the argument.
        value: value of the argument; a single number is used for both.
        least: smallest allowed number.
        of: what is counted, such as " of pixels", for the error message.

    >>> check_pair("kernel_size", 3)
    (3, 3)
    """
    pair = tuple(value) if isinstance(value, Iterable) else (value, value)
    if len(pair) != 2 or not all(is_whole(n, least) for n in pair):
        raise ValueError(
            f"{name} must be a whole number{of} of at least {least}, or two, (height, width); "
            f"received {value!r}."
        )
    return int(pair[0]), int(pair[1])


def check_is_array(name: str, value: object) -> None:
    """Reject a data set, which is no array.

    >>> check_is_array("images", iter([]))
    Traceback (most recent call last):
    ValueError: images must be an array; received a list_iterator: pass the images of a batch of it.
    """
    like = hasattr(value, "__array__") or hasattr(value, "shape")
    if not (like or isinstance(value, list | tuple | Real)):
        raise ValueError(
            f"{name} must be an array; received a {type(value).__name__}: pass the images of a "
            f"batch of it."
        )


def check_number(
    name: str,
    value: float,
    low: float = 0,
    high: float = math.inf,
    *,
    below: float = math.inf,
) -> float:
    """Check for a finite number from `low` to `high` and below `below`, and return it.

    Args:
        name: name of the argument.
        value: value of the argument.
        low, high: smallest and largest allowed number.
        below: exclusive upper limit.

    >>> check_number("dropout", 0.5, below=1)
    0.5
    >>> check_number("dropout", "half", below=1)
    Traceback (most recent call last):
    ValueError: dropout must be a number of at least 0 and below 1; received 'half'.
    """
    if not is_number(value) or not low <= value <= high or value >= below:
        allowed = f"from {low:g} to {high:g}" if high < math.inf else f"of at least {low:g}"
        if below < math.inf:
            allowed = f"of at least {low:g} and below {below:g}"
        raise ValueError(f"{name} must be a number {allowed}; received {value!r}.")
    return float(value)


def check_range(name: str, value: Sequence[float]) -> tuple[float, float]:
    """Check for two finite numbers, the smaller one first, and return them.

    >>> check_range("input_range", (0, 255))
    (0.0, 255.0)
    >>> check_range("window", 255)
    Traceback (most recent call last):
    ValueError: window must be two numbers, one for black and a larger one for white; received 255.
    """
    ends = tuple(value) if isinstance(value, Iterable) else ()
    if len(ends) != 2 or not all(map(is_number, ends)) or ends[0] >= ends[1]:
        raise ValueError(
            f"{name} must be two numbers, one for black and a larger one for white; "
            f"received {value!r:.60}."
        )
    return float(ends[0]), float(ends[1])


def check_choice(name: str, value: object, choices: Collection[str]) -> None:
    """Check for one of several names.

    >>> check_choice("pooling", "maximum", ["avg", "max"])
    Traceback (most recent call last):
    ValueError: pooling must be one of 'avg', 'max'; received 'maximum'. Did you mean 'max'?
    """
    if not isinstance(value, str) or value not in choices:
        raise unknown(name, value, choices)


def refuse_path(name: str, images: object) -> None:
    """Reject the path of a file where an array is expected, and explain how to read the file.

    >>> refuse_path("picture", "cat.jpg")
    Traceback (most recent call last):
    TypeError: picture must be an array; received the path 'cat.jpg'. Read the file first:
        np.asarray(PIL.Image.open('cat.jpg').convert('RGB')) / 255 is one image (H, W, 3).
    """
    if isinstance(images, str | PathLike):
        path = str(images)
        raise TypeError(
            f"{name} must be an array; received the path {path!r}. Read the file first: "
            f"np.asarray(PIL.Image.open({path!r}).convert('RGB')) / 255 is one image (H, W, 3)."
        )


def check_callables(name: str, given: Callable | Sequence[Callable] | None) -> tuple[Callable, ...]:
    """Check for a function, several or none, and return them as a tuple.

    >>> check_callables("callback", None)
    ()
    """
    if given is None or callable(given):
        return () if given is None else (given,)
    if not isinstance(given, list | tuple) or not all(map(callable, given)):
        raise TypeError(f"{name} must be a function; received {given!r}.")
    return tuple(given)
