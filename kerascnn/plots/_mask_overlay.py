"""The classes of pixels overlaid on their image as colors and outlines, and their errors."""

from collections.abc import Sequence
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.colors import to_rgb
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from numpy.typing import ArrayLike

from kerascnn._text import class_texts
from kerascnn._text import text as _

from ._artists import canvas
from ._check import check_names, class_indices, pictures, single
from ._ranges import without_color
from ._style import in_print, legend_as_written, legend_label, window_colors

ALPHA = 0.4
LINES = ("solid", "dashed", "dotted", "dashdot")  # of the outlines in print, by class
DARKENED = 0.6


def mask_overlay(
    image: ArrayLike,
    mask: ArrayLike,
    *,
    class_names: Sequence[str] | None = None,
    fill: bool = True,
    contours: bool = True,
    background: int | None = 0,
    alpha: float = ALPHA,
    legend: bool = True,
    ax: Axes | None = None,
) -> Axes:
    """Overlay the classes of pixels on their image, with colors and outlines.

    In print, classes are distinguished by the dashes of their outlines.

    Args:
        image: (H, W), (H, W, 1) or (H, W, 3), float in [0, 1] or uint8.
        mask: (H, W), class indices; or instances, whose outlines have a single color if
            `class_names` is `None` and there are more than six.
        class_names: a name for each class index, for the legend; `None` shows the indices.
        fill: whether to color the pixels of the classes.
        contours: whether to outline the classes.
        background: the class to leave unchanged; `None` for none.
        alpha: opacity of the colors, in [0, 1].
        legend: whether to show a legend of the classes below the image.
        ax: Axes to draw on; `None` creates a new figure.

    Returns:
        The Axes; one unit is one pixel of the image, and y points down.

    Raises:
        TypeError: If an array is not numeric.
        ValueError: If a shape is wrong, the image or `alpha` is outside [0, 1], or a class has no
            name.

    >>> import matplotlib.pyplot as plt
    >>> ax = mask_overlay(np.ones((8, 9)), np.eye(8, 9, dtype=int), class_names=["no", "yes"])
    >>> [text.get_text() for text in ax.get_legend().get_texts()]
    ['yes']
    >>> plt.close(ax.figure)
    """
    image, mask = _checked(image, mask=mask)
    if not 0 <= alpha <= 1:
        raise ValueError(f"alpha must be in [0, 1]; received {alpha}")
    found = [k for k in np.unique(mask).tolist() if k != background]
    check_names(class_names, max(found, default=-1))
    ax = canvas(ax)
    many = class_names is None and len(found) > len(set(window_colors(6)))
    count = max(found, default=0) + 1
    colors = [window_colors(1)[0]] * count if many else window_colors(count)
    shift = 0 if background is None or many else 1  # the first color is that of class 1
    color_of = {k: colors[(k - shift) % count] for k in found}
    shown = _rgb(without_color(image) if in_print() and image.ndim == 3 else image)
    if fill and not in_print():
        for k in found:
            part = mask == k
            shown[part] = (1 - alpha) * shown[part] + alpha * np.array(to_rgb(color_of[k]))
    _show(ax, shown)
    dashes: dict[int, Any] = {
        k: LINES[nth % len(LINES)] if in_print() else "solid" for nth, k in enumerate(found)
    }
    if contours:
        groups = [(found[0], mask)] if many and found else [(k, mask == k) for k in found]
        for k, part in groups:
            _outline(ax, part, color_of[k], dashes[k], whole=not many)
    if legend and found and not many:
        names = class_texts(range(count) if class_names is None else class_names)
        handles = [
            Line2D([], [], color=color_of[k], linestyle=dashes[k], label=legend_label(names[k]))
            for k in found
        ]
        _legend(ax, handles)
    return ax


def error_map(
    image: ArrayLike,
    labels: ArrayLike,
    predictions: ArrayLike,
    *,
    klass: int = 1,
    legend: bool = True,
    ax: Axes | None = None,
) -> Axes:
    """Draw the errors of a segmentation: missed pixels and wrongly detected pixels.

    Args:
        image: (H, W), (H, W, 1) or (H, W, 3), float in [0, 1] or uint8.
        labels: (H, W), the true class of each pixel.
        predictions: (H, W), the predicted class of each pixel.
        klass: the class to show.
        legend: whether to show a legend with the pixel counts below the image.
        ax: Axes to draw on; `None` creates a new figure.

    Returns:
        The Axes; one unit is one pixel of the image, and y points down.

    Raises:
        TypeError: If an array is not numeric.
        ValueError: If a shape is wrong, or the image is outside [0, 1].

    >>> import matplotlib.pyplot as plt
    >>> ax = error_map(np.ones((1, 4)), [[0, 0, 1, 1]], [[0, 1, 1, 0]])
    >>> [text.get_text() for text in ax.get_legend().get_texts()]
    ['found: 1', 'missed: 1', 'false: 1']
    >>> plt.close(ax.figure)
    """
    image, labels, predictions = _checked(image, labels=labels, predictions=predictions)
    true, found = labels == klass, predictions == klass
    shown = DARKENED * _rgb(without_color(image) if image.ndim == 3 else image)
    missed, false = ("white", "black") if in_print() else window_colors(2)[::-1]
    ax = canvas(ax)
    parts = [
        (_("found: {count}"), true & found, "#A8A8A8", ""),
        (_("missed: {count}"), true & ~found, missed, "///" if in_print() else ""),
        (_("false: {count}"), ~true & found, false, ""),
    ]
    handles = []
    for words, part, color, hatch in parts:
        opacity = 0.35 if color == "#A8A8A8" else 0.9
        shown[part] = (1 - opacity) * shown[part] + opacity * np.array(to_rgb(color))
        count = f"{int(part.sum()):,}"
        handles.append(
            Patch(facecolor=color, edgecolor="black", hatch=hatch, label=words.format(count=count))
        )
    _show(ax, shown)
    if legend:
        _legend(ax, handles)
    return ax


def _checked(image, **maps):
    """Check an image and maps of class indices of the same size."""
    image = pictures("image", single(image), advice="pass the image from before preprocessing")
    checked = [image]
    for name, values in maps.items():
        values = class_indices(name, values, "(H, W), one map", 2)
        if values.shape != image.shape[:2]:
            raise ValueError(
                f"{name} must have the size of the image, {image.shape[:2]}; received "
                f"{values.shape}: crop the image to the pixels that the model predicts"
            )
        checked.append(values)
    return checked


def _rgb(image: np.ndarray) -> np.ndarray:
    return np.repeat(image[..., None], 3, axis=-1) if image.ndim == 2 else image.copy()


def _show(ax: Axes, image: np.ndarray) -> None:
    height, width = image.shape[:2]
    ax.imshow(np.clip(image, 0, 1), extent=(0, width, height, 0), interpolation="nearest")


def _outline(ax: Axes, part: np.ndarray, color: str, dashes: str, *, whole: bool) -> None:
    """Draw lines between a part and the rest or, for instances, between all that differ."""
    padded = np.pad(part.astype(int), 1, constant_values=-1)
    own = padded[1:-1, 1:-1]
    below, right = padded[2:, 1:-1], padded[1:-1, 2:]
    lines = []
    for other, upright in ((below, False), (right, True)):
        differ = (own != other) & (other >= 0)
        if whole:
            differ &= (own > 0) != (other > 0)
        for y, x in np.argwhere(differ):
            start = (x + 1, y) if upright else (x, y + 1)
            lines.append([start, (x + 1, y + 1)])
    if lines:
        width = 0.6 * mpl.rcParams["lines.linewidth"]
        if in_print():  # so that black lines are visible on black
            ax.add_collection(LineCollection(lines, colors="white", linewidths=2.5 * width), False)
        ax.add_collection(
            LineCollection(lines, colors=color, linewidths=width, linestyles=dashes),
            autolim=False,
        )


def _legend(ax: Axes, handles: list) -> None:
    legend = ax.legend(
        handles=handles,
        loc="upper center",
        bbox_to_anchor=(0.5, 0),
        ncols=min(len(handles), 3),
        borderaxespad=0.3,
        handlelength=1.4,
        columnspacing=1.2,
    )
    legend_as_written(legend)
