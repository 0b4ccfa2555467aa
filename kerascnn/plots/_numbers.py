"""How numbers are written in pictures: with a real minus sign, as fractions, with few digits."""

from collections.abc import Callable
from fractions import Fraction

import numpy as np

EXACT = 2  # decimals that are written in full
SHOWN = 3  # digits of numbers that are rounded
LARGEST_DENOMINATOR = 256  # of a kernel of 1/256: the binomial one of 5x5
NEAR = 1e-5  # what float32 may lose of a number, relative
NOTHING = 1e-7  # of the largest number: what is left of a sum that is 0


def number(value: float, fmt: str | Callable[[float], str] | None = "{:g}") -> str:
    """Write a number for a picture, with a real minus sign.

    >>> number(-2.0), number(0.25, "{:.1f}")
    ('−2', '0.2')
    """
    text = fmt(value) if callable(fmt) else (fmt or "{:g}").format(value)
    return text.replace("-", "−")


def format_for(values, *, fractions: bool = False) -> Callable[[float], str]:
    """Choose how the numbers of a grid are written, all in one way.

    Args:
        values: numbers; masked ones do not count.
        fractions: whether 0.111… is written as 1/9.

    >>> [format_for([1, 0.5])(0.5), format_for([1 / 3, 20])(1 / 3)]
    ['0.5', '0.3']
    >>> format_for([1 / 9, 2 / 9], fractions=True)(1 / 9)
    '1/9'
    """
    values = np.ma.masked_array(values).compressed().astype(np.float64)
    largest = np.abs(values).max(initial=0)
    values = values[np.abs(values) > NOTHING * largest]
    for decimals in range(EXACT + 1):
        if is_near(values, values.round(decimals)):
            return lambda value: _without_zeros(f"{value:.{decimals}f}")
    if fractions:
        for bottom in range(2, LARGEST_DENOMINATOR + 1):
            if is_near(values * bottom, (values * bottom).round()):
                return lambda value: str(Fraction(round(value * bottom), bottom))
    decimals = max(0, SHOWN - 1 - int(np.floor(np.log10(largest))))
    return lambda value: f"{value:.{decimals}f}"


def is_near(values, others) -> bool:
    """Whether numbers are the same but for what float32 loses."""
    return bool(np.all(np.abs(np.subtract(values, others)) <= NEAR * np.abs(values)))


def _without_zeros(text: str) -> str:
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text == "-0" else text
