"""Maps that do not cover the images: where their units lie.

The maps of most networks cover the images, so that heatmaps are stretched over them, as in the
papers. Maps of convolutions without padding, as in U-Net, cover only the middle; those of FCN,
which pads images by 100 pixels, are larger than the images.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from kerascnn.arithmetic import ReceptiveField

from .describe_model import Field

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
    def edges(self) -> tuple[float, float]:
        """Where the units begin and end."""
        start = self.center - self.step / 2
        return start, start + self.units * self.step

    @property
    def covers(self) -> str:
        """The pixels that the units cover, such as "7 to 23 of 32"."""
        start, end = self.edges
        return f"{round(start)} to {round(end)} of {self.side}"


Lines = tuple[Line, Line]  # of the rows and of the columns


def lines_along(fields: Field, units: Sequence[int], shape: Sequence[int]) -> Lines | None:
    """Find where the units of maps lie, as `placed_lines`; `None` if that is not known."""
    if not isinstance(fields, tuple) or len(fields) != 2 or any(f.stride <= 0 for f in fields):
        return None
    rows, columns = (
        Line(float(field.center) + 0.5, float(field.stride), count, side)
        for field, count, side in zip(fields, units, shape, strict=False)
    )
    return rows, columns


def placed_lines(fields: Field, units: Sequence[int], shape: Sequence[int]) -> Lines | None:
    """Find where the units of maps lie, if it would be wrong to stretch the maps over the images.

    Args:
        fields: the receptive fields of the units, of `receptive_fields`.
        units: height and width of the maps.
        shape: shape of the images, (H, W, C).

    Returns:
        The rows and columns of the units. `None` if stretched maps are off by less than `TOLERATED`
        or `FEW`, or if the receptive fields are not known or do not move along the images.
    """
    lines = lines_along(fields, units, shape)
    off = lines and isinstance(fields, tuple) and any(map(_is_off, lines, fields))
    return lines if off else None


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
