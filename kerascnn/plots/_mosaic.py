"""Many small pictures side by side in one: one image artist, however many units a layer has."""

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

GAP = 0.08  # between pictures, as a part of their longer side
TITLE = 0.06  # room for a title above a picture: this part of the longer side for each row, …
TITLE_LIMITS = (0.12, 0.24)  # … within these limits
CRISP = 64  # pictures up to this side show their pixels as squares; larger ones are resampled …
CRISP_MOSAIC = 1200  # … and so is a mosaic with more pixels in a row than a screen shows of it
FRAMED = 40  # more pictures than this in a row or column are too small for outlines


@dataclass(frozen=True)
class Mosaic:
    """Pictures laid out in rows: the pixels, and where each picture stands.

    Attributes:
        pixels: (rows, columns) masked values, or (rows, columns, 4) RGBA; gaps are masked or clear.
        corners: (row, column) of each picture's upper left pixel.
        tile: (H, W) of one picture.
        title_rows: rows left free above each picture.
    """

    pixels: np.ndarray
    corners: list[tuple[int, int]]
    tile: tuple[int, int]
    title_rows: int


def square_columns(count: int, tile: tuple[int, int]) -> int:
    """Choose the columns that give about a 16:9 mosaic, without a nearly empty last row."""
    height, width = tile
    columns = min(count, max(1, round(math.sqrt(count * height / width * 16 / 9))))
    rows = math.ceil(count / columns)
    return math.ceil(count / rows)


def lay_out(images: np.ndarray, columns: int | None, titles: bool) -> Mosaic:
    """Place pictures (N, H, W) or (N, H, W, 3) in rows of `columns`, each in its own place.

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
    room = min(max(TITLE * rows, TITLE_LIMITS[0]), TITLE_LIMITS[1])
    above = math.ceil(room * max(height, width)) if titles else 0
    down, across = above + height + gap, width + gap
    corners = [(above + i // columns * down, i % columns * across) for i in range(count)]
    shape = (rows * down - gap, columns * across - gap)

    def place(values: np.ndarray) -> np.ndarray:
        """Give each picture its cell, gap and title included; then put the cells together."""
        depth = values.shape[3:]
        cells = np.zeros((rows * columns, down, across, *depth), values.dtype)
        cells[:count, above : above + height, :width] = values
        cells = cells.reshape(rows, columns, down, across, *depth).swapaxes(1, 2)
        return cells.reshape(rows * down, columns * across, *depth)[: shape[0], : shape[1]]

    pixels, covered = place(images.astype(np.float32)), place(np.ones(images.shape[:3], bool))
    if images.ndim == 4:
        pixels = np.dstack([pixels, covered])  # gaps are clear
    else:
        pixels = np.ma.array(pixels, mask=~covered)
    return Mosaic(pixels, corners, (height, width), above)


def draw(ax: Axes | None, mosaic: Mosaic, titles: Sequence[str] | None, **kwargs) -> AxesImage:
    """Show a mosaic; one unit of the axes is one pixel. `kwargs` are those of `Axes.imshow`."""
    ax = canvas(ax)
    height, width = mosaic.pixels.shape[:2]
    # "none" keeps the pixels as they are in vector files, where a viewer enlarges them
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
    """Outline each picture, where its ground could be taken for the gap."""
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
    """Write a title above each picture, in one size."""
    titles = [str(title) for title in titles]
    room = (1.05 * mosaic.tile[1], mosaic.title_rows)
    # one size for all; a single long title does not make the others unreadable
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
    """Raise ValueError unless there is one title for each picture."""
    if titles is not None and len(titles) != count:
        raise ValueError(f"{what} must be one for each of {count} pictures; received {len(titles)}")
