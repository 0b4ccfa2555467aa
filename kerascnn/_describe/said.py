"""What the units of a layer see as it says itself, by its method `receptive_field`."""

from __future__ import annotations

import keras

from kerascnn.arithmetic import ReceptiveField

from .looks import UNKNOWN, Look, Origin, View, all_of, joined


def said_by(
    operation: keras.Operation,
    seen: list[View],
    before: list[tuple],
    after: tuple,
    sizes: dict[Origin, int | None],
) -> View:
    """What a layer says of itself, by its method `receptive_field`."""
    view: View = {}
    for i in sorted({origin[0] for v in seen for origin in v}):
        ways = [_complete(v, i, len(s)) for v, s in zip(seen, before, strict=True)]
        given = next((way for way in ways if way is not None), None)
        origins = [o for o in dict.fromkeys(o for v in seen for o in v) if o[0] == i]
        if given is None:
            alike = all(v[o].axis is None for v in seen for o in origins if o in v)
            view |= {
                o: joined([v[o] for v in seen if o in v], sizes[o], after) if alike else UNKNOWN
                for o in origins
            }
            continue
        made = operation.receptive_field(
            [tuple((given if way is None else way).values()) for way in ways]
        )
        if made is None:
            view |= dict.fromkeys(origins, UNKNOWN)
            continue
        names = list(given)
        view |= {o: Look(axis, f) for axis, (o, f) in enumerate(zip(names, made, strict=True), 1)}
        view |= {
            o: all_of(v[o], s[v[o].axis], sizes[o]) if v[o].axis is not None else v[o]
            for v, s in zip(seen, before, strict=True)
            for o in origins
            if o not in view and o in v
        }
    return view


def _complete(view: View, i: int, ndim: int) -> dict[Origin, ReceptiveField] | None:
    """The fields along the axes between batch and channels, where each has one of its own."""
    along = {look.axis: (o, look.field) for o, look in view.items() if o[0] == i and look.field}
    if any(axis not in along for axis in range(1, ndim - 1)):
        return None
    return dict(along[axis] for axis in range(1, ndim - 1))
