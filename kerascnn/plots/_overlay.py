"""A heatmap overlaid on the image that it explains."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.image import AxesImage
from numpy.typing import ArrayLike

from kerascnn._text import text as _

from ._artists import canvas, scale_bar
from ._check import array, pictures
from ._ranges import without_color
from ._style import colormap, in_print

DARKENED = 0.55
ALPHA = 0.75


def overlay(
    image: ArrayLike,
    heatmap: ArrayLike,
    *,
    alpha: float = ALPHA,
    cmap: str | None = None,
    colorbar: bool = True,
    ax: Axes | None = None,
) -> Axes:
    """Overlay a heatmap on its image; the larger the value, the less the image shows through.

    Each cell of the heatmap covers its share of the image, with bilinear interpolation between the
    centers of the cells. A heatmap with negative values is drawn in two colors around 0. A heatmap
    of maps that do not cover the image, as without padding, must be placed first: see
    `kerascnn.visualize.upsample`.

    Args:
        image: (H, W), (H, W, 1) or (H, W, 3), float in [0, 1] or uint8.
        heatmap: (h, w) raw values in any range, such as one map of `grad_cam`; usually coarser
            than the image.
        alpha: opacity of the largest value, in [0, 1]; 0 is transparent.
        cmap: name of a colormap; by default inferno, or RdBu_r if there are negative values.
        colorbar: whether to show the color bar.
        ax: Axes to draw on; `None` creates a new figure.

    Returns:
        The Axes; one unit is one pixel of the image, and y points down.

    Raises:
        TypeError: If an array is not numeric.
        ValueError: If a shape is wrong, a value is NaN, the image is outside [0, 1], or `alpha` is
            outside [0, 1].

    >>> import matplotlib.pyplot as plt
    >>> ax = overlay(np.ones((32, 48, 3)), np.eye(2, 3), colorbar=False)
    >>> list(ax.images[1].get_extent())
    [0, 48, 32, 0]
    >>> plt.close(ax.figure)
    """
    advice = "pass the image from before preprocessing"
    image = pictures("image", image, advice=advice)
    heatmap = array("heatmap", heatmap, "(h, w), one map", 2).astype(np.float64)
    if not 0 <= alpha <= 1:
        raise ValueError(f"alpha must be in [0, 1]; received {alpha}")
    ax = canvas(ax)
    height, width = image.shape[:2]
    heat = draw_heat(
        ax,
        image,
        heatmap,
        extent=(0, width, height, 0),
        limit=float(np.abs(heatmap).max()),
        signed=bool(heatmap.min() < 0),
        alpha=alpha,
        cmap=cmap,
    )
    if colorbar:
        scale_bar(heat, _("heat"))
    return ax


def draw_heat(
    ax: Axes,
    image: np.ndarray,
    heatmap: np.ndarray,
    *,
    extent: tuple[float, float, float, float],
    limit: float,
    signed: bool,
    alpha: float = ALPHA,
    cmap: str | None = None,
) -> AxesImage:
    """Draw an image and overlay a heatmap, whose values of ±`limit` are the most opaque."""
    limit = limit or 1.0  # a heatmap of zeros is transparent
    if in_print():  # highlights only stand out on a darker, gray image
        image = DARKENED * (without_color(image) if image.ndim == 3 else image)
    ax.imshow(image, cmap="gray", vmin=0, vmax=1, extent=extent)
    return ax.imshow(
        heatmap,
        cmap=cmap or colormap("signed" if signed else "heat"),
        vmin=-limit if signed else 0,
        vmax=limit,
        alpha=alpha * np.minimum(np.abs(heatmap) / limit, 1),
        extent=extent,
        interpolation="bilinear",
    )
