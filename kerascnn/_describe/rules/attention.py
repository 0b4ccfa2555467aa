"""Layers in which steps depend on each other: recurrent layers, attention, dot products."""

from __future__ import annotations

from collections.abc import Sequence

from keras import layers

from kerascnn._describe.families import is_keras

from .reach import Reach, Shape, moved, same


def recurrent(operation: layers.Layer, before: Sequence[Shape], after: Shape) -> list[Reach] | None:
    """The last step sees all previous ones, as does one of the steps of a bidirectional layer."""
    return None if _is_of_own_cell(operation) else [{} for _shape in before]


def _is_of_own_cell(operation: layers.Layer) -> bool:
    inner = getattr(operation, "cell", None) or getattr(operation, "forward_layer", None)
    return not is_keras(inner)


def attention(operation: layers.Layer, before: Sequence[Shape], after: Shape) -> list[Reach]:
    """Queries keep their positions; keys, values and masks are seen from all positions."""
    return [same(range(1, len(after) - 1)), *({} for _other in before[1:])]


def multi_head(operation: layers.Layer, before: Sequence[Shape], after: Shape) -> list[Reach]:
    """Queries keep their positions, as do keys and values along axes without attention."""
    ndim = len(before[0])  # the output may have more axes
    attended = getattr(operation, "_attention_axes", None) or range(1, ndim - 1)
    apart = [a for a in range(1, ndim - 1) if a not in {axis % ndim for axis in attended}]
    return [
        same(range(1, ndim - 1)),
        *(same(apart if len(shape) == ndim else ()) for shape in before[1:]),
    ]


def dot(operation: layers.Layer, before: Sequence[Shape], after: Shape) -> list[Reach]:
    """The axes over which products are summed are mixed; the others are concatenated."""
    axes = operation.axes if isinstance(operation.axes, (list, tuple)) else [operation.axes] * 2
    reaches, made = [], 1
    for shape, axis in zip(before, axes, strict=True):
        stay = [a for a in range(1, len(shape)) if a != axis % len(shape)]
        reaches.append(moved({a: made + i for i, a in enumerate(stay)}))
        made += len(stay)
    return reaches if len(after) == made else [{}, {}]
