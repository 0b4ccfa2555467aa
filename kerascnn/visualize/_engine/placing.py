"""Where the units of a layer lie in the images, for maps that do not cover them.

The maps of most networks cover the images, so that heatmaps are stretched over them, as in the
papers. Maps of convolutions without padding, as in U-Net, cover only the middle; those of FCN,
which pads images by 100 pixels, are larger than the images.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import NamedTuple
from weakref import WeakKeyDictionary

import keras
import numpy as np
from keras import ops

from kerascnn._describe.describe_model import receptive_fields
from kerascnn._errors import warn
from kerascnn._graph import Graph, Node, flatten
from kerascnn.arithmetic import ReceptiveField

TOLERATED = 0.15  # of a side of the images, by which stretched maps are off
FEW = 4  # pixels, which are tolerated in small images


class Line(NamedTuple):
    """The units of maps along one side of the images, in pixels; pixel p has its center at p + ½.

    Attributes:
        center: center of what the first unit sees.
        step: distance between the centers of neighboring units.
        units: number of units.
        side: number of pixels of the images.
    """

    center: float
    step: float
    units: int
    side: int

    def around(self, pixels: np.ndarray) -> np.ndarray:
        """Return how much each unit counts for each pixel (P, units): bilinear interpolation.

        It is 0 for pixels that lie more than a step beyond the first or last unit.
        """
        places = (pixels + 0.5 - self.center) / self.step
        near = (places >= -1) & (places <= self.units)
        places = np.clip(places, 0, self.units - 1)[:, None]
        weights = np.maximum(1 - np.abs(places - np.arange(self.units)), 0)
        return (weights * near[:, None]).astype("float32")

    @property
    def covers(self) -> str:
        """The pixels that the units cover, such as "7 to 23 of 32"."""
        first = self.center - self.step / 2
        return f"{round(first)} to {round(first + self.units * self.step)} of {self.side}"


Lines = tuple[Line, Line]  # of the rows and of the columns
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
        found[key] = _lines(fields, units, shapes[place]) if isinstance(fields, tuple) else None
    return found[key]


def _lines(
    fields: Sequence[ReceptiveField], units: Sequence[int], shape: Sequence[int]
) -> Lines | None:
    if len(fields) != 2 or any(field.stride <= 0 for field in fields):
        return None
    rows, columns = (
        Line(float(field.center) + 0.5, float(field.stride), count, side)
        for field, count, side in zip(fields, units, shape, strict=False)
    )
    off = any(_is_off(line, field) for line, field in zip((rows, columns), fields, strict=True))
    return (rows, columns) if off else None


def _is_off(line: Line, field: ReceptiveField) -> bool:
    """Return whether stretched maps would be off by more than is tolerated.

    Units that see beyond the image may lie anywhere between the center of what they see and the
    center of its part within the image, and those that see the whole image anywhere; unless the
    center of what they see is far outside.
    """
    tolerated, share = max(TOLERATED * line.side, FEW), line.side / line.units
    for unit in (0, line.units - 1):
        drawn, center = (unit + 0.5) * share, line.center + unit * line.step
        if (span := field.span(unit)) is None:
            return False
        first, end = max(span[0], 0), min(span[1] + 1, line.side)
        low, high = sorted((center, (first + end) / 2))
        if not -tolerated <= center <= line.side + tolerated:
            low = high = center
        elif end - first == line.side:
            continue
        if max(low - drawn, drawn - high) > tolerated:
            return True
    return False


def upsampled(maps: np.ndarray, lines: Lines | None, size: Sequence[int]) -> np.ndarray:
    """Upsample maps (N, h, w) bilinearly to images (height, width): stretched, or placed by lines.

    Placed maps are 0 where no unit lies.
    """
    if lines is None:
        large = ops.image.resize(maps[..., None], size, "bilinear", data_format="channels_last")
        return np.asarray(large)[..., 0]
    rows, columns = (line.around(np.arange(n)) for line, n in zip(lines, size, strict=True))
    return np.einsum("yh,nhw,xw->nyx", rows, maps, columns, optimize=True)


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
            warn(
                f"the maps of {node.name!r} cover rows {rows.covers} and columns {columns.covers} "
                "of the images, so heatmaps must not be stretched over them. Place them with "
                f"kerascnn.visualize.upsample(model, images, heatmaps, {node.name!r})."
            )
            return


def on_images(
    model: keras.Model, images: np.ndarray, heatmaps: np.ndarray, layer: str
) -> np.ndarray:
    """Upsample heatmaps (N, h, w) of a layer to images (N, H, W, C) if they must be placed."""
    graph = flatten(model)
    units = heatmaps.shape[1:]
    lines = lines_of(model, graph, graph.node(layer), [images.shape[1:]], 0, units)
    return upsampled(heatmaps, lines, images.shape[1:3]) if lines else heatmaps


@contextmanager
def placed() -> Iterator[None]:
    """Leave out the warning that heatmaps must be placed, since the caller places them."""
    token = _are_placed.set(True)
    try:
        yield
    finally:
        _are_placed.reset(token)
