"""Boxes with scores over their image, the class map of a detector's grid, precision and recall."""

from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.patches import Patch, Rectangle
from matplotlib.patheffects import withStroke
from numpy.typing import ArrayLike

from kerascnn._text import class_texts
from kerascnn._text import text as _

from ._artists import axes_for, canvas, fitted_text
from ._check import array, check_names, class_indices, pictures, single
from ._ranges import without_color
from ._style import (
    as_written,
    in_print,
    legend_as_written,
    legend_label,
    readable_on,
    window_colors,
)

ALPHA = 0.45
DASHES = ("-", "--", ":", "-.")  # of classes whose color repeats
BEHIND = 0.35  # padding around a name, in ems
STROKE = 2.5  # outline of a number in points, so that it is legible on any image
LABEL = 5  # class, x, y, w, h
FOUND = 6  # class, score, x, y, w, h


def boxes(
    image: ArrayLike,
    found: ArrayLike,
    *,
    class_names: Sequence[str] | None = None,
    truth: ArrayLike | None = None,
    names: bool = True,
    ax: Axes | None = None,
) -> Axes:
    """Draw boxes over their image, with the names of their classes and their scores.

    Args:
        image: (H, W), (H, W, 1) or (H, W, 3), float in [0, 1] or uint8.
        found: (m, 6), class index, score, and center x, center y, width, height as fractions of the
            image, such as one array returned by `kerascnn.predict_boxes`; or (m, 5), without
            scores. Rows of class -1 are left out.
        class_names: a name for each class index; `None` shows the indices.
        truth: (n, 5), the true boxes, drawn with dashed lines; `None` draws none.
        names: whether to write classes and scores.
        ax: Axes to draw on; `None` creates a new figure.

    Returns:
        The Axes; one unit is one pixel of the image, and y points down.

    Raises:
        TypeError: If an array is not numeric.
        ValueError: If a shape is wrong, the image is outside [0, 1], or a class has no name.

    >>> import matplotlib.pyplot as plt
    >>> ax = boxes(np.ones((10, 20)), [[1, 0.9, 0.5, 0.5, 0.2, 0.4]], class_names=["cat", "dog"])
    >>> float(ax.patches[0].get_x()), ax.texts[0].get_text()
    (8.0, 'dog 0.90')
    >>> plt.close(ax.figure)
    """
    image = pictures("image", single(image), advice="pass the image from before preprocessing")
    found = _rows("found", found, (LABEL, FOUND))
    true = _rows("truth", [] if truth is None else truth, (LABEL,))
    highest = int(max([*found[:, 0], *true[:, 0]], default=0))
    check_names(class_names, highest)
    words = class_texts(range(highest + 1) if class_names is None else class_names)
    ax, height, width = _shown(image, ax)
    colors = window_colors(highest + 1)
    line = 0.8 * mpl.rcParams["lines.linewidth"]
    for rows, dashes in ((true, (0, (3, 2))), (found, "solid")):
        for row in rows:
            kind, (x, y, w, h) = int(row[0]), row[-4:] * (width, height, width, height)
            ax.add_patch(
                Rectangle(
                    (x - w / 2, y - h / 2), w, h, fill=False, edgecolor=colors[kind],
                    linewidth=line, linestyle=dashes,
                )
            )  # fmt: skip
    taken: list[np.ndarray] = []  # the middle and the sides of each name, in points
    for row in found if names else ():  # the best one first
        score = f" {row[1]:.2f}" if len(row) == FOUND else ""
        _name(ax, row, f"{words[int(row[0])]}{score}", colors[int(row[0])], (width, height), taken)
    return ax


def _name(
    ax: Axes,
    row: np.ndarray,
    words: str,
    color: str,
    size: tuple[int, int],
    taken: list[np.ndarray],
) -> None:
    """Write a name above a box, below its upper edge if there is no space, or at its lower edge."""
    width, height = size
    x, y, w, h = row[-4:] * (width, height, width, height)
    em = mpl.rcParams["font.size"] * 0.75
    extent, points = ax.get_window_extent(), 72 / ax.figure.dpi
    room = min(extent.width / width, extent.height / height) * points  # points per pixel
    right = x - w / 2 > 0.7 * width
    across = x + w / 2 if right else x - w / 2
    text = ax.annotate(
        words,
        (across, y - h / 2),
        xytext=(0, 0),
        textcoords="offset points",
        ha="right" if right else "left",
        fontsize=em,
        color=readable_on(color),
        bbox={"facecolor": color, "edgecolor": "none", "pad": BEHIND * em, "alpha": 0.85},
        zorder=3 + 1 / (1 + len(taken)),  # the best one on top
    )
    as_written(text)
    drawn = text.get_window_extent()
    wide, tall = np.array([drawn.width, drawn.height]) * points + 2 * BEHIND * em
    places = [
        (y - h / 2, 1 if (y - h / 2) * room > tall else -1),
        (y + h / 2, -1 if (height - y - h / 2) * room > tall else 1),
    ]
    middles = [
        (across * room + (-wide if right else wide) / 2, down * room - up * tall / 2)
        for down, up in places
    ]
    candidates = [np.array([*middle, wide, tall]) for middle in middles]
    best = int(np.argmin([sum(_overlap(one, other) for other in taken) for one in candidates]))
    taken.append(candidates[best])
    down, up = places[best]
    text.xy = across, down
    text.set(position=(0, up * BEHIND * em), va="bottom" if up > 0 else "top")


def _overlap(one: np.ndarray, other: np.ndarray) -> float:
    """Return the area that two names share, each given by its middle and its sides."""
    shared = (one + other)[2:] / 2 - abs(one - other)[:2]
    return float(np.prod(np.clip(shared, 0, None)))


def class_map(
    image: ArrayLike,
    classes: ArrayLike,
    *,
    class_names: Sequence[str] | None = None,
    numbers: bool = True,
    alpha: float = ALPHA,
    ax: Axes | None = None,
) -> Axes:
    """Draw the most likely class of each cell of a grid, such as YOLO's 7x7, over the image.

    Args:
        image: (H, W), (H, W, 1) or (H, W, 3), float in [0, 1] or uint8.
        classes: (h, w) class indices, -1 for none; or (h, w, K) scores, of which the highest is
            drawn.
        class_names: a name for each class index, for the legend; `None` shows the indices.
        numbers: whether to write the class indices into the cells.
        alpha: opacity of the colors, in [0, 1].
        ax: Axes to draw on; `None` creates a new figure.

    Returns:
        The Axes; one unit is one pixel of the image, and y points down.

    Raises:
        TypeError: If an array is not numeric.
        ValueError: If a shape is wrong, the image is outside [0, 1], or a class has no name.

    >>> import matplotlib.pyplot as plt
    >>> ax = class_map(np.ones((14, 14)), [[0, 1], [-1, 1]], class_names=["cat", "dog"])
    >>> len(ax.patches)
    3
    >>> plt.close(ax.figure)
    """
    image = pictures("image", single(image), advice="pass the image from before preprocessing")
    grid = array("classes", classes, "(h, w) or (h, w, K)", (2, 3))
    grid = grid.argmax(axis=-1) if grid.ndim == 3 else grid
    grid = class_indices("classes", grid, "(h, w)", 2, least=-1)
    found = [k for k in np.unique(grid).tolist() if k >= 0]
    check_names(class_names, max(found, default=-1))
    if not 0 <= alpha <= 1:
        raise ValueError(f"alpha must be in [0, 1]; received {alpha}")
    words = class_texts(range(max(found, default=0) + 1) if class_names is None else class_names)
    ax, height, width = _shown(image, ax)
    colors = window_colors(max(found, default=0) + 1)
    down, across = height / grid.shape[0], width / grid.shape[1]
    edge = mpl.rcParams["axes.facecolor"]
    for (row, column), k in np.ndenumerate(grid):
        if k < 0:
            continue
        place = (column * across, row * down)
        fill = (*to_rgb(colors[k]), alpha)
        ax.add_patch(Rectangle(place, across, down, facecolor=fill, edgecolor=edge, linewidth=0.8))
        if numbers:
            middle = ((column + 0.5) * across, (row + 0.5) * down)
            number = fitted_text(
                ax, *middle, str(k), room=(0.6 * across, 0.5 * down),
                cap=mpl.rcParams["font.size"], widest="00", color="white",
            )  # fmt: skip
            number.set_path_effects([withStroke(linewidth=STROKE, foreground="black")])
    handles = [Patch(facecolor=colors[k], label=f"{k}: {words[k]}") for k in found]
    if class_names is not None and handles:
        legend = ax.legend(
            handles=handles, loc="upper center", bbox_to_anchor=(0.5, 0), borderaxespad=0.3,
            ncols=min(len(handles), 3), handlelength=1.2, columnspacing=1.2,
        )  # fmt: skip
        legend_as_written(legend)
    return ax


def precision_recall(
    curves: Any,
    *,
    class_names: Sequence[str] | None = None,
    average: Sequence[float] | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw precision over recall, with one line per class, in the color of its boxes.

    Args:
        curves: the result of `kerascnn.metrics.precision_recall`, a list with one such curve per
            class, or a dict from class names to curves.
        class_names: names of the curves; `None` shows their indices.
        average: the average precision of each class to write beside its name; `None` writes none.
        ax: Axes to draw on; `None` creates a new figure.

    Returns:
        The Axes.

    Raises:
        ValueError: If there are no curves, or the number of names is wrong.

    >>> import matplotlib.pyplot as plt
    >>> from kerascnn.metrics import precision_recall as curve_of
    >>> box = [0.5, 0.5, 0.2, 0.2]
    >>> ax = precision_recall(curve_of([[[0, *box]]], [[[0, 0.9, *box]]], 0), class_names=["cat"])
    >>> ax.get_legend().get_texts()[0].get_text()
    'cat'
    >>> plt.close(ax.figure)
    """
    if isinstance(curves, Mapping):
        class_names = list(curves) if class_names is None else class_names
        curves = list(curves.values())
    curves = [curves] if hasattr(curves, "recall") else list(curves)
    if not curves:
        raise ValueError("curves must contain at least one curve; received none")
    words = class_texts(range(len(curves)) if class_names is None else class_names)
    for what, given in (("class_names", words), ("average", average)):
        if given is not None and len(given) != len(curves):
            raise ValueError(f"{what} must be one for each of {len(curves)} curves")
    ax = axes_for(ax)
    colors = window_colors(len(curves))
    for nth, (curve, name) in enumerate(zip(curves, words, strict=True)):
        color, dashes = colors[nth], DASHES[colors[:nth].count(colors[nth]) % 4]
        recall = np.concatenate([[0], np.asarray(curve.recall)])
        precision = np.asarray(curve.precision)
        precision = np.concatenate([precision[:1], precision])
        beside = "" if average is None else f" {average[nth]:.2f}".replace("nan", "–")
        shown = legend_label(f"{name}{beside}")
        if len(precision):
            ax.plot(recall, precision, color=color, linestyle=dashes, label=shown)
        else:  # without boxes, a name without a line
            ax.plot([], [], color=color, linestyle=dashes, label=shown)
    ax.set(xlim=(0, 1.02), ylim=(0, 1.03), xlabel=_("recall"), ylabel=_("precision"))
    for label in (ax.xaxis.label, ax.yaxis.label):
        as_written(label)
    title = None if average is None else _("average precision")
    legend = ax.legend(loc="center left", bbox_to_anchor=(1, 0.5), title=title)
    legend_as_written(legend)
    return ax


def _shown(image: np.ndarray, ax: Axes | None) -> tuple[Axes, int, int]:
    """Draw an image, gray in print, and return its Axes, height and width."""
    ax = canvas(ax)
    height, width = image.shape[:2]
    shown = without_color(image) if in_print() and image.ndim == 3 else image
    ax.imshow(shown, cmap="gray", vmin=0, vmax=1, extent=(0, width, height, 0))
    return ax, height, width


def _rows(name: str, values, widths: tuple[int, ...]) -> np.ndarray:
    if np.size(values) == 0:
        return np.zeros((0, widths[-1]))
    rows = array(name, values, "(m, " + " or ".join(map(str, widths)) + ")", 2).astype(float)
    if rows.shape[1] not in widths:
        raise ValueError(
            f"{name} must have {' or '.join(map(str, widths))} columns: class, "
            f"{'score, ' if FOUND in widths else ''}x, y, w, h; received {rows.shape[1]}"
        )
    rows = rows[rows[:, 0] >= 0]
    if (rows[:, 0] % 1).any():
        raise ValueError(f"{name} must start with whole numbers, the classes; received fractions")
    if (rows[:, -2:] < 0).any():
        raise ValueError(f"{name} must have a width and height of at least 0")
    places = rows[:, -4:-2]
    if (places < 0).any() or (places > 1).any():
        raise ValueError(
            f"{name} must have their centers in the image, 0 to 1; received {places.min():g} to "
            f"{places.max():g}: divide pixels by the image's width and height"
        )
    return rows
