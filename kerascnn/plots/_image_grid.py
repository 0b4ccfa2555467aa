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
    """Draw images as a mosaic in one Axes; the last row may be shorter.

    Args:
        images: (N, H, W), (N, H, W, 1) or (N, H, W, 3), float in [0, 1] or uint8.
        titles: N texts, one above each image, or class indices.
        class_names: the names of the classes, written in place of their indices.
        columns: images in a row; `None` chooses a mosaic of about 16:9.
        normalize: "each" or "all" stretches any range to [0, 1], image by image or with one
            scale; `None` takes the values as they are.
        ax: where to draw; `None` makes a figure.

    Returns:
        The Axes; one unit is one pixel, and y runs downwards.

    Raises:
        TypeError: `images` are not numbers.
        ValueError: another shape, values outside [0, 1], NaN, or another count of titles.

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
