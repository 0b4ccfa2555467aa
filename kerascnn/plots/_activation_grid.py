"""The activation maps of a layer for one image."""

import math

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import ArrayLike

from kerascnn._errors import unknown
from kerascnn._text import text as _

from ._artists import scale_bar
from ._check import array
from ._mosaic import draw, lay_out
from ._style import colormap

ORDERS = ("unit", "strength")


def activation_grid(
    maps: ArrayLike,
    *,
    order: str = "strength",
    top: int | None = None,
    columns: int | None = None,
    numbers: bool = True,
    colorbar: bool = True,
    cmap: str | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw the activation maps of one image on a common scale, each with its unit's number.

    Args:
        maps: (h, w, K) activations of one layer for one image, in any range.
        order: "strength" puts the map with the largest mean absolute activation first; "unit"
            sorts the maps by unit number.
        top: number of maps to show, in that order; `None` shows all.
        columns: number of maps per row; `None` chooses it automatically.
        numbers: whether to write the unit's number above each map.
        colorbar: whether to show the color bar.
        cmap: name of a colormap; viridis by default.
        ax: Axes to draw on; `None` creates a new figure.

    Returns:
        The Axes; one unit is one activation.

    Raises:
        TypeError: If `maps` is not numeric.
        ValueError: If the shape is wrong, a value is NaN, the order is unknown, or `top` is below
            1.

    >>> import matplotlib.pyplot as plt
    >>> ax = activation_grid(np.ones((4, 4, 3)) * [1, 5, 2])
    >>> [text.get_text() for text in ax.texts]
    ['1', '2', '0']
    >>> plt.close(ax.figure)
    """
    maps = array("maps", maps, "(h, w, K), the activations for one image", 3)
    if order not in ORDERS:
        raise unknown("order", order, ORDERS)
    if top is not None and top < 1:
        raise ValueError(f"top must be 1 or more; received {top}")
    units = np.arange(maps.shape[-1])
    if order == "strength":
        strength = np.abs(maps).mean(axis=(0, 1), dtype=np.float64)
        units = np.argsort(-strength, kind="stable")
    units = units[:top]
    shown = np.moveaxis(maps[..., units], -1, 0)
    low, high = min(0.0, float(shown.min())), float(shown.max())
    if math.isclose(low, high):
        high = low + 1.0  # a dead layer is drawn in the color of its only value
    titles = [str(unit) for unit in units] if numbers else None
    mosaic = lay_out(shown, columns, numbers)
    image = draw(ax, mosaic, titles, cmap=cmap or colormap("sequential"), vmin=low, vmax=high)
    if colorbar:
        scale_bar(image, _("activation"))
    return image.axes
