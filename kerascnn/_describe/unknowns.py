"""Sums, products and sizes, which are not known (`None`) where one of their parts is not."""

from __future__ import annotations

import math
from collections.abc import Iterable


def total(values: Iterable[int | None]) -> int | None:
    """Add up."""
    values = list(values)
    return None if None in values else sum(values)


def product(*parts: int | None) -> int | None:
    """Multiply."""
    return None if None in parts else math.prod(parts)


def size(shape: Iterable[int | None]) -> int | None:
    """The number of values in a tensor of a shape.

    >>> size((2, 3)), size((2, None)), size(())
    (6, None, 1)
    """
    return product(*shape)
