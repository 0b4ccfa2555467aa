"""What units see along one axis of an input, and what they see along several paths at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from kerascnn.arithmetic import ReceptiveField

Origin = tuple[int, int]  # which input of the model, and which of its axes


class Look(NamedTuple):
    """What the units of a tensor see along one axis of an input.

    Attributes:
        axis: the tensor's axis along which it moves; `None`: all units see the same.
        field: what they see; `None` where it is not known.
        alone: whether neighbours along `axis` are neighbours in nothing else, as after flattening.
    """

    axis: int | None
    field: ReceptiveField | None
    alone: bool = True


UNKNOWN = Look(None, None)
View = dict[Origin, Look]


def all_of(look: Look, shape: tuple, size: int | None) -> Look:
    """What all units of a tensor see together, of a real image: no padding."""
    if look.axis is None:
        return look
    units = shape[look.axis]
    if units is None or size is None:
        return UNKNOWN
    spans = [s for s in map(look.field.span, range(units)) if s]
    if not spans:
        return Look(None, ReceptiveField.of_spans([None], 0))
    first, last = max(min(s[0] for s in spans), 0), min(max(s[1] for s in spans), size - 1)
    return Look(None, ReceptiveField.of_spans([(first, last) if first <= last else None], 0))


def joined(looks: Sequence[Look], size: int | None, shape: tuple) -> Look:
    """What units see along several paths at once, on one axis of the input."""
    if any(look.field is None for look in looks):
        return UNKNOWN
    looks = [look for look in looks if look.field.size] or looks[:1]
    axes = {look.axis for look in looks if look.axis is not None}
    if len(looks) == 1:
        return looks[0]
    if len(axes) > 1:
        return UNKNOWN
    fixed = [look.field.spans[0] for look in looks if look.axis is None]
    moving = [look.field for look in looks if look.axis is not None]
    hull = fixed and (min(s[0] for s in fixed), max(s[1] for s in fixed))
    if not moving or (hull and size is not None and hull == (0, size - 1)):
        return Look(None, ReceptiveField.of_spans([hull], 0))
    (axis,) = axes
    units = shape[axis]
    alone = all(look.alone for look in looks)
    if units is None and len({f.stride for f in moving}) > 1:
        return UNKNOWN  # their fields drift apart by an unknown distance
    field = ReceptiveField.union(moving, units=units)
    if not fixed:
        return Look(axis, field, alone)
    if None in (units, size):
        return UNKNOWN
    spans = map(field.span, range(units))
    spans = [
        hull if s is None else (min(hull[0], max(s[0], 0)), max(hull[1], min(s[1], size - 1)))
        for s in spans
    ]
    step = round(field.stride * units)
    return Look(axis, ReceptiveField.of_spans(spans, step, aligned=field.aligned), alone)
