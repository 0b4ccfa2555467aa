"""How plots write numbers: with a real minus sign, as fractions, with few digits."""

from collections.abc import Callable
from fractions import Fraction

import numpy as np

EXACT = 2  # numbers with up to this many decimals are written exactly
SHOWN = 3  # significant digits of rounded numbers
LARGEST_DENOMINATOR = 256  # of the binomial 5x5 kernel
NEAR = 1e-5  # relative error due to float32
NOTHING = 1e-7  # relative to the largest number: rounding error of a sum that is 0


def number(value: float, fmt: str | Callable[[float], str] | None = "{:g}") -> str:
    """Format a number with a real minus sign.

    >>> number(-2.0), number(0.25, "{:.1f}")
    ('−2', '0.2')
    """
    text = fmt(value) if callable(fmt) else (fmt or "{:g}").format(value)
    return text.replace("-", "−")


def format_for(values, *, fractions: bool = False) -> Callable[[float], str]:
    """Choose one format for all numbers of a grid.

    Args:
        values: numbers; masked ones are ignored.
        fractions: whether to write 0.111… as 1/9.

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
    """Return whether numbers are equal within the precision of float32."""
    return bool(np.all(np.abs(np.subtract(values, others)) <= NEAR * np.abs(values)))


def _without_zeros(text: str) -> str:
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text == "-0" else text
