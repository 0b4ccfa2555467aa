"""Photos with heatmaps that show where a network sees a class."""

from collections.abc import Sequence

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ._artists import canvas, text_width
from ._check import pictures
from ._compare_methods import CLIP, method_name
from ._overlay import overlay
from ._ranges import strongest
from ._style import as_written

FLATTEST = 1 / 12  # height of a panel of width 1: with less, nothing of it is left in the layout
WIDE = 2.0  # with a larger aspect ratio, the panels of a photo are stacked
HEADING = 1.8  # space for a title, in ems
FOOT = 2.0  # space for the note below, in ems
FILLED = 0.92  # fraction of a panel's width that its title may take up
TALLEST = 2.0  # maximum height of a figure for two photos, relative to the usual one


def explanations(rows: Sequence, *, note: str | None = None) -> Figure:
    """Draw photos with heatmaps beside them, as returned by `Trained.explain`.

    The title of a photo is its class and probability, that of a heatmap its method. Coarse maps are
    overlaid on the photo; maps of single pixels are drawn on their own, white on black. The panels
    of a photo are side by side, or stacked if the photo is more than twice as wide as tall.

    Args:
        rows: explanations of one photo by several methods, or a list of such lists, one per photo.
            Each has `image` (H, W, 3) in [0, 1] or uint8, `heatmap` (h, w) in any range, `method`,
            `label`, `probability` from 0 to 1, and `overlaid`.
        note: a line to write below all panels, such as the network's name.

    Returns:
        The Figure, as tall as its photos need.

    Raises:
        ValueError: If there are no explanations, or the rows differ in length.

    >>> from types import SimpleNamespace
    >>> found = SimpleNamespace(image=np.zeros((8, 8, 3)), heatmap=np.ones((2, 2)), label="cat",
    ...                         method="grad_cam", probability=0.9, overlaid=True)
    >>> figure = explanations([found])
    >>> [ax.get_title() for ax in figure.axes]
    ['cat: 90.0%', 'Grad-CAM']
    >>> plt.close(figure)
    """
    alone = not any(isinstance(row, list | tuple) for row in rows)
    rows = [list(row) for row in ([rows] if alone and rows else rows)]
    if not rows or not rows[0] or len({len(row) for row in rows}) > 1:
        raise ValueError(
            "rows must contain explanations, the same number for each photo; received "
            f"{[len(row) for row in rows]}"
        )
    below = len(rows) == 1 and _aspect(rows[0][0].image) > WIDE
    panels = 1 + len(rows[0])
    shape = (panels, 1) if below else (len(rows), panels)
    figure, axes = plt.subplots(
        *shape, figsize=_size(rows, below, note), squeeze=False, layout="constrained"
    )
    for row, places in zip(rows, axes.T if below else axes, strict=True):
        photo = canvas(places[0])
        photo.imshow(pictures("image", row[0].image))
        as_written(photo.set_title(_heading(row)))
        for found, ax in zip(row, places[1:], strict=True):
            _draw(found, ax)
    if note:
        as_written(figure.supxlabel(note, fontsize=_fitting(note, figure.get_figwidth())))
    room = figure.get_figwidth() / (1 if below else panels)
    for ax in figure.axes:
        ax.title.set_fontsize(_fitting(ax.get_title(), room))
    return figure


def _heading(row: Sequence) -> str:
    return f"{row[0].label}: {row[0].probability:.1%}"


def _fitting(words: str, room: float) -> float:
    """Return the font size, in points, at which the words fit into the space, in inches."""
    return min(mpl.rcParams["font.size"], 72 * FILLED * room / text_width(words))


def _draw(found, ax: Axes) -> None:
    if found.overlaid:
        overlay(found.image, found.heatmap, colorbar=False, ax=ax)
    else:
        values = np.asarray(found.heatmap, np.float64)
        canvas(ax).imshow(np.abs(values), cmap="gray", vmin=0, vmax=strongest(values, CLIP) or 1)
    as_written(ax.set_title(method_name(found.method)))


def _aspect(image: np.ndarray) -> float:
    return image.shape[1] / image.shape[0]


def _size(rows: Sequence, below: bool, note: str | None) -> tuple[float, float]:
    """Return the width and height, in inches, that give all panels the space they need."""
    width, usual = mpl.rcParams["figure.figsize"]
    em = mpl.rcParams["font.size"] / 72
    panels = 1 + len(rows[0])
    tall = [max(1 / _aspect(row[0].image), FLATTEST) for row in rows]  # of a panel of width 1
    across, down = (1, panels * tall[0]) if below else (panels, sum(tall))
    words = HEADING * em * (panels if below else len(rows)) + FOOT * em * bool(note)
    height = down * width / across + words
    limit = usual if len(rows) == 1 else TALLEST * usual * len(rows) / 2
    if height > limit:
        titles = [_heading(row) for row in rows] + [method_name(one.method) for one in rows[0]]
        needed = across * max(map(text_width, titles)) * em / FILLED  # for the titles
        narrow = (limit - words) * across / down
        width = min(width, max(narrow, needed))
        height = down * min(width, narrow) / across + words
    return width, height
