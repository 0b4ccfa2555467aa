"""Drawing functions shared by many figures: notes, and lines of repeated measurements."""

import textwrap
import unicodedata
from collections.abc import Iterable, Sequence
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure
from matplotlib.lines import Line2D

from kerascnn._text import text as _

Panels = Sequence[tuple[np.ndarray, float, dict[str, Any]]]  # grids, positions, options

LINE = 100  # characters per line of a note; Hangul letters count as two
THIN = 0.3  # line width of a single run, relative to that of the mean


def note(figure: Figure, *paragraphs: str) -> None:
    """Write a note below a figure, such as an erratum.

    Args:
        figure: a figure with a layout engine, which makes space for the note.
        paragraphs: texts that each start on a new line and are wrapped if they are too long.
    """
    lines = [line for words in paragraphs for line in _wrap(words)]
    figure.supxlabel("\n".join(lines), fontsize="small")


def _wrap(words: str) -> list[str]:
    wide = sum(unicodedata.east_asian_width(c) == "W" for c in words)
    width = round(LINE * len(words) / (len(words) + wide))
    lines = textwrap.wrap(words.replace(" = ", "\u00a0=\u00a0"), width)  # keep "n = 5" on one line
    return [line.replace("\u00a0=\u00a0", " = ") for line in lines]


def parts_of(figure: Figure, rows: int, columns: int, **ratios: Any) -> list[SubFigure]:
    """Divide a figure into subfigures and return them row by row.

    Args:
        figure: the figure.
        rows, columns: number of rows and columns.
        **ratios: `height_ratios` or `width_ratios`.
    """
    return list(figure.subfigures(rows, columns, squeeze=False, **ratios).flat)


def mean_and_runs(
    ax: Axes, x: np.ndarray, values: np.ndarray, *, color: str, **look: Any
) -> Line2D:
    """Draw a thin line per run and a thick one for their mean, which is returned.

    Args:
        ax: Axes to draw on.
        x: (x,) numbers.
        values: (runs, x) numbers.
        color: color of all lines.
        **look: options of the line of the mean, such as `marker` and `label`.
    """
    runs_of(ax, x, values, color)
    return ax.plot(x, values.mean(axis=0), color=color, linestyle="-", **look)[0]


def runs_of(ax: Axes, x: np.ndarray, values: np.ndarray, color: str) -> None:
    """Draw a thin line per run; `values` is (runs, x)."""
    width = THIN * mpl.rcParams["lines.linewidth"]
    ax.plot(x, values.T, color=color, linestyle="-", linewidth=width, marker="", alpha=0.7)


def say_runs(result) -> str:
    """Return the explanation of thick and thin lines for the note of a figure."""
    if len(result.settings["seeds"]) == 1:
        return _("A single run.")
    return _(
        "Thick lines: mean; thin lines: each of {count} runs.", count=len(result.settings["seeds"])
    )


def values_text(values: Any, digits: int = 3) -> str:
    """Return numbers row by row, separated by commas, for an alt text.

    >>> values_text(np.array([[1, -2], [2.25, 1 / 3]]))
    '1, −2, 2.25, 0.333'
    """
    return ", ".join(f"{value:.{digits}g}".replace("-", "−") for value in np.ravel(values))


def listed(values: Iterable[Any]) -> str:
    """Return values separated by commas.

    >>> listed((3, 5))
    '3, 5'
    """
    return ", ".join(map(str, values))
