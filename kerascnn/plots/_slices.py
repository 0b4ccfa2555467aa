"""Slices of a volume side by side."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from numpy.typing import ArrayLike

from kerascnn._checks import check_count
from kerascnn._errors import unknown

from ._check import array, class_indices, pictures
from ._image_grid import image_grid
from ._mask_overlay import ALPHA
from ._style import window_colors


def slices(
    volume: ArrayLike,
    *,
    mask: ArrayLike | None = None,
    count: int = 12,
    axis: int = 0,
    columns: int | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw evenly spaced slices of a volume side by side, each with its number.

    Args:
        volume: (D, H, W), float in [0, 1] or uint8.
        mask: (D, H, W), class indices to overlay in color; `None` for none.
        count: number of slices.
        axis: the axis perpendicular to the slices, 0, 1 or 2.
        columns: number of slices per row; `None` chooses a grid of about 16:9.
        ax: Axes to draw on; `None` creates a new figure.

    Returns:
        The Axes; one unit is one pixel, and y points down.

    Raises:
        TypeError: If an array is not numeric.
        ValueError: If a shape is wrong, the volume is outside [0, 1], or the axis is unknown.

    >>> import matplotlib.pyplot as plt
    >>> ax = slices(np.zeros((9, 8, 8)), count=3)
    >>> [text.get_text() for text in ax.texts]
    ['0', '4', '8']
    >>> plt.close(ax.figure)
    """
    volume = array("volume", volume, "(D, H, W)", 3)
    if axis not in (0, 1, 2):
        raise unknown("axis", axis, (0, 1, 2))
    check_count("count", count)
    chosen = np.unique(np.linspace(0, volume.shape[axis] - 1, count).round().astype(int))
    planes = pictures("volume", np.moveaxis(volume, axis, 0)[chosen], "D")
    if mask is not None:
        mask = class_indices("mask", mask, "(D, H, W)", 3)
        if mask.shape != volume.shape:
            raise ValueError(
                f"mask must have the size of the volume, {volume.shape}; received {mask.shape}"
            )
        mask = np.moveaxis(mask, axis, 0)[chosen]
        colors = [to_rgb(color) for color in window_colors(max(mask.max(), 1))]
        planes = np.repeat(planes[..., None], 3, axis=-1)
        for k in range(1, mask.max() + 1):
            part = mask == k
            planes[part] = (1 - ALPHA) * planes[part] + ALPHA * np.array(colors[k - 1])
    return image_grid(planes, titles=[str(nth) for nth in chosen], columns=columns, ax=ax)
