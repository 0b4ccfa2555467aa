"""The receptive field of a unit on the image: the theoretical box and the effective field."""

from collections.abc import Mapping
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from ._artists import canvas, claim
from ._check import array, pictures
from ._overlay import draw_heat
from ._ranges import strongest
from ._style import as_written, legend_as_written, legend_label, role_color, window_colors

CLIP = 98  # percentile of the nonzero pixels: a few would outshine all others


def unit_field(
    image: np.ndarray,
    field: Any,
    *,
    effective: np.ndarray | None = None,
    title: str | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw the receptive field of a unit on an image, as a box and as a heatmap.

    Args:
        image: (H, W), (H, W, 1) or (H, W, 3), float in [0, 1] or uint8.
        field: ((top, bottom), (left, right)) in pixels, as returned by
            `kerascnn.visualize.receptive_field`; or a dict from labels to such boxes, such as the
            fields of several layers. Parts outside the image are in the padding.
        effective: (H, W), non-negative: the weight of each pixel, such as one map of
            `kerascnn.visualize.effective_receptive_field`; `None` draws none.
        title: title above the image.
        ax: Axes to draw on; `None` creates a new figure.

    Returns:
        The Axes; one unit is one pixel, and y points down.

    Raises:
        TypeError: If an argument is not numeric.
        ValueError: If a shape is wrong, a value is NaN, or `effective` has negative values.

    >>> import matplotlib.pyplot as plt
    >>> ax = unit_field(np.zeros((28, 28)), ((-2, 12), (2, 16)))
    >>> [(patch.get_x(), patch.get_y(), patch.get_width()) for patch in ax.patches]
    [(2, -2, 14)]
    >>> plt.close(ax.figure)
    """
    image = pictures("image", image)
    height, width = image.shape[:2]
    boxes = {key: _box(box).tolist() for key, box in _named(field).items()}
    ax = canvas(ax)
    extent = (0, width, height, 0)
    if effective is None:
        ax.imshow(image, cmap="gray", vmin=0, vmax=1, extent=extent)
    else:
        heat = array("effective", effective, "(H, W), one map", 2)
        if heat.shape != (height, width) or heat.min() < 0:
            raise ValueError(
                f"effective must be non-negative and of the image's size, ({height}, {width}); "
                f"received shape {heat.shape}, smallest value {heat.min():.3g}."
            )
        limit = strongest(heat[heat > 0], CLIP) if heat.any() else 0.0
        draw_heat(ax, image, heat, extent=extent, limit=limit, signed=False)
    colors = [role_color("window")] if len(boxes) == 1 else window_colors(len(boxes))
    for (label, ((top, bottom), (left, right))), color in zip(boxes.items(), colors, strict=True):
        ax.add_patch(
            Rectangle(
                (left, top),
                right - left,
                bottom - top,
                fill=False,
                edgecolor=color,
                linewidth=1.5 * mpl.rcParams["lines.linewidth"],
                label=label if label is None else legend_label(label),
                clip_on=False,
            )
        )
        claim(ax, left, top, right, bottom)
    claim(ax, 0, 0, width, height)
    if set(boxes) != {None}:
        legend = ax.legend(loc="center left", bbox_to_anchor=(1.02, 0.5), borderaxespad=0)
        legend_as_written(legend)
    if title:
        as_written(ax.set_title(title))
    return ax


def _named(field: Any) -> dict:
    if isinstance(field, Mapping):
        if not field:
            raise ValueError("field must contain at least one box; received none.")
        return dict(field)
    return {None: field}


def _box(box: Any) -> np.ndarray:
    values = array("field", box, "((top, bottom), (left, right))", 2)
    if values.shape != (2, 2) or (values[:, 0] > values[:, 1]).any():
        raise ValueError(
            f"field must be ((top, bottom), (left, right)), in increasing order; received {box}."
        )
    return values
