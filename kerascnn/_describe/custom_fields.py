"""Layers that describe themselves, such as by a method `receptive_field`."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import Any

import keras

from kerascnn.arithmetic import ReceptiveField

from .axis_fields import UNKNOWN, Look, Origin, View, all_of, joined


def own_method(operation: keras.Operation, name: str, arguments: int) -> Callable | None:
    """Return a method by which a layer describes itself; `None` if it has none.

    Anything else of that name is ignored, such as a number, or a method with other arguments.
    """
    method: Any = getattr(operation, name, None)
    if not callable(method):
        return None
    try:
        inspect.signature(method).bind(*range(arguments))
    except (TypeError, ValueError):
        return None
    return method


def defined_by_layer(
    operation: keras.Operation,
    method: Callable,
    seen: list[View],
    before: Sequence[tuple],
    after: tuple,
    sizes: dict[Origin, int | None],
) -> View:
    """Return what a layer's units see according to its `method` `receptive_field`.

    The method is called for the axes between batch and channels, separately for each input of the
    model. What a unit sees along other axes, or through vectors that all units share, is added.
    """
    view: View = {}
    content = seen[
        : getattr(operation, "content_inputs", None)
    ]  # of the others, only the size matters
    origins = dict.fromkeys(origin for v in content for origin in v)
    for i in sorted({i for i, _axis in origins}):
        ways = [_complete(v, i, len(s)) for v, s in zip(seen, before, strict=True)]
        given = max((way for way in ways if way is not None), key=len, default=None)
        said: Sequence[ReceptiveField] | None = ()
        axes: dict[Origin, tuple[int, ReceptiveField]] = {}
        if given is not None:
            ways = [way if not way or [*way] == [*given] else None for way in ways]
            said = method([tuple((given if way is None else way).values()) for way in ways])
            if said:
                axes = dict(zip(given, enumerate(said, 1), strict=True))
        for origin in (o for o in origins if o[0] == i):
            looks = [Look(*axes[origin])] if origin in axes else []
            for v, shape, way in zip(content, before, ways, strict=False):
                if origin in v and origin not in (way or ()):
                    known = given is not None or v[origin].axis is None
                    looks.append(all_of(v[origin], shape) if known else UNKNOWN)
            view[origin] = UNKNOWN if said is None else joined(looks, sizes[origin], after)
    return view


def _complete(view: View, i: int, ndim: int) -> dict[Origin, ReceptiveField] | None:
    """Return the fields along the axes between batch and channels, if each has its own."""
    along = {look.axis: (o, look.field) for o, look in view.items() if o[0] == i and look.field}
    if any(axis not in along for axis in range(1, ndim - 1)):
        return None
    return dict(along[axis] for axis in range(1, ndim - 1))
