"""Sums, products and sizes, which are unknown (`None`) if one of their parts is."""

from __future__ import annotations

import math
from collections.abc import Iterable


def all_known(values: Iterable[int | None]) -> list[int] | None:
    """Return the values if all are known.

    >>> all_known((2, 3)), all_known((2, None))
    ([2, 3], None)
    """
    values = list(values)
    known = [value for value in values if value is not None]
    return known if len(known) == len(values) else None


def total(values: Iterable[int | None]) -> int | None:
    """Return the sum."""
    known = all_known(values)
    return None if known is None else sum(known)


def product(*parts: int | None) -> int | None:
    """Return the product."""
    known = all_known(parts)
    return None if known is None else math.prod(known)


def size(shape: Iterable[int | None]) -> int | None:
    """Return the number of values in a tensor of this shape.

    >>> size((2, 3)), size((2, None)), size(())
    (6, None, 1)
    """
    return product(*shape)
