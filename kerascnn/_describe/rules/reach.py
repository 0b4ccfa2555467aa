"""What a rule says: where the axes of an input go.

A reach is, for one input tensor, `{axis: (axis of the output, taps, step)}`, with taps and step as
`ReceptiveField.through` takes them. The output's axis is `None` where all units take the same; an
axis that is left out is mixed: each unit takes all of it. The batch is axis 0.
"""

from collections.abc import Iterable, Sequence

Taps = Sequence[Sequence[int]]
Reach = dict[int, tuple[int | None, Taps, int]]
Shape = tuple[int | None, ...]


def same(axes: Iterable[int]) -> Reach:
    """Axes that stay where they are, each unit taking that in its place."""
    return {axis: (axis, [[0]], 1) for axis in axes}


def moved(axes: dict[int, int]) -> Reach:
    """Axes that go elsewhere, by the axis of the input."""
    return {old: (new, [[0]], 1) for old, new in axes.items()}


def spread(axes: dict[int, int], shape: Shape, after: Shape) -> Reach:
    """Axes that go elsewhere; one of size 1 serves all places of a longer one."""
    return {
        old: (None, [[0]], 0) if shape[old] == 1 != after[new] else (new, [[0]], 1)
        for old, new in axes.items()
    }
