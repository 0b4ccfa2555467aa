"""Confusion matrices: which classes are mistaken for which."""

import math
from collections.abc import Sequence
from os import PathLike
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap, PowerNorm, to_hex
from matplotlib.font_manager import FontProperties
from matplotlib.image import AxesImage
from matplotlib.ticker import MaxNLocator, PercentFormatter

from kerascnn._errors import unknown
from kerascnn._text import class_texts
from kerascnn._text import text as _

from ._artists import canvas, fitted_text, scale_bar, text_width
from ._check import array
from ._style import as_written, readable_on, role_color
from ._table import roomy_axes

NUMBERED = 30  # with more classes the cells are too small for numbers
CELL = 1.2  # minimum side of a cell with a number in a new figure, in ems
BARE_CELL = 8.0  # the same without a number, in points
BESIDE, BELOW = 14.0, 5.0  # space for names and color bar in a new figure, in ems
DECIMALS = 10  # maximum number of classes for which shares are written with a decimal
SMALLEST = 5.0  # points, for the class names; with less space, some are left out
NORMALIZE = ("true", "pred", "all")  # scikit-learn's names


def confusion_matrix(
    matrix: Any,
    class_names: Sequence[str] | None = None,
    *,
    normalize: str | None = None,
    numbers: bool | None = None,
    colorbar: bool = True,
    cmap: str | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw a confusion matrix: one row per true class, one column per predicted class.

    The color scale is a square root, so that a few errors are visible beside many hits.

    Args:
        matrix: (K, K) counts, as returned by `sklearn.metrics.confusion_matrix`, or shares; or the
            result of `kerascnn.evaluate`.
        class_names: K texts; `None` uses those of the evaluation, or the class numbers.
        normalize: "true" divides by the sum of each row, so that the diagonal is the recall; "pred"
            by the sum of each column (precision); "all" by the total. `None` draws the values
            unchanged.
        numbers: whether to write the values into the cells; zeros stay blank, and shares are in
            percent. `None` writes them for up to 30 classes.
        colorbar: whether to show the color bar.
        cmap: name of a colormap; by default, from the background color to blue.
        ax: Axes to draw on; `None` creates a new figure that is large enough for all classes.

    Returns:
        The Axes; one unit is one class, and y points down.

    Raises:
        TypeError: If `matrix` is not numeric, such as the directory of a run.
        ValueError: If the shape or the number of names is wrong, a value is negative or NaN, or
            `normalize` is unknown.

    >>> import matplotlib.pyplot as plt
    >>> ax = confusion_matrix([[8, 2], [0, 5]], ["cat", "dog"], normalize="true")
    >>> [text.get_text() for text in ax.texts]
    ['80.0', '20.0', '100']
    >>> plt.close(ax.figure)
    """
    if hasattr(matrix, "confusion"):  # an evaluation
        names = getattr(matrix, "class_names", None)
        matrix, class_names = matrix.confusion, names if class_names is None else class_names
    if isinstance(matrix, str | PathLike) or hasattr(matrix, "history"):
        raise TypeError(
            f"matrix must be (K, K) counts or the result of kerascnn.evaluate; received a run, "
            f"{str(matrix)!r}, which keeps no predictions. Pass kerascnn.evaluate(run.best(), "
            "data), or run: kerascnn evaluate --run FOLDER --data DATA -o confusion.png"
        )
    matrix = array("matrix", matrix, "(K, K), true by predicted classes", 2).astype(np.float64)
    classes = len(matrix)
    if matrix.shape != (classes, classes):
        raise ValueError(f"matrix must be square, (K, K); received shape {matrix.shape}")
    if matrix.min() < 0:
        raise ValueError(f"matrix must be 0 or more; received {matrix.min():g}")
    if isinstance(class_names, str):
        class_names = [class_names]  # one name, not one per letter
    if class_names is not None and len(class_names) != classes:
        raise ValueError(
            f"class_names must be one for each of {classes} classes; received {len(class_names)}"
        )
    if normalize is not None and normalize not in NORMALIZE:
        raise unknown("normalize", normalize, NORMALIZE)
    names = class_texts(range(classes) if class_names is None else class_names)
    numbers = classes <= NUMBERED if numbers is None else numbers
    if normalize:
        axis = {"true": 1, "pred": 0, "all": None}[normalize]
        total = matrix.sum(axis=axis, keepdims=True)
        matrix = matrix / np.where(total > 0, total, 1)  # a class that never occurs has no shares

    side = classes * (CELL if numbers else BARE_CELL / mpl.rcParams["font.size"])
    ax = canvas(ax if ax is not None else roomy_axes(side + BESIDE, side + BELOW))
    ax.set_axis_on()
    image = ax.imshow(
        matrix,
        cmap=cmap or _from_the_ground(),
        norm=PowerNorm(0.5, 0, matrix.max() or 1),
        extent=(0, classes, classes, 0),
        interpolation="none",
    )
    _name_classes(ax, names)
    if numbers:
        _write(image, matrix, bool(normalize))
    if colorbar:
        bar = scale_bar(image, _scale_label(normalize))
        if normalize:
            bar.ax.yaxis.set_major_formatter(PercentFormatter(1))
        elif np.array_equal(matrix, matrix.round()):
            bar.ax.yaxis.set_major_locator(MaxNLocator(integer=True, nbins=6))
    return ax


def _name_classes(ax: Axes, names: list[str]) -> None:
    """Write the class names along both axes, in a size that fits the cells."""
    box = ax.get_window_extent()
    cell = 0.9 * min(box.width, box.height) / len(names) / ax.figure.dpi * 72  # points
    every = math.ceil(SMALLEST / cell)
    usual = FontProperties(size=mpl.rcParams["xtick.labelsize"]).get_size_in_points()
    size = min(usual, max(cell, SMALLEST))
    flat = max(map(text_width, names)) * size <= cell * every
    shown = range(0, len(names), every)
    places, texts = [nth + 0.5 for nth in shown], [names[nth] for nth in shown]
    ax.set_xticks(places, texts, fontsize=size, rotation=0 if flat else 90)
    ax.set_yticks(places, texts, fontsize=size)
    for label in (*ax.get_xticklabels(), *ax.get_yticklabels()):
        as_written(label)
    ax.tick_params(length=0, which="both")
    faint = {"color": mpl.rcParams["grid.color"], "linewidth": 0.5 * mpl.rcParams["axes.linewidth"]}
    ax.spines[:].set(visible=True, **faint)
    if len(names) <= NUMBERED:
        ax.set_xticks(range(1, len(names)), minor=True)
        ax.set_yticks(range(1, len(names)), minor=True)
        ax.grid(which="minor", **faint)
    ax.set_xlabel(_("predicted class"))
    ax.set_ylabel(_("true class"))


def _from_the_ground() -> LinearSegmentedColormap:
    """Return a colormap from the background to a strong color: zeros are invisible."""
    ends = [mpl.rcParams["axes.facecolor"], role_color("kernel")]
    return LinearSegmentedColormap.from_list("ground", ends)


def _write(image: AxesImage, matrix: np.ndarray, shares: bool) -> None:
    if shares:
        form = "{:.1%}" if len(matrix) <= DECIMALS else "{:.0%}"
    else:
        form = "{:.0f}" if np.array_equal(matrix, matrix.round()) else "{:.2g}"
    words = {
        cell: form.format(value).removesuffix("%").replace("100.0", "100")
        for cell, value in np.ndenumerate(matrix)
        if value
    }
    widest = max(words.values(), key=text_width, default="")
    for (row, column), word in words.items():
        fitted_text(
            image.axes,
            column + 0.5,
            row + 0.5,
            word,
            room=(0.84, 0.7),
            widest=widest,  # one size for all
            cap=1.2 * mpl.rcParams["font.size"],
            color=readable_on(to_hex(tuple(image.to_rgba(matrix[row, column])))),
        )


def _scale_label(normalize: str | None) -> str:
    return {
        None: _("images"),
        "true": _("share of the true class"),
        "pred": _("share of the predicted class"),
        "all": _("share of all images"),
    }[normalize]
