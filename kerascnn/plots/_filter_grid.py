"""The filters of a convolution as images."""

from collections.abc import Sequence

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from numpy.typing import ArrayLike

from kerascnn._text import text as _

from ._artists import fitted_text, scale_bar
from ._check import array
from ._mosaic import check_titles, draw, frame_tiles, lay_out
from ._ranges import around_grey
from ._style import colormap

MARGIN = 0.16  # space for the axis labels of a matrix, as a fraction of a filter's side


def filter_grid(
    filters: ArrayLike,
    *,
    channel: int | None = None,
    rgb: bool = True,
    titles: Sequence[str] | None = None,
    columns: int | None = None,
    colorbar: bool = True,
    ax: Axes | None = None,
) -> Axes:
    """Draw filters as images, including the signs of the weights.

    Filters with three channels are shown in color, each scaled by its own largest absolute weight,
    with mid-gray for 0 (Krizhevsky 2012, Fig. 3). A single channel is shown in blue (negative) and
    red (positive) on a common symmetric scale, with white for 0. For other filters, every channel
    is shown: one column per filter, one row per input channel.

    Args:
        filters: (K, h, w, C) weights of K filters, or (K, h, w).
        channel: the only input channel to show; `None` shows all.
        rgb: whether to show filters with three channels in color; `False` shows their channels one
            by one.
        titles: K texts, such as the units' numbers; `None` if there is one row per channel.
        columns: number of filters per row; `None` chooses it automatically.
        colorbar: whether to show a color bar unless the filters are in color.
        ax: Axes to draw on; `None` creates a new figure.

    Returns:
        The Axes; one unit is one weight.

    Raises:
        TypeError: If `filters` is not numeric.
        ValueError: If the shape or the number of titles is wrong, a value is NaN, or the channel
            does not exist.

    >>> import matplotlib.pyplot as plt
    >>> ax = filter_grid(np.ones((6, 5, 5, 1)))
    >>> ax.images[0].get_clim()
    (-1.0, 1.0)
    >>> plt.close(ax.figure)
    """
    filters = array("filters", filters, "(K, h, w, C) or (K, h, w)", (3, 4))
    if filters.ndim == 3:
        filters = filters[..., None]
    if not np.issubdtype(filters.dtype, np.floating):
        filters = filters.astype(np.float64)  # unsigned integers cannot be negated
    count, channels = filters.shape[0], filters.shape[-1]
    if channel is not None:
        if not 0 <= channel < channels:
            raise ValueError(f"channel must be 0 … {channels - 1}; received {channel}")
        filters = filters[..., channel : channel + 1]
        channels = 1
    check_titles("titles", titles, count)

    if channels == 3 and rgb:
        largest = np.abs(filters).max(axis=(1, 2, 3), keepdims=True)
        pictures = around_grey(filters, largest)
        return draw(ax, lay_out(pictures, columns, titles is not None), titles).axes

    matrix = channels > 1
    if matrix:
        if titles is not None:
            raise ValueError("titles must be None when every channel is shown: pass channel=0")
        # row by row: channel 0 of every filter, then channel 1, …
        pictures = filters.transpose(3, 0, 1, 2).reshape(-1, *filters.shape[1:3])
        columns = count
    else:
        pictures = filters[..., 0]
    limit = float(np.abs(filters).max()) or 1.0
    mosaic = lay_out(pictures, columns, titles is not None)
    image = draw(ax, mosaic, titles, cmap=colormap("signed"), vmin=-limit, vmax=limit)
    ax = image.axes
    frame_tiles(ax, mosaic)
    if matrix:
        _name_axes(ax, mosaic.pixels.shape)
    if colorbar:
        scale_bar(image, _("weight"))
    return ax


def _name_axes(ax: Axes, shape: tuple[int, int]) -> None:
    rows, columns = shape
    size = 1.1 * mpl.rcParams["font.size"]
    margin = MARGIN * max(shape) / 2
    fitted_text(
        ax,
        columns / 2,
        -0.15 * margin,
        _("one filter in each column"),
        room=(columns, margin),
        cap=size,
        va="bottom",
    )
    fitted_text(
        ax,
        -0.15 * margin,
        rows / 2,
        _("input channel"),
        room=(margin, rows),
        cap=size,
        rotation=90,
        ha="right",
    )
    ax.set_xlim(-margin, columns)
    ax.set_ylim(rows, -margin)
