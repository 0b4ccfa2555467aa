"""Images side by side."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import ArrayLike

from kerascnn._errors import unknown

from ._check import color_layout, in_words, pictures
from ._mosaic import check_titles, draw, lay_out

NORMALIZE = ("each", "all")


def image_grid(
    images: ArrayLike,
    *,
    titles: Sequence[str] | Sequence[int] | None = None,
    class_names: Sequence[str] | None = None,
    columns: int | None = None,
    normalize: str | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw images in a grid in one Axes; the last row may be shorter.

    Args:
        images: (N, H, W), (N, H, W, 1) or (N, H, W, 3), float in [0, 1] or uint8.
        titles: N texts to write above the images, or class indices.
        class_names: the names of the classes, shown in place of their indices.
        columns: number of images per row; `None` chooses a grid of about 16:9.
        normalize: "each" or "all" scales any range to [0, 1], separately for each image or for all
            together; `None` leaves the values unchanged.
        ax: Axes to draw on; `None` creates a new figure.

    Returns:
        The Axes; one unit is one pixel, and y points down.

    Raises:
        TypeError: If `images` is not numeric.
        ValueError: If the shape or the number of titles is wrong, or a value is NaN or outside
            [0, 1].

    >>> import matplotlib.pyplot as plt
    >>> ax = image_grid(np.zeros((5, 8, 8)), columns=3)
    >>> ax.images[0].get_array().shape  # two rows and three columns, a gap of one pixel
    (17, 26)
    >>> plt.close(ax.figure)
    """
    if normalize is not None and normalize not in NORMALIZE:
        raise unknown("normalize", normalize, NORMALIZE)
    if normalize is None:
        advice = "divide by 255, or pass normalize='each' or 'all'"
        images = pictures("images", images, "N", advice=advice)
    else:
        images = _stretched(color_layout("images", images, "N"), normalize)
    check_titles("titles", titles, len(images))
    titles = in_words("titles", titles, class_names)
    mosaic = lay_out(images, columns, titles is not None)
    return draw(ax, mosaic, titles, cmap="gray", vmin=0, vmax=1).axes


def _stretched(images: np.ndarray, normalize: str) -> np.ndarray:
    images = images.astype(np.float32)
    axes = None if normalize == "all" else tuple(range(1, images.ndim))
    low = images.min(axis=axes, keepdims=True)
    span = images.max(axis=axes, keepdims=True) - low
    return (images - low) / np.where(span > 0, span, 1)  # a constant image becomes black
