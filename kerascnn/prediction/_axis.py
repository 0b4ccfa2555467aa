"""Where tiles lie along an axis of an image."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from kerascnn._checks import check_pair

from ._geometry import Geometry, geometry_of

TILE = 512  # pixels that a network sees at once
LARGEST_MARGIN = 4  # at most a quarter of the tile on each side


@dataclass(frozen=True)
class Axis:
    """The tiles along one axis.

    Attributes:
        length: pixels of the image.
        tile: pixels that the network sees.
        before: pixels that it sees before the first one whose result is used.
        skipped: pixels of the output before the first one that is used.
        used: pixels of the output that are used.
        step: distance of neighboring tiles.
    """

    length: int
    tile: int
    before: int
    skipped: int
    used: int
    step: int

    @property
    def starts(self) -> range:
        """The first pixel of the image that each tile predicts."""
        more = -(-max(self.length - self.used, 0) // self.step)
        return range(0, more * self.step + 1, self.step)

    @cached_property
    def total(self) -> np.ndarray:
        """The sum of the weights of all tiles at each pixel, (length,)."""
        total = np.zeros(self.length, np.float32)
        for start in self.starts:
            to, _, weights = self.window(start)
            total[to] += weights
        return total

    def mirrored_pixels(self, start: int) -> np.ndarray:
        """Return the indices of the pixels that a tile sees, mirrored beyond the border."""
        first = start - self.before
        period = max(2 * (self.length - 1), 1)  # the pixel at the border is not repeated
        there = np.arange(first, first + self.tile) % period
        return np.minimum(there, period - there) if self.length > 1 else there * 0

    def window(self, start: int) -> tuple[slice, slice, np.ndarray]:
        """Return where a tile's result goes, where it comes from, and its weights."""
        end = min(start + self.used, self.length)
        to, count = slice(start, end), end - start
        weights = np.ones(self.used, np.float32)
        shared = self.used - self.step
        ramp = np.arange(1, shared + 1, dtype=np.float32) / (shared + 1)
        if start != self.starts[0]:
            weights[:shared] = np.minimum(weights[:shared], ramp)
        if start != self.starts[-1] and shared:
            weights[-shared:] = np.minimum(weights[-shared:], ramp[::-1])
        return to, slice(self.skipped, self.skipped + count), weights[:count]


def axis_plan(
    geometry: Geometry,
    size: tuple[int, int],
    tile: int | Sequence[int] | None,
    margin: int | Sequence[int] | None,
    overlap: int | Sequence[int],
) -> tuple[Axis, Axis]:
    """Plan the tiles of an image, for each axis.

    Args:
        geometry: that of the network.
        size: (height, width) of the image.
        tile, margin, overlap: arguments of `predict_tiles`.

    Raises:
        ValueError: If a number is out of range, or does not fit the network.
    """
    margins = None if margin is None else check_pair("margin", margin, 0, of=" of pixels")
    overlaps = check_pair("overlap", overlap, 0, of=" of pixels")
    wanted = _tile_size(geometry, tile)
    lost = geometry.lost(wanted)
    if margins is not None and any(lost):
        raise ValueError(
            f"margin must be None for a model whose output lacks {lost[0] // 2} pixels on each "
            f"side, which is its margin; received {margin!r}."
        )
    if not any(lost) and all(n <= t for n, t in zip(size, wanted, strict=True)):
        high, wide = wanted if None not in geometry.own else next_size(geometry, size)
        return Axis(size[0], high, 0, 0, high, high), Axis(size[1], wide, 0, 0, wide, wide)
    if not geometry.sure:
        geometry = geometry_of(geometry.model, wanted)
    plans = []
    for axis in (0, 1):
        t, step = wanted[axis], geometry.step[axis]
        if lost[axis]:
            before = lost[axis] // 2
            skipped, used = 0, t - lost[axis]
        else:
            before = skipped = _margin(geometry, axis, t, margins and margins[axis])
            used = t - 2 * before
        stride = (used - overlaps[axis]) // step * step
        if stride < 1:
            raise ValueError(
                f"tile must be larger than both margins of {before} pixels, the overlap of "
                f"{overlaps[axis]} and {step}, by which tiles must move; received {t}: use a "
                "larger tile, or a smaller margin or overlap."
            )
        plans.append(Axis(size[axis], t, before, skipped, used, stride))
    return plans[0], plans[1]


def next_size(geometry: Geometry, size: tuple[int, int]) -> tuple[int, int]:
    """Return the smallest size, at least as large, that the network takes."""
    (height, width), (down, across) = size, geometry.step
    rounded = -(-height // down) * down, -(-width // across) * across
    tried = [rounded, *((height + i, width + i) for i in range(2 * max(geometry.step)))]
    fits = next((s for s in tried if geometry.accepts(s)), None)
    if fits is None:
        geometry.lost(rounded)  # says what does not fit
    return fits or rounded


def _tile_size(geometry: Geometry, tile: int | Sequence[int] | None) -> Any:
    if None not in geometry.own:
        if tile is not None and check_pair("tile", tile) != geometry.own:
            own = "x".join(map(str, geometry.own))
            raise ValueError(
                f"tile must be {own} or None for a model whose input is {own}; received {tile!r}: "
                "build the model with input_shape=(None, None, …) for other sizes."
            )
        return geometry.own
    if tile is None:
        return next_size(geometry, (TILE, TILE))
    tile = check_pair("tile", tile, of=" of pixels")
    geometry.lost(tile)
    return tile


def _margin(geometry, axis, tile, margin):
    """Return the margin of a network with "same" padding, a multiple of its step."""
    step, reach = geometry.step[axis], geometry.reach[axis]
    if margin is not None:
        return -(-margin // step) * step
    most = tile // LARGEST_MARGIN // step * step
    return most if reach is None else min(-(-reach // step) * step, most)
