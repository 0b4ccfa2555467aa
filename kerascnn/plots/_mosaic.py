"""Many small images in one: a single image artist for any number of units."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.image import AxesImage
from matplotlib.patches import PathPatch
from matplotlib.path import Path

from ._artists import FittedText, canvas, claim, fitted_text
from ._ranges import without_color
from ._style import in_print

GAP = 0.08  # between images, as a fraction of their longer side
WIDE = 16 / 9  # of a slide
TITLE = 0.06  # space for a title above an image: this fraction of the longer side per row, or …
# … per column of a mosaic that is wider than a slide, …
TITLE_LIMITS = (0.12, 0.24)  # … within these limits
CRISP = 64  # images up to this side show their pixels as squares; larger ones are resampled …
CRISP_MOSAIC = 1200  # … and so is a mosaic with more pixels per row than a screen can show
FRAMED = 40  # with more images per row or column, they are too small for outlines


@dataclass(frozen=True)
class Mosaic:
    """Images laid out in rows: the pixels, and the position of each image.

    Attributes:
        pixels: (rows, columns) masked values, or (rows, columns, 4) RGBA; gaps are masked or
            transparent.
        corners: (row, column) of each image's upper left pixel.
        tile: (H, W) of one image.
        title_rows: number of rows left free above each image.
    """

    pixels: np.ndarray
    corners: list[tuple[int, int]]
    tile: tuple[int, int]
    title_rows: int


def square_columns(count: int, tile: tuple[int, int]) -> int:
    """Choose the columns that give a mosaic of about 16:9, without a nearly empty last row."""
    height, width = tile
    columns = min(count, max(1, round(math.sqrt(count * height / width * WIDE))))
    rows = math.ceil(count / columns)
    return math.ceil(count / rows)


def lay_out(images: np.ndarray, columns: int | None, titles: bool) -> Mosaic:
    """Place images (N, H, W) or (N, H, W, 3) in rows of `columns`, with gaps between them.

    >>> lay_out(np.zeros((5, 2, 2)), columns=3, titles=False).corners
    [(0, 0), (0, 3), (0, 6), (3, 0), (3, 3)]
    """
    count, height, width = images.shape[:3]
    if columns is None:
        columns = square_columns(count, (height, width))
    if columns < 1:
        raise ValueError(f"columns must be 1 or more; received {columns}")
    columns = min(columns, count)
    rows = math.ceil(count / columns)
    gap = math.ceil(GAP * max(height, width))
    room = min(max(TITLE * max(rows, columns / WIDE), TITLE_LIMITS[0]), TITLE_LIMITS[1])
    above = math.ceil(room * max(height, width)) if titles else 0
    down, across = above + height + gap, width + gap
    corners = [(above + i // columns * down, i % columns * across) for i in range(count)]
    shape = (rows * down - gap, columns * across - gap)

    def place(values: np.ndarray) -> np.ndarray:
        """Place each image in its cell, including gap and title; then join the cells."""
        depth = values.shape[3:]
        cells = np.zeros((rows * columns, down, across, *depth), values.dtype)
        cells[:count, above : above + height, :width] = values
        cells = cells.reshape(rows, columns, down, across, *depth).swapaxes(1, 2)
        return cells.reshape(rows * down, columns * across, *depth)[: shape[0], : shape[1]]

    pixels, covered = place(images.astype(np.float32)), place(np.ones(images.shape[:3], bool))
    if images.ndim == 4:
        pixels = np.dstack([pixels, covered])  # gaps are transparent
    else:
        pixels = np.ma.array(pixels, mask=~covered)
    return Mosaic(pixels, corners, (height, width), above)


def draw(ax: Axes | None, mosaic: Mosaic, titles: Sequence[str] | None, **kwargs) -> AxesImage:
    """Show a mosaic; one unit of the Axes is one pixel. `kwargs` are passed to `Axes.imshow`."""
    ax = canvas(ax)
    height, width = mosaic.pixels.shape[:2]
    # "none" stores the original pixels in vector files; a viewer enlarges them
    crisp = max(mosaic.tile) <= CRISP and max(height, width) <= CRISP_MOSAIC
    looks: dict[str, Any] = {"interpolation": "none" if crisp else None} | kwargs
    colored = mosaic.pixels.ndim == 3
    pixels = without_color(mosaic.pixels) if colored and in_print() else mosaic.pixels
    image = ax.imshow(pixels, extent=(0, width, height, 0), aspect="equal", **looks)
    claim(ax, 0, 0, width, height)
    ax.set_xlim(0, width)
    ax.set_ylim(height, 0)
    if titles is not None:
        label_tiles(ax, mosaic, titles)
    return image


def frame_tiles(ax: Axes, mosaic: Mosaic) -> None:
    """Outline each image if its background could be mistaken for the gap."""
    rows, columns = np.array(mosaic.corners).T
    if max(len(set(rows)), len(set(columns))) > FRAMED:
        return
    height, width = mosaic.tile
    corners = np.array([(0, 0), (width, 0), (width, height), (0, height), (0, 0)])
    frames = np.stack([columns, rows], axis=-1)[:, None] + corners
    strokes = [Path.MOVETO, *[Path.LINETO] * 3, Path.CLOSEPOLY]
    ax.add_artist(  # one path for all
        PathPatch(
            Path(frames.reshape(-1, 2), strokes * len(frames)),
            facecolor="none",
            edgecolor=mpl.rcParams["grid.color"],
            linewidth=0.3 * mpl.rcParams["lines.linewidth"],
            clip_on=False,
        )
    )


def label_tiles(ax: Axes, mosaic: Mosaic, titles: Sequence[str]) -> list[FittedText]:
    """Write a title above each image, all in one size."""
    titles = [str(title) for title in titles]
    room = (1.05 * mosaic.tile[1], mosaic.title_rows)
    # one size for all, but a single long title must not make the others unreadable
    widest = max(titles, key=len)
    return [
        fitted_text(
            ax,
            column + mosaic.tile[1] / 2,
            row - 0.25 * mosaic.title_rows,
            title,
            room=room,
            widest=widest,
            cap=mpl.rcParams["font.size"],
            va="baseline",
        )
        for (row, column), title in zip(mosaic.corners, titles, strict=True)
    ]


def check_titles(what: str, titles, count: int) -> None:
    """Raise ValueError unless there is one title per image."""
    if titles is not None and len(titles) != count:
        raise ValueError(f"{what} must be one for each of {count} images; received {len(titles)}")
