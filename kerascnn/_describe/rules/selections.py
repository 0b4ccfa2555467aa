"""Operations of `keras.ops` that stack, split, select, order or repeat along an axis."""

from __future__ import annotations

from collections.abc import Sequence

import keras
import numpy as np

from kerascnn._describe.reshapes import regular
from kerascnn._describe.unknowns import all_known
from kerascnn._graph import Slot

from . import moves
from .reach import Reach, Shape, Taps, moved, same


def stack(
    operation: keras.Operation, before: Sequence[Shape], after: Shape, slots: tuple
) -> list[Reach] | None:
    """Axes behind the new one are shifted; see `stacks.in_turn` for the new one."""
    axis, every = operation.axis % len(after), len(slots[0][0]) == len(before)
    reach = moved({a: a + (a >= axis) for a in range(1, len(after) - 1)})
    return [reach] * len(before) if axis and every else None


def unstack(
    operation: keras.Operation,
    before: Sequence[Shape],
    after: Shape,
    _slots: tuple,
    output: int,
) -> list[Reach] | None:
    """Each output is one index of an axis."""
    ndim = len(before[0])
    axis = operation.axis % ndim
    others = moved({a: a - (a > axis) for a in range(1, ndim) if a != axis})
    return [others | {axis: (None, [[output]], 0)}] if axis else None


def split(
    operation: keras.Operation,
    before: Sequence[Shape],
    after: Shape,
    _slots: tuple,
    output: int,
) -> list[Reach] | None:
    """Each output is a part of an axis, one behind the other."""
    axis, ends = operation.axis % len(after), operation.indices_or_sections
    if not axis:
        return None
    if isinstance(ends, int):
        size = before[0][axis]
        if size is None:
            return None
        start = output * (size // ends)
    else:
        start = int((0, *ends)[output])
    shift: Reach = {axis: (axis, [[start]], 1)}
    return [same(range(1, len(after))) | shift] if start >= 0 else None


def take(
    operation: keras.Operation, before: Sequence[Shape], after: Shape, slots: tuple
) -> list[Reach] | None:
    """Indices of one axis are selected, which are the same for all images."""
    (shape, *others), (args, kwargs) = before, slots
    given = args[1] if len(args) > 1 else kwargs["indices"]
    if others or not isinstance(args[0], Slot) or isinstance(given, Slot):
        return None
    if operation.axis is None or not operation.axis % len(shape):
        return None
    axis, indices = operation.axis % len(shape), np.array(given)
    size = shape[axis]
    if indices.ndim > 1 or (size is None and (indices < 0).any()):
        return None
    taken = [int(i if size is None else i % size) for i in indices.flat]
    gone = 1 - indices.ndim
    reach = moved({a: a - gone * (a > axis) for a in range(1, len(shape)) if a != axis})
    return [reach | {axis: (None, [taken], 0) if gone else (axis, *_in_order(taken))}]


def _in_order(taken: list[int]) -> tuple[Taps, int]:
    """Return the taps and the step of units that see one index each."""
    first, step = regular([(i, i) for i in taken], len(taken))
    return [[i] for i, _same in first], step


def concatenate(
    operation: keras.Operation, before: Sequence[Shape], after: Shape, slots: tuple
) -> list[Reach] | None:
    """None of the parts may be constant."""
    every = len(slots[0][0]) == len(before)
    return moves.concatenate(operation, before, after) if every else None


def moveaxis(
    operation: keras.Operation, before: Sequence[Shape], after: Shape, _slots: tuple
) -> list[Reach] | None:
    ndim = len(after)
    source, destination = (
        [a % ndim for a in each] for each in (operation.source, operation.destination)
    )
    order = [axis for axis in range(ndim) if axis not in source]
    for new, old in sorted(zip(destination, source, strict=True)):
        order.insert(new, old)
    return None if order[0] else [moved({old: new for new, old in enumerate(order) if new})]


def roll(
    operation: keras.Operation, before: Sequence[Shape], after: Shape, _slots: tuple
) -> list[Reach] | None:
    """What leaves an axis at its end enters at its start."""
    if operation.axis is None:
        return None
    axes = {
        int(axis) % len(after): int(by)
        for axis, by in np.broadcast(operation.axis, operation.shift)
    }
    once = len(axes) == np.size(operation.axis)
    if 0 in axes or not once or all_known(after[axis] for axis in axes) is None:
        return None
    turned = {
        axis: (axis, *_in_order([(i - by) % n for i in range(n)]))
        for axis, by in axes.items()
        if (n := after[axis])
    }
    return [same(range(1, len(after))) | turned]


def repeat(
    operation: keras.Operation, before: Sequence[Shape], after: Shape, _slots: tuple
) -> list[Reach] | None:
    """Each index is repeated, as by upsampling."""
    if operation.axis is None or np.size(operation.repeats) != 1:
        return None
    axis, count = operation.axis % len(after), int(np.asarray(operation.repeats).item())
    repeated: Reach = {axis: (axis, [[0]] * count, 1)}
    return [same(range(1, len(after))) | repeated] if axis and count else None


def tile(
    operation: keras.Operation, before: Sequence[Shape], after: Shape, _slots: tuple
) -> list[Reach] | None:
    """All indices of an axis are repeated, one after the other."""
    (shape,) = before
    counts = np.atleast_1d(operation.repeats).tolist()
    counts = [1] * (len(shape) - len(counts)) + counts
    if len(counts) != len(shape) or counts[0] != 1 or 0 in counts:
        return None
    reach = same(range(1, len(after)))
    for axis, (size, count) in enumerate(zip(shape[1:], counts[1:], strict=True), 1):
        if count > 1:
            if size is None:
                return None
            reach[axis] = (
                (None, [[0]], 0) if size == 1 else (axis, *_in_order([*range(size)] * count))
            )
    return [reach]


def mixed(
    operation: keras.Operation, before: Sequence[Shape], after: Shape, _slots: tuple
) -> list[Reach] | None:
    """All values along an axis depend on each other, as in a sorted one."""
    ndim, axes = len(after), getattr(operation, "axis", -1)  # `top_k` has only the last one
    if axes is None or len(before) > 1 or ndim != len(before[0]):
        return None
    gone = {axis % ndim for axis in np.atleast_1d(axes).tolist()}
    return None if 0 in gone else [same(a for a in range(1, ndim) if a not in gone)]


def glu(
    operation: keras.Operation, before: Sequence[Shape], after: Shape, _slots: tuple
) -> list[Reach] | None:
    """The first half of an axis is multiplied by a gate of the second."""
    axis = operation.axis % len(after)
    size = before[0][axis]
    if not axis or size is None:
        return None
    gated: Reach = {axis: (axis, [[0, size // 2]], 1)}
    return [same(range(1, len(after))) | gated]


def colors(
    operation: keras.Operation, before: Sequence[Shape], after: Shape, _slots: tuple
) -> list[Reach]:
    """The colors of a pixel are mixed."""
    channel = 1 if operation.data_format == "channels_first" else len(after) - 1
    return [same(axis for axis in range(1, len(after)) if axis != channel)]


def one_hot(
    operation: keras.Operation, before: Sequence[Shape], after: Shape, _slots: tuple
) -> list[Reach] | None:
    last = operation.axis in (-1, len(after) - 1)
    return [same(range(1, len(after) - 1))] if last else None


def dot(
    operation: keras.Operation, before: Sequence[Shape], after: Shape, slots: tuple
) -> list[Reach] | None:
    """The last axis is multiplied by a constant matrix."""
    first, *others = slots[0]
    constant = len(before) == 1 and isinstance(first, Slot) and len(others) == 1
    if not constant or np.ndim(others[0]) not in (1, 2) or getattr(operation, "axes", 1) != 1:
        return None
    return [same(range(1, len(before[0]) - 1))]
