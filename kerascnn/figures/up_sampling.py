"""Unpooling and up-sampling of maps (C7)."""

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from kerascnn import plots
from kerascnn._text import shape_text
from kerascnn._text import text as _

from ._drawing import values_text
from ._registry import figure

SWITCHED = np.array([[1, 2, 6, 3], [3, 5, 2, 1], [1, 2, 2, 1], [7, 3, 4, 8]])


def unpooled(image: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the maxima of 2×2 windows, the maxima unpooled, and their positions.

    Raises:
        ValueError: If the image cannot be divided into 2×2 windows.
    """
    if any(size % 2 for size in image.shape):
        raise ValueError(
            f"image must have an even number of rows and of columns, for its 2×2 windows; "
            f"received {shape_text(image.shape)}."
        )
    rows, columns = (size // 2 for size in image.shape)
    windows = image.reshape(rows, 2, columns, 2).swapaxes(1, 2).reshape(rows, columns, 4)
    switches = windows.argmax(axis=-1)
    places = np.moveaxis(np.indices((rows, columns)), 0, -1) * 2
    places += np.stack([switches // 2, switches % 2], -1)
    pooled = windows.max(axis=-1)
    back = np.zeros_like(image)
    back[places[..., 0], places[..., 1]] = pooled
    return pooled, back, places


def enlarged(values: np.ndarray) -> np.ndarray:
    """Double the size of a map by bilinear interpolation between pixel centers, as in Keras."""
    for axis in (0, 1):
        size = values.shape[axis]
        at = np.clip((np.arange(2 * size) + 0.5) / 2 - 0.5, 0, size - 1)
        low = np.minimum(np.floor(at).astype(int), max(size - 2, 0))
        share = (at - low).reshape(-1, *[1] * (1 - axis))
        high = np.minimum(low + 1, size - 1)
        values = (1 - share) * values.take(low, axis) + share * values.take(high, axis)
    return values


def up_sampled(image: np.ndarray) -> str:
    """Return the alt text."""
    pooled = unpooled(image)[0]
    return _(
        "A map of {size} is max-pooled to {maxima}; nearest up-sampling repeats each four times, "
        "bilinear up-sampling blends them, and unpooling puts each in its place, with zeros "
        "around it.",
        size=shape_text(image.shape),
        maxima=values_text(pooled),
    )


@figure(
    title="Unpooling with switches puts the maxima back where they came from",
    alt=up_sampled,
    rows=("C7",),
    frames=lambda image: 2 * unpooled(image)[0].size,
)
def up_sampling(step: int | None = None, *, image: np.ndarray = SWITCHED) -> Figure:
    """Pool a map, window by window, and enlarge the result in three ways."""
    pooled, back, places = unpooled(image)
    count = pooled.size
    down, up = (count, count) if step is None else (min(step + 1, count), max(step + 1 - count, 0))
    colors = plots.window_colors(count)
    order = np.arange(count).reshape(pooled.shape)
    cells = [divmod(n, pooled.shape[1]) for n in range(count)]
    windows = {(2 * r, 2 * c, 2, 2): k for (r, c), k in zip(cells, colors, strict=True)}
    single = {(r, c, 1, 1): k for (r, c), k in zip(cells, colors, strict=True)}
    kept = {(*places[cell], 1, 1): k for cell, k in zip(cells, colors, strict=True)}
    later = order.repeat(2, axis=0).repeat(2, axis=1) >= up

    def first(marks: dict, many: int) -> dict:
        return dict(list(marks.items())[:many])

    nearest = pooled.repeat(2, axis=0).repeat(2, axis=1)
    shown = [
        (_("map"), image, first(windows, down)),
        (_("pooled"), np.ma.array(pooled, mask=order >= down), first(single, down)),
        (_("nearest"), np.ma.array(nearest, mask=later), first(windows, up)),
        (_("bilinear"), np.ma.array(enlarged(pooled), mask=later | (up < count)), None),
        (_("unpooling with switches"), np.ma.array(back, mask=later), first(kept, up)),
    ]
    wide = image.shape[1]
    fig, axes = plt.subplots(1, 5, width_ratios=(wide, wide / 2, wide, wide, wide))
    for ax, (name, values, marked) in zip(axes, shown, strict=True):
        plots.number_grid(values, ax=ax, highlight=marked, fmt="{:.3g}")
        ax.set_title(name, fontsize="small")
    return fig
