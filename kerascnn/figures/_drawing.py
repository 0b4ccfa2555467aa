"""What many figures draw: a note below, and the lines of a measurement that was repeated."""

import textwrap
import unicodedata

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from kerascnn._text import text as _

LINE = 100  # characters of a note in one line; Hangul letters count as two
THIN = 0.3  # of a line's width


def note(figure: Figure, *paragraphs: str) -> None:
    """Write lines under a figure, such as what lectures often get wrong.

    Args:
        figure: with a layout engine, which makes room.
        paragraphs: each begins a new line, and is broken where it is too long.
    """
    lines = [line for words in paragraphs for line in _wrap(words)]
    figure.supxlabel("\n".join(lines), fontsize="small")


def _wrap(words: str) -> list[str]:
    wide = sum(unicodedata.east_asian_width(c) == "W" for c in words)
    width = round(LINE * len(words) / (len(words) + wide))
    lines = textwrap.wrap(words.replace(" = ", "\u00a0=\u00a0"), width)  # "n = 5" is one word
    return [line.replace("\u00a0=\u00a0", " = ") for line in lines]


def mean_and_runs(
    ax: Axes, x: np.ndarray, values: np.ndarray, *, color: str, **look: object
) -> Line2D:
    """Draw a line for each run and one for their mean, which is returned.

    Args:
        ax: where to draw.
        x: (x) numbers.
        values: (run, x).
        color: of all lines.
        **look: of the mean, such as marker and label.
    """
    runs_of(ax, x, values, color)
    return ax.plot(x, values.mean(axis=0), color=color, linestyle="-", **look)[0]


def runs_of(ax: Axes, x: np.ndarray, values: np.ndarray, color: str) -> None:
    """Draw a thin line for each run, values (run, x)."""
    width = THIN * mpl.rcParams["lines.linewidth"]
    ax.plot(x, values.T, color=color, linestyle="-", linewidth=width, marker="", alpha=0.7)


def say_runs(result) -> str:
    """Say what the lines are."""
    return _("Thick: mean; thin: each of {count} runs.", count=len(result.settings["seeds"]))
