"""The result of a rule, a reach: where the axes of an input go.

For one input tensor, a reach is `{axis: (axis of the output, taps, step)}`, with taps and step as
in `ReceptiveField.through`. The axis of the output is `None` if all units depend on the same
pixels. An axis that is left out is mixed: each unit depends on all of it. The batch is axis 0.
"""

from collections.abc import Iterable, Sequence

Taps = Sequence[Sequence[int]]
Reach = dict[int, tuple[int | None, Taps, int]]
Shape = tuple[int | None, ...]


def same(axes: Iterable[int]) -> Reach:
    """Keep axes in place; each unit depends on the one at its position."""
    return {axis: (axis, [[0]], 1) for axis in axes}


def moved(axes: dict[int, int]) -> Reach:
    """Move axes; keys are the axes of the input."""
    return {old: (new, [[0]], 1) for old, new in axes.items()}


def spread(axes: dict[int, int], shape: Shape, after: Shape) -> Reach:
    """Move axes; those of size 1 are broadcast."""
    return {
        old: (None, [[0]], 0) if shape[old] == 1 != after[new] else (new, [[0]], 1)
        for old, new in axes.items()
    }
