"""Images in rows and columns, with text above and beside them, in one Axes."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.image import AxesImage
from matplotlib.patches import Rectangle

from kerascnn._text import text as _

from ._artists import LINE, canvas, claim, fitted_text, text_height, text_width
from ._check import array, pictures, single
from ._mosaic import CRISP
from ._ranges import without_color
from ._style import in_print

SIDE = 5.5  # minimum length of an image's longer side in a new figure, in ems
GAP = 0.07  # between images, as a fraction of their longer side
LARGEST = 0.2  # maximum font size, as a fraction of an image's longer side
BESIDE = 9.0  # maximum width of the text beside a row, in ems
ROUNDS = 3
STRIP = 6  # maximum number of images per row of a strip


@dataclass(frozen=True)
class Table:
    """The positions of the images; the unit is an image's longer side, and y points down.

    Attributes:
        ax: the Axes.
        tile: (H, W) of a cell.
        lefts, tops: positions of the columns and rows.
        em: font size.
    """

    ax: Axes
    tile: tuple[float, float]
    lefts: list[float]
    tops: list[float]
    em: float

    def show(self, row: int, column: int, picture: np.ndarray, **kwargs) -> AxesImage:
        """Draw an image (H, W) or (H, W, 3) into its cell, as large as fits without distortion."""
        return draw_picture(self.ax, picture, self.extent(row, column, picture), **kwargs)

    def extent(
        self, row: int, column: int, picture: np.ndarray
    ) -> tuple[float, float, float, float]:
        """Return left, right, bottom and top of an image in its cell."""
        height, width = picture.shape[:2]
        scale = min(self.tile[0] / height, self.tile[1] / width)
        x = self.lefts[column] + (self.tile[1] - scale * width) / 2
        y = self.tops[row] + (self.tile[0] - scale * height) / 2
        return x, x + scale * width, y + scale * height, y

    def note(self, words: str) -> None:
        """Write a line below the images."""
        right, bottom = self.lefts[-1] + self.tile[1], self.tops[-1] + self.tile[0]
        fitted_text(
            self.ax,
            right / 2,
            bottom + 0.4 * self.em,
            words,
            room=(right, LINE * self.em),
            cap=mpl.rcParams["font.size"],
            va="top",
        )
        self.ax.set_ylim(bottom + (0.4 + LINE) * self.em, 0)


def draw_picture(
    ax: Axes, picture: np.ndarray, extent: tuple[float, float, float, float], **kwargs
) -> AxesImage:
    """Draw an image as part of a plot; small ones show their pixels as squares."""
    crisp = max(picture.shape[:2]) <= CRISP
    if picture.ndim == 3 and in_print():
        picture = without_color(picture)
    look = {"cmap": "gray", "interpolation": "none" if crisp else None, **kwargs}
    return ax.imshow(picture, extent=extent, **{"vmin": 0, "vmax": 1, **look})


def outline(ax: Axes, extent: tuple[float, float, float, float]) -> None:
    """Outline an image whose background could be mistaken for the page."""
    left, right, bottom, top = extent
    ax.add_patch(
        Rectangle(
            (left, top),
            right - left,
            bottom - top,
            facecolor="none",
            edgecolor=mpl.rcParams["grid.color"],
            linewidth=0.3 * mpl.rcParams["lines.linewidth"],
            clip_on=False,
        )
    )


def table(
    ax: Axes | None,
    tile: tuple[int, int],
    above: Sequence[Sequence[str]],
    beside: Sequence[str] | None = None,
    *,
    side: float = SIDE,
) -> Table:
    """Lay out rows of images and write the text.

    Args:
        ax: Axes to draw on; `None` creates a new figure that is large enough.
        tile: (H, W) of the images, or any numbers with that ratio.
        above: for each row, the texts above its images; "" for none.
        beside: the text to the left of each row.
        side: minimum length of an image's longer side in a new figure, in ems.
    """
    rows, columns = len(above), max(map(len, above))
    height, width = (side / max(tile) for side in tile)
    ax = canvas(ax if ax is not None else roomy_axes(side * columns * width, side * rows * height))
    beside = [wrapped(words, BESIDE) for words in beside or ()]
    at_left = max(map(text_width, beside), default=-1) + 1  # plus a distance of one em

    # The font size in these units depends on the layout, which depends on the font size.
    room = width + GAP / 2
    across, down = columns * (width + GAP) - GAP, rows * (height + GAP) - GAP
    pictures_alone, em = (across, down), LARGEST
    for _round in range(ROUNDS):
        usual = min(_em(ax, across, down), LARGEST)
        titles = [[wrapped(words, room / usual) for words in row] for row in above]
        widest = _largest([words for row in titles for words in row])
        em = min(usual, room / max(text_width(widest), 1))  # the longest word decides
        lines = [
            max((text_height(words) + 0.4 for words in row if words), default=0) for row in titles
        ]
        across, down = pictures_alone[0] + at_left * em, pictures_alone[1] + sum(lines) * em

    lefts = [column * (width + GAP) for column in range(columns)]
    tops = [row * (height + GAP) + sum(lines[: row + 1]) * em for row in range(rows)]
    cap = mpl.rcParams["font.size"]
    for top, row in zip(tops, titles, strict=True):
        for left, words in zip(lefts, row, strict=False):
            if not words:
                continue
            fitted_text(
                ax,
                left + width / 2,
                top - 0.45 * em,
                words,
                room=(room, text_height(widest) * em),
                widest=widest,  # one size for all
                cap=cap,
                va="baseline",
            )
    for top, words in zip(tops, beside, strict=False):
        fitted_text(
            ax,
            -em,
            top + height / 2,
            words,
            room=((at_left - 1) * em, height),
            widest=_largest(beside),
            cap=cap,
            ha="right",
        )
    right, bottom = lefts[-1] + width, tops[-1] + height
    claim(ax, -at_left * em, 0, right, bottom)
    ax.set_xlim(-at_left * em, right)
    ax.set_ylim(bottom, 0)
    return Table(ax, (height, width), lefts, tops, em)


SIDES = ("left", "right", "bottom", "top")


def roomy_axes(across: float, down: float, *, outside: bool = True) -> Axes:
    """Create the Axes of a new figure of at least this many ems.

    Args:
        across, down: width and height.
        outside: whether there are labels outside the Axes. If not, the margins do not grow with
            the figure.
    """
    width, height = mpl.rcParams["figure.figsize"]
    em = mpl.rcParams["font.size"] / 72
    fig = plt.figure(figsize=(max(width, em * across), max(height, em * down)))
    if not outside and fig.get_layout_engine() is None:  # which takes care of margins
        wide, tall = width / fig.get_figwidth(), height / fig.get_figheight()
        settings: Any = mpl.rcParams
        usual = {side: settings[f"figure.subplot.{side}"] for side in SIDES}
        fig.subplots_adjust(
            left=wide * usual["left"],
            right=1 - wide * (1 - usual["right"]),
            bottom=tall * usual["bottom"],
            top=1 - tall * (1 - usual["top"]),
        )
    return fig.subplots()


def _em(ax: Axes, across: float, down: float) -> float:
    """Return the font size in units of which `across` by `down` fit into the Axes."""
    box = ax.get_window_extent()
    unit = min(box.width / across, box.height / down) / ax.figure.dpi * 72
    return mpl.rcParams["font.size"] / unit


def _largest(texts: Sequence[str]) -> str:
    """Return a text as wide and as high as the largest of these, so that all get one size."""
    lines = [words.split("\n") for words in texts]
    widest = max((line for words in lines for line in words), key=text_width, default="")
    return "\n".join([widest] * max(map(len, lines), default=1))


def wrapped(words: str, room: float) -> str:
    """Break lines at spaces so that they are at most `room` ems wide.

    >>> wrapped("guided backpropagation", 10)
    'guided\\nbackpropagation'
    """
    lines: list[str] = []
    for line in str(words).split("\n"):
        first, *others = line.split(" ")
        lines.append(first)
        for word in others:
            if text_width(f"{lines[-1]} {word}") <= room:
                lines[-1] += f" {word}"
            else:
                lines.append(word)
    return "\n".join(lines)


def strip(
    ax: Axes | None, pictures: Sequence[np.ndarray], words: Sequence[str], columns: int | None
) -> Table:
    """Draw images in sequence, in rows of `columns`, each with its text above it."""
    count = len(pictures)
    if columns is None:
        columns = math.ceil(count / math.ceil(count / STRIP))  # rows of about equal length
    if columns < 1:
        raise ValueError(f"columns must be 1 or more; received {columns}")
    starts = range(0, count, columns)
    places = table(
        ax, pictures[0].shape[:2], [list(words[start : start + columns]) for start in starts]
    )
    for nth, picture in enumerate(pictures):
        places.show(nth // columns, nth % columns, picture)
    return places


def steps_in_words(labels: Sequence) -> list[str]:
    """Label numbers as steps; texts stay unchanged.

    >>> steps_in_words([0, 50, "last"])
    ['step 0', 'step 50', 'last']
    """
    return [label if isinstance(label, str) else _("step {step}", step=label) for label in labels]


def stages(what: str, images) -> list[np.ndarray]:
    """Check images (S, H, W, C), or a list of images of any sizes; return them as a list."""
    if isinstance(images, np.ndarray):
        return list(pictures(what, array(what, images, "(S, H, W, C)", 4), "S"))
    if not isinstance(images, Sequence):
        raise TypeError(
            f"{what} must be an array (S, H, W, C) or a list of images (H, W, C); received"
            f" {type(images).__name__}"
        )
    if not images:
        raise ValueError(f"{what} must contain at least one image; received none")
    return [pictures(f"{what}[{nth}]", single(image)) for nth, image in enumerate(images)]
