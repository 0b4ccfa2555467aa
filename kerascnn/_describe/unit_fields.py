"""Receptive and projective fields of single units."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import keras

from kerascnn._checks import is_whole
from kerascnn._graph import Graph, Node
from kerascnn.arithmetic import ReceptiveField

from .axis_fields import Look, all_of
from .describe_model import followed

Box = tuple[tuple[int, int], ...]


class UnitFields:
    """What the units of a layer depend on in the maps of another, or in an input.

    Args:
        model: any functional or sequential model.
        graph: the model's graph.
        start: the node of the input or of the earlier layer.
        end: the node of the layer.
        input_shape: shape of one input without the batch; `None`: the model's own.

    Raises:
        ValueError: If a size is unknown, the layer does not depend on `start`, or the receptive
            field is not known.
    """

    def __init__(
        self,
        model: keras.Model,
        graph: Graph,
        start: Node,
        end: Node,
        input_shape: Sequence | None = None,
    ) -> None:
        key = start.outputs[0]
        shapes, fields = followed(model, graph, input_shape, origins=(key,))
        self.start, self.end = shapes[key], shapes[end.outputs[0]]
        if len(self.start) < 3:
            raise ValueError(
                f"a receptive field needs positions, as in (N, H, W, C); the output of "
                f"{start.name!r} has the shape {self.start}."
            )
        view = fields.views[end.outputs[0]]
        looks = [view.get((0, axis)) for axis in range(1, len(self.start) - 1)]
        if not any(looks):
            raise ValueError(
                f"layer must depend on {start.name!r}; {end.name!r} does not. Choose another one."
            )
        self._looks = [
            (look, look.field) for look in looks if look is not None and look.field is not None
        ]
        if len(self._looks) < len(looks):
            raise ValueError(
                f"layer must have a known receptive field; that of {end.name!r} is not known. "
                "Choose an earlier layer, or use effective_receptive_field, which measures it."
            )
        if None in (*self.start[1:], *self.end[1:]):
            raise ValueError(
                f"input_shape must be given for a model that takes any size; {end.name!r} has "
                f"the output shape {self.end}."
            )

    def receptive(self, unit: Sequence[int]) -> Box:
        """Return the (start, stop) that a unit sees, for each axis of space."""
        return tuple(
            (span[0], span[1] + 1) if span else (0, 0)
            for span in (self._span(look, field, unit) for look, field in self._looks)
        )

    def projective(self, unit: Sequence[int]) -> Box:
        """Return the (start, stop) of the layer's units that see this one, for each axis."""
        found: list[list[int]] = [[*range(n)] for n in self.end[1:-1]]
        for (look, field), place in zip(self._looks, unit, strict=True):
            if look.axis is None or look.axis > len(found):  # all units see the same
                if not _holds(self._span(look, field, ()), place):
                    return ((0, 0),) * len(found)
            else:
                along = found[look.axis - 1]
                found[look.axis - 1] = [u for u in along if _holds(field.span(u), place)]
        if not all(found):
            return ((0, 0),) * len(found)
        return tuple((along[0], along[-1] + 1) for along in found)

    def _span(
        self, look: Look, field: ReceptiveField, unit: Sequence[int]
    ) -> tuple[int, int] | None:
        if look.axis is None:
            return field.span(0)
        if look.axis > len(unit):  # the axis that is last now holds all positions
            whole = all_of(look, self.end).field
            return None if whole is None else whole.span(0)
        return field.span(unit[look.axis - 1])


def _holds(span: tuple[int, int] | None, place: int) -> bool:
    return span is not None and span[0] <= place <= span[1]


def check_unit(name: str, unit: Sequence[int] | None, shape: tuple) -> tuple[int, ...]:
    """Check the position of a unit in maps (N, …, K); `None` is the unit in the middle.

    Raises:
        ValueError: If it is not a position in these maps.
    """
    sizes = shape[1:-1]
    if unit is None:
        return tuple(n // 2 for n in sizes)
    given = tuple(unit) if isinstance(unit, Iterable) else (unit,)
    fits = len(given) == len(sizes) and all(
        is_whole(u) and 0 <= u < n for u, n in zip(given, sizes, strict=False)
    )
    if not fits:
        last = " and ".join(str(n - 1) for n in sizes)
        raise ValueError(
            f"{name} must be a position (row, column) of maps of {'x'.join(map(str, sizes))}, "
            f"up to {last}; received {unit!r}."
            if sizes
            else f"{name} must be (), for an output without positions; received {unit!r}."
        )
    return tuple(int(u) for u in given)
