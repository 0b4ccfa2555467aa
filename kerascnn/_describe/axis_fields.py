"""What units see along one axis of an input, through one path or several."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from kerascnn.arithmetic import ReceptiveField

Origin = tuple[int, int]  # which input of the model, and which of its axes


class Look(NamedTuple):
    """What the units of a tensor see along one axis of an input.

    Attributes:
        axis: axis of the tensor along which the field moves; `None` if all units see the same.
        field: the receptive field; `None` if unknown.
        alone: whether `axis` represents this axis alone, unlike after flattening.
    """

    axis: int | None
    field: ReceptiveField | None
    alone: bool = True


UNKNOWN = Look(None, None)
View = dict[Origin, Look]


def all_of(look: Look, shape: tuple) -> Look:
    """Return what all units of a tensor see together, with the padding."""
    if look.axis is None:
        return look
    units = shape[look.axis]
    if units is None or look.field is None:
        return UNKNOWN
    spans = [s for s in map(look.field.span, range(units)) if s]
    if not spans:
        return Look(None, ReceptiveField.of_spans([None], 0))
    hull = min(s[0] for s in spans), max(s[1] for s in spans)
    return Look(None, ReceptiveField.of_spans([hull], 0))


def joined(looks: Sequence[Look], size: int | None, shape: tuple) -> Look:
    """Return what units see through several paths, along one axis of the input."""
    known = [(look, look.field) for look in looks if look.field is not None]
    if len(known) < len(looks):
        return UNKNOWN
    known = [(look, field) for look, field in known if field.size] or known[:1]
    axes = {look.axis for look, _field in known if look.axis is not None}
    if len(known) == 1:
        return known[0][0]
    if len(axes) > 1:
        return UNKNOWN
    fixed = [s for look, f in known if look.axis is None for s in f.spans[:1] if s is not None]
    moving = [field for look, field in known if look.axis is not None]
    hull = (min(s[0] for s in fixed), max(s[1] for s in fixed)) if fixed else None
    if not moving:
        return Look(None, ReceptiveField.of_spans([hull], 0))
    (axis,) = axes
    units = shape[axis]
    if hull and size is not None and hull[0] <= 0 and hull[1] >= size - 1:
        # all see the whole image; some also see more of its padding
        spans = [s for f in moving for s in map(f.span, range(units or 0)) if s]
        wider = [(min(hull[0], s[0]), max(hull[1], s[1])) for s in spans]
        widest = max([hull, *wider], key=lambda s: s[1] - s[0])
        return Look(None, ReceptiveField.of_spans([widest], 0))
    alone = all(look.alone for look, _field in known)
    if units is None and len({f.stride for f in moving}) > 1:
        return UNKNOWN  # their fields drift apart by an unknown distance
    field = ReceptiveField.union(moving, units=units)
    if hull is None:
        return Look(axis, field, alone)
    if units is None:
        return UNKNOWN
    spans = map(field.span, range(units))
    spans = [hull if s is None else (min(hull[0], s[0]), max(hull[1], s[1])) for s in spans]
    step = round(field.stride * units)
    return Look(axis, ReceptiveField.of_spans(spans, step, aligned=field.aligned), alone)
