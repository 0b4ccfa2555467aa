"""A heatmap over the image that it explains."""

import numpy as np
from matplotlib.axes import Axes

from kerascnn._text import text as _

from ._artists import canvas, scale_bar
from ._check import array
from ._style import colormap, in_print

LUMA = np.array([0.299, 0.587, 0.114])  # ITU-R BT.601
DARKENED = 0.55


def overlay(
    image,
    heatmap,
    *,
    alpha: float = 0.75,
    cmap: str | None = None,
    colorbar: bool = True,
    ax: Axes | None = None,
) -> Axes:
    """Draw a heatmap over its image; the stronger the heat, the less the image shines through.

    Each cell of the heatmap covers its share of the image, with a bilinear transition between the
    cells' centres. A heatmap with negative values is drawn in two colours around 0.

    Args:
        image: (H, W), (H, W, 1) or (H, W, 3), float in [0, 1] or uint8.
        heatmap: (h, w) raw values in any range, such as one map of `grad_cam`; usually coarser
            than the image.
        alpha: opacity of the largest value, in [0, 1]; that of 0 is 0.
        cmap: a colormap's name; inferno by default, RdBu_r with negative values.
        colorbar: whether the scale is shown.
        ax: where to draw; `None` makes a figure.

    Returns:
        The Axes; one unit is one pixel of the image, and y runs downwards.

    Raises:
        TypeError: something is not numbers.
        ValueError: another shape, NaN, an image outside [0, 1], or another `alpha`.

    >>> import matplotlib.pyplot as plt
    >>> ax = overlay(np.ones((32, 48, 3)), np.eye(2, 3), colorbar=False)
    >>> list(ax.images[1].get_extent())
    [0, 48, 32, 0]
    >>> plt.close(ax.figure)
    """
    image = array("image", image, "(H, W), (H, W, 1) or (H, W, 3)", (2, 3))
    heatmap = array("heatmap", heatmap, "(h, w), one map", 2).astype(np.float64)
    if image.ndim == 3 and image.shape[-1] not in (1, 3):
        raise ValueError(f"image must have 1 or 3 channels; received shape {image.shape}")
    if not 0 <= alpha <= 1:
        raise ValueError(f"alpha must lie in [0, 1]; received {alpha}")
    if image.dtype == np.uint8:
        image = image / np.float32(255)
    if image.min() < 0 or image.max() > 1:
        raise ValueError(
            f"image must be uint8, or float in [0, 1]; received {image.dtype} in"
            f" [{image.min():g}, {image.max():g}]: pass the image from before preprocessing"
        )
    if image.ndim == 3 and image.shape[-1] == 1:
        image = image[..., 0]

    if in_print():  # light can only stand out on a picture that is grey and darker
        image = DARKENED * (image @ LUMA if image.ndim == 3 else image)

    signed = bool(heatmap.min() < 0)
    largest = float(np.abs(heatmap).max()) or 1.0  # a heatmap of zeros is drawn as clear
    ax = canvas(ax)
    height, width = image.shape[:2]
    extent = (0, width, height, 0)
    ax.imshow(image, cmap="gray", vmin=0, vmax=1, extent=extent)
    heat = ax.imshow(
        heatmap,
        cmap=cmap or colormap("signed" if signed else "heat"),
        vmin=-largest if signed else 0,
        vmax=largest,
        alpha=alpha * np.abs(heatmap) / largest,
        extent=extent,
        interpolation="bilinear",
    )
    if colorbar:
        scale_bar(heat, _("heat"))
    return ax
