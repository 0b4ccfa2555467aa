"""Operations of `keras.ops`, by the names of their classes, which are not public."""

from __future__ import annotations

from collections.abc import Sequence

import keras
from keras import layers

from kerascnn._describe.families import POINTWISE_NAMES, REDUCTIONS
from kerascnn._graph import Slot

from . import mixing, moves
from .reach import Reach, Shape, moved, same


def operation_reach(
    operation: keras.Operation, before: Sequence[Shape], after: Shape, slots: tuple[tuple, dict]
) -> list[Reach] | None:
    """The reach of an operation into each of its inputs; `None` where no rule is known."""
    name, ndim = type(operation).__name__, len(before[0]) if before else 0
    if name in POINTWISE_NAMES:
        if isinstance(operation, layers.Layer) and len(before) != 1:
            return None
        return mixing.pointwise(operation, before, after)
    if isinstance(operation, layers.Layer) or len(before) == 0:
        return None
    if name in REDUCTIONS:
        axes = operation.axis
        axes = range(ndim) if axes is None else axes if isinstance(axes, (list, tuple)) else [axes]
        mixed = {axis % ndim for axis in axes}
        stay = [axis for axis in range(1, ndim) if axis not in mixed]
        if 0 in mixed:
            return None  # the images of a batch meet
        return [same(stay) if operation.keepdims else moved({a: i for i, a in enumerate(stay, 1)})]
    if name in ("Softmax", "LogSoftmax"):
        return None if operation.axis is None else mixing.normalization(operation, before, after)
    if name == "Concatenate":
        arrays = slots[0][0]
        every = len(arrays) == len(before)  # none is constant
        return moves.concatenate(operation, before, after) if every else None
    if name == "Transpose" and operation.axes is not None and operation.axes[0] % ndim == 0:
        return [moved({old % ndim: new for new, old in enumerate(operation.axes) if new})]
    if name == "Swapaxes":
        one, other = operation.axis1 % ndim, operation.axis2 % ndim
        order = {axis: axis for axis in range(1, ndim)} | {one: other, other: one}
        return None if 0 in (one, other) else [moved(order)]
    if name == "Flip" and operation.axis is not None:
        axes = operation.axis if isinstance(operation.axis, (list, tuple)) else [operation.axis]
        axes = {axis % ndim for axis in axes}
        if 0 in axes or any(before[0][axis] is None for axis in axes):
            return None
        flips = {axis: (axis, [[before[0][axis] - 1]], -1) for axis in axes}
        return [same(range(1, ndim)) | flips]
    if name == "Pad" and operation.mode == "constant" and len(operation.pad_width) == ndim:
        images, *sides = (tuple(pair) for pair in operation.pad_width)
        shifts = {axis: (axis, [[-start]], 1) for axis, (start, _end) in enumerate(sides, 1)}
        return [shifts] if images == (0, 0) else None
    if name == "GetItem":
        return _get_item(before[0], slots[0][1] if len(slots[0]) > 1 else slots[1].get("key"))
    if name == "Einsum" and all(isinstance(item, Slot) for item in slots[0]):
        parts = operation.subscripts.replace(" ", "").split("->")
        terms = parts[0].split(",")
        if len(parts) != 2 or len(terms) != len(before):
            return None
        if any(not t or not parts[1] or t[0] != parts[1][0] for t in terms):
            return None  # not the batch first
        return [
            mixing.einsum_term(term, parts[1], len(shape), len(after))
            for term, shape in zip(terms, before, strict=True)
        ]
    if name == "Matmul" and len(before) == 1 and isinstance(slots[0][0], Slot):
        return [same(range(1, ndim - 1))] if ndim == len(after) > 1 else None
    if name == "Matmul" and len(before) == 2 and ndim == len(before[1]) == len(after) > 2:
        lead = range(1, ndim - 2)
        return [same([*lead, ndim - 2]), same([*lead, ndim - 1])]
    return None


def _get_item(shape: Shape, key: object) -> list[Reach] | None:
    key = list(key) if isinstance(key, (tuple, list)) else [key]
    known = (int, slice, type(None), type(Ellipsis))
    if any(not isinstance(part, known) or isinstance(part, bool) for part in key):
        return None
    if Ellipsis not in key:
        key.append(Ellipsis)
    at = key.index(Ellipsis)
    more = len(shape) - sum(part is not None for part in key) + 1
    key[at : at + 1] = [slice(None)] * more
    reach, axis, made = {}, 0, 0
    for part in key:
        if part is None:
            made += 1
            continue
        if axis == 0:
            if part != slice(None) or made:
                return None  # images are chosen
        elif isinstance(part, int):
            if part < 0 and shape[axis] is None:
                return None
            reach[axis] = (None, [[part if part >= 0 else part + shape[axis]]], 0)
        elif part == slice(None):
            reach[axis] = (made, [[0]], 1)
        elif shape[axis] is None:
            return None
        else:
            start, _stop, step = part.indices(shape[axis])
            reach[axis] = (made, [[start]], step)
        axis, made = axis + 1, made + (not isinstance(part, int))
    return [reach]
