"""Receptive fields through a reshape, which merges, splits or keeps axes."""

from __future__ import annotations

import math

import keras
from keras import layers

from kerascnn.arithmetic import ReceptiveField

from .axis_fields import UNKNOWN, Look
from .families import is_keras


def writes_the_same(operation: keras.Operation) -> bool:
    """Return whether an operation returns the same values in another shape."""
    name = type(operation).__name__
    return is_keras(operation) and (
        isinstance(operation, layers.Reshape)
        or (
            not isinstance(operation, layers.Layer) and name in ("Reshape", "ExpandDims", "Squeeze")
        )
    )


def regrouped(look: Look, shape: tuple, after: tuple) -> Look:
    """Follow an axis through a change of shape."""
    if look.field is None or look.axis is None:
        return look
    group = _group_of(look.axis, shape, after)
    if group is None:
        return UNKNOWN
    old, new = group
    if len(old) == len(new) == 1:  # its size may be unknown
        return look._replace(axis=new[0])
    field, sizes = look.field, [shape[a] for a in old]
    at, count = old.index(look.axis), math.prod(sizes)
    inner = math.prod(sizes[at + 1 :])
    spans = [field.span(i // inner % sizes[at]) for i in range(count)]
    return _split(spans, [after[a] for a in new], new, look, field, sizes[at])


def _group_of(axis: int, shape: tuple, after: tuple) -> tuple[list[int], list[int]] | None:
    """Return the smallest groups of axes that hold the same values before and after a reshape."""
    if not all(shape[1:]) or not all(after[1:]):
        # If sizes are unknown, only axes before or after everything that changes are followed.
        head = range(1, axis + 1)
        if all(at < len(after) and shape[at] and shape[at] == after[at] for at in head):
            return [axis], [axis]
        back = axis - len(shape)
        tail = range(back, 0)
        if all(-at < len(after) and shape[at] and shape[at] == after[at] for at in tail):
            return [axis], [len(after) + back]
        return None
    olds, news = list(range(1, len(shape))), list(range(1, len(after)))
    old, new = [], []
    while axis not in old:
        old, new = [olds.pop(0)], [news.pop(0)] if news else []
        while (left := _values(shape, old)) != (right := _values(after, new)):
            if left < right:
                old.append(olds.pop(0))
            else:
                new.append(news.pop(0))
    return old, new


def _values(shape: tuple, axes: list[int]) -> int:
    return math.prod(shape[axis] for axis in axes)


def _split(
    spans: list, sizes: list[int], axes: list[int], look: Look, field: ReceptiveField, old: int
) -> Look:
    """Find the one axis of a group along which the field moves."""
    aligned = field.aligned
    for at, (axis, size) in enumerate(zip(axes, sizes, strict=True)):
        inner = math.prod(sizes[at + 1 :])
        own = [spans[i * inner] for i in range(size)]
        if all(span == own[i // inner % size] for i, span in enumerate(spans)):
            first, step = regular(own, round(field.stride))
            found = ReceptiveField.of_spans(first, step, aligned=aligned)
            return Look(axis, found, alone=(look.alone and size == old) or size < len(spans))
    if not axes:
        return Look(None, ReceptiveField.of_spans(spans[:1], 0, aligned=aligned))
    return UNKNOWN


def regular(spans: list, step: int) -> tuple[list, int]:
    """Return the shortest list of spans, and the step after which they repeat."""
    for period in range(1, len(spans)):
        pairs = list(zip(spans, spans[period:], strict=False))
        steps = {b[0] - a[0] if a and b else None for a, b in pairs}
        ends = {b[1] - a[1] if a and b else None for a, b in pairs}
        repeats = steps.pop() if len(steps) == 1 and steps == ends else None
        if repeats is not None:
            return spans[:period], repeats
    return spans, step
