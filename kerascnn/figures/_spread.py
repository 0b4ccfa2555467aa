"""How figures show that a measurement was repeated: the mean thick, each run thin."""

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from kerascnn._text import text as _

THIN = 0.3  # of a line's width


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
