"""Heatmaps on the images: stretched, or placed if the maps of their layer do not cover these."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from weakref import WeakKeyDictionary

import keras
import numpy as np
from keras import ops

from kerascnn._describe.borders import Line, Lines, placed_lines
from kerascnn._describe.describe_model import receptive_fields
from kerascnn._errors import warn
from kerascnn._graph import Graph, Node, flatten

_found: WeakKeyDictionary[keras.Model, dict[tuple, Lines | None]] = WeakKeyDictionary()
_are_placed: ContextVar[bool] = ContextVar("are_placed", default=False)


def lines_of(
    model: keras.Model,
    graph: Graph,
    node: Node,
    shapes: Sequence[tuple],
    place: int,
    units: Sequence[int],
) -> Lines | None:
    """Find where the units of maps lie, if it would be wrong to stretch the maps over the images.

    Args:
        model: any functional or sequential model.
        graph: the model's graph.
        node: a layer.
        shapes: shapes of the inputs, without the batch axis.
        place: position of the input that takes the images.
        units: height and width of the layer's maps.

    Returns:
        The rows and columns of the units. `None` if stretched maps are off by less than
        `TOLERATED` or `FEW`, or if the receptive fields are not known or do not move along the
        images.
    """
    if len(node.shapes[0]) != 4 or len(shapes[place]) != 3:
        return None
    found = _found.setdefault(model, {})
    key = (graph.inputs, node.name, *map(tuple, shapes), place, *units)
    if key not in found:
        fields = receptive_fields(model, list(shapes), only=place)[node.name]
        found[key] = placed_lines(fields, units, shapes[place])
    return found[key]


def upsampled(maps: np.ndarray, lines: Lines | None, size: Sequence[int]) -> np.ndarray:
    """Upsample maps (N, h, w) bilinearly to images (height, width): stretched, or placed by lines.

    Placed maps are 0 where no unit lies.
    """
    if lines is None:
        large = ops.image.resize(maps[..., None], size, "bilinear", data_format="channels_last")
        return np.asarray(large)[..., 0]
    rows, columns = (line.around(np.arange(n)) for line, n in zip(lines, size, strict=True))
    return np.einsum("yh,nhw,xw->nyx", rows, maps, columns, optimize=True)


def around(line: Line, count: int) -> np.ndarray:
    """Return how much each unit counts for each pixel of each of some images (N, side, units)."""
    weights = line.around(np.arange(line.side))
    return np.broadcast_to(weights, (count, *weights.shape))


def warn_of_border(
    model: keras.Model,
    graph: Graph,
    node: Node,
    images: Sequence[np.ndarray],
    units: Sequence[int],
) -> None:
    """Warn if heatmaps of a layer must not be stretched over the images, unless they are placed."""
    if _are_placed.get():
        return
    shapes = [x.shape[1:] for x in images]
    for place in range(len(images)):
        if lines := lines_of(model, graph, node, shapes, place, units):
            rows, columns = lines
            several = sum(len(shape) == 3 for shape in shapes) > 1
            warn(
                f"the maps of {node.name!r} cover rows {rows.covers} and columns {columns.covers} "
                "of the images, so heatmaps must not be stretched over them. Place them with "
                f"kerascnn.visualize.upsample(model, images, heatmaps, {node.name!r}"
                f"{f', input={place}' * several})."
            )
            return


def on_images(
    model: keras.Model,
    images: Sequence[np.ndarray],
    heatmaps: np.ndarray,
    node: Node,
    place: int = 0,
) -> np.ndarray:
    """Upsample heatmaps (N, h, w) of a layer to the images of an input if they must be placed."""
    shapes = [x.shape[1:] for x in images]
    lines = lines_of(model, flatten(model), node, shapes, place, heatmaps.shape[1:])
    return upsampled(heatmaps, lines, shapes[place][:2]) if lines else heatmaps


@contextmanager
def placed() -> Iterator[None]:
    """Leave out the warning that heatmaps must be placed, since the caller places them."""
    token = _are_placed.set(True)
    try:
        yield
    finally:
        _are_placed.reset(token)
