"""Numbers that are given as arguments, checked in one place."""

from numbers import Integral


def check_count(name: str, value: int, least: int = 1) -> int:
    """A whole number.

    Raises:
        ValueError: not one, or below `least`.
    """
    if not isinstance(value, Integral) or isinstance(value, bool) or value < least:
        raise ValueError(f"{name} must be a whole number of at least {least}; received {value!r}.")
    return int(value)
