"""Operations of `keras.ops`, by the names of their classes, which are not public."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import keras
from keras import layers

from kerascnn._describe.families import POINTWISE_NAMES, REDUCTIONS
from kerascnn._describe.unknowns import all_known
from kerascnn._graph import Slot

from . import mixing, moves, selections
from .reach import Reach, Shape, moved, same, spread


def operation_reach(
    operation: keras.Operation,
    before: Sequence[Shape],
    after: Shape,
    slots: tuple[tuple, dict],
    output: int = 0,
) -> list[Reach] | None:
    """Return the reach of an operation into each of its inputs; `None` without a rule."""
    name = type(operation).__name__
    if isinstance(operation, layers.Layer):  # a small layer in keras.applications
        rule = mixing.in_place if len(before) == 1 else mixing.merged
        return rule(operation, before, after) if name in POINTWISE_NAMES else None
    if rule := OF_OUTPUTS.get(name):
        return rule(operation, before, after, slots, output)
    if output and name != "TopK":
        return None
    if name in POINTWISE_NAMES:
        return mixing.merged(operation, before, after)
    if name in REDUCTIONS:
        return _reduction(operation, before[0])
    rule = RULES.get(name)
    return rule(operation, before, after, slots) if rule else None


def _reduction(operation: keras.Operation, shape: Shape) -> list[Reach] | None:
    ndim = len(shape)
    axis = operation.axes if hasattr(operation, "axes") else operation.axis
    mixed = set(range(ndim)) if axis is None else _axes(axis, ndim)
    if 0 in mixed:
        return None  # images of a batch are mixed
    stay = [axis for axis in range(1, ndim) if axis not in mixed]
    return [same(stay) if operation.keepdims else moved({a: i for i, a in enumerate(stay, 1)})]


def _transpose(
    operation: keras.Operation, before: Sequence[Shape], after: Shape, _slots: tuple
) -> list[Reach] | None:
    ndim = len(after)
    if operation.axes is None or operation.axes[0] % ndim:
        return None
    return [moved({old % ndim: new for new, old in enumerate(operation.axes) if new})]


def _swapaxes(
    operation: keras.Operation, before: Sequence[Shape], after: Shape, _slots: tuple
) -> list[Reach] | None:
    one, other = operation.axis1 % len(after), operation.axis2 % len(after)
    order = {axis: axis for axis in range(1, len(after))} | {one: other, other: one}
    return None if 0 in (one, other) else [moved(order)]


def _flip(
    operation: keras.Operation, before: Sequence[Shape], after: Shape, _slots: tuple
) -> list[Reach] | None:
    axes = {0} if operation.axis is None else _axes(operation.axis, len(after))
    lengths = all_known(after[axis] for axis in axes)
    if 0 in axes or lengths is None:
        return None
    flips = {axis: (axis, [[n - 1]], -1) for axis, n in zip(axes, lengths, strict=True)}
    return [same(range(1, len(after))) | flips]


def _pad(
    operation: keras.Operation, before: Sequence[Shape], after: Shape, _slots: tuple
) -> list[Reach] | None:
    if operation.mode != "constant" or len(operation.pad_width) != len(after):
        return None
    images, *sides = (tuple(pair) for pair in operation.pad_width)
    shifts: Reach = {axis: (axis, [[-start]], 1) for axis, (start, _end) in enumerate(sides, 1)}
    return [shifts] if images == (0, 0) else None


def _einsum(
    operation: keras.Operation, before: Sequence[Shape], after: Shape, slots: tuple
) -> list[Reach] | None:
    terms, arrow, made = operation.subscripts.replace(" ", "").partition("->")
    if not arrow or not all(isinstance(item, Slot) for item in slots[0]):
        return None
    found = [
        mixing.einsum_term(term, made, shape, after)
        for term, shape in zip(terms.split(","), before, strict=True)
    ]
    known = [reach for reach in found if reach is not None]
    return known if len(known) == len(found) else None


def _matmul(
    operation: keras.Operation, before: Sequence[Shape], after: Shape, slots: tuple
) -> list[Reach] | None:
    """Multiply rows of the first by columns of the second, which may be constant."""
    ndim = len(after)
    if any(len(shape) != ndim for shape in before) or not isinstance(slots[0][0], Slot):
        return None
    if ndim == 2 == len(before):
        return None  # images of a batch are mixed
    kept = (ndim - 2, ndim - 1)  # of the first and of the second matrix
    return [
        spread({axis: axis for axis in (*range(1, ndim - 2), stays) if axis}, shape, after)
        for shape, stays in zip(before, kept, strict=False)
    ]


def _item(
    _operation: keras.Operation, before: Sequence[Shape], after: Shape, slots: tuple
) -> list[Reach] | None:
    args, kwargs = slots
    return _get_item(before[0], args[1] if len(args) > 1 else kwargs.get("key"))


def _get_item(shape: Shape, key: Any) -> list[Reach] | None:
    # Keras accepts only integers, slices, None and an ellipsis.
    key = list(key) if isinstance(key, (tuple, list)) else [key]
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
                return None  # images are selected
        elif isinstance(part, int):
            length = shape[axis]
            if part < 0:
                if length is None:
                    return None
                part += length
            reach[axis] = (None, [[part]], 0)
        elif part == slice(None):
            reach[axis] = (made, [[0]], 1)
        elif shape[axis] is None:
            return None
        else:
            start, _stop, step = part.indices(shape[axis])
            reach[axis] = (made, [[start]], step)
        axis, made = axis + 1, made + (not isinstance(part, int))
    return [reach]


def _axes(axes: Any, ndim: int) -> set[int]:
    return {axis % ndim for axis in (axes if isinstance(axes, (list, tuple)) else [axes])}


MIXING = (
    "Argsort", "LayerNorm", "LogSoftmax", "Normalize", "RMSNorm", "Softmax", "Sort", "Sparsemax",
    "TopK",
)  # fmt: skip
COLORS = ("HSVToRGB", "RGBToGrayscale", "RGBToHSV")
RULES: dict[str, Callable] = {
    **dict.fromkeys(MIXING, selections.mixed),
    **dict.fromkeys(COLORS, selections.colors),
    "Resize": lambda operation, before, after, _slots: moves.resizing(operation, before, after),
    **dict.fromkeys(
        ("Argmax", "Argmin", "Norm"), lambda operation, before, *_: _reduction(operation, before[0])
    ),
    "Concatenate": selections.concatenate,
    "Dot": selections.dot,
    "Tensordot": selections.dot,
    "Glu": selections.glu,
    "Moveaxis": selections.moveaxis,
    "OneHot": selections.one_hot,
    "Repeat": selections.repeat,
    "Roll": selections.roll,
    "Stack": selections.stack,
    "Take": selections.take,
    "Tile": selections.tile,
    "Transpose": _transpose,
    "Swapaxes": _swapaxes,
    "Flip": _flip,
    "Pad": _pad,
    "GetItem": _item,
    "Einsum": _einsum,
    "Matmul": _matmul,
}
OF_OUTPUTS: dict[str, Callable] = {
    "Moments": lambda operation, before, *_: _reduction(operation, before[0]),
    "Split": selections.split,
    "Unstack": selections.unstack,
}
