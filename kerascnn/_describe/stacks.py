"""Receptive fields of tensors that are stacked along a new axis."""

from __future__ import annotations

from kerascnn.arithmetic import ReceptiveField

from .axis_fields import Look, View
from .reshapes import regular


def in_turn(found: list[View], axis: int) -> list[View]:
    """Let the new axis carry what differs between the tensors: each unit there sees its own.

    Args:
        found: what the units of each tensor see.
        axis: the new axis.
    """
    made = [dict(view) for view in found]
    for origin in {origin for view in found for origin in view}:
        looks = [view.get(origin) for view in found]
        fields = [look.field if look and look.axis is None else None for look in looks]
        known = [field for field in fields if field is not None]
        spans = [None if field is None else field.spans[0] for field in fields]
        if len(known) == len(looks) - looks.count(None) and len({*spans}) > 1:
            first, step = regular(spans, len(found))
            carried = Look(axis, ReceptiveField.of_spans(first, step))
            for view in made:
                if origin in view:
                    view[origin] = carried
    return made
