"""Pooling and unpooling of maps (C3, C4, C6, C7)."""

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from kerascnn import datasets, plots
from kerascnn._text import shape_text
from kerascnn._text import text as _

from ._drawing import note, values_text
from ._material import square
from ._operations import pool
from ._registry import figure


@figure(
    title="2×2 pooling drops three quarters of the values and keeps every channel",
    alt="A photo of 128 by 128 by 3 and its average and maximum over 2 by 2 and 8 by 8 pixels: "
    "averages blur, maxima keep the bright details, and all three channels are left.",
    rows=("C3",),
    photos=("astronaut",),
)
def pooled_photo(*, photo: np.ndarray | None = None) -> Figure:
    """Pool a photo by mean and maximum over small and large windows."""
    if photo is None:
        shown = np.asarray(datasets.photo("astronaut"))[0:256:2, 90:346:2] / 255
    else:
        shown = square(photo, 128)
    kinds = {_("average"): "mean", _("maximum"): "max"}
    fig, axes = plt.subplots(2, 3)
    for row, (name, kind) in zip(axes, kinds.items(), strict=True):
        for ax, window in zip(row, (1, 2, 8), strict=True):
            picture = pool(shown, kind, window) if window > 1 else shown
            ax.imshow(picture.clip(0, 1), interpolation="nearest")
            ax.set_axis_off()
            size = "×".join(map(str, picture.shape))
            ax.set_title(size if window == 1 else f"{name} {window}×{window}: {size}",
                         fontsize="small")  # fmt: skip
    return fig


SHIFTS = range(9)


def changes_by_shift() -> dict[int, np.ndarray]:
    """Return the mean relative change of digits for each shift, by pooling window."""
    digits = np.asarray(datasets.load("digits").part("test")[0])[:500, ..., 0]
    # 32 × 40, with space for the shifts
    digits = np.pad(digits, ((0, 0), (2, 2), (2, 10))).transpose(1, 2, 0)
    found = {}
    for window in (1, 2, 4, 8):
        own = pool(digits, "max", window)
        size = np.sqrt((own**2).sum(axis=(0, 1)))
        moved = [pool(np.roll(digits, shift, axis=1), "max", window) for shift in SHIFTS]
        changes = [np.sqrt(((m - own) ** 2).sum(axis=(0, 1))) / size for m in moved]
        found[window] = np.mean(changes, axis=1)
    return found


@figure(
    title="Shift the input a little, and its max-pooled map changes less",
    alt="Curves of how much a digit image and its maps after max pooling over 2, 4 and 8 pixels "
    "change when the image is shifted by 0 to 8 pixels: the larger the window, the less.",
    rows=("C4",),
    data=changes_by_shift,
)
def pooling_and_shifts(changes: dict[int, np.ndarray]) -> Figure:
    """Measure the change of real digits and their pooled maps under shifts."""
    fig, ax = plt.subplots()
    for window, values in changes.items():
        name = _("input") if window == 1 else _("max pooling {window}×{window}", window=window)
        ax.plot(list(SHIFTS), 100 * values, marker="o", label=name)
    ax.set_xlabel(_("shift (pixels)"))
    ax.set_ylabel(_("change (% of the size)"))
    ax.set_ylim(0)
    ax.legend()
    note(fig, _("500 test digits; ‖f(x) − f(shifted x)‖ / ‖f(x)‖, mean."))
    return fig


MAP = np.array(
    [[1, 3, 2, 0, 1], [4, 6, 5, 1, 0], [2, 3, 7, 4, 2], [0, 1, 2, 8, 3], [1, 0, 1, 3, 9]]
)


def overlapped(image: np.ndarray, window: int, stride: int) -> str:
    """Return the alt text."""
    return _(
        "A map of {size}: windows of {window} with stride {stride} give the maxima {maxima}; "
        "global pooling gives one number, its maximum {highest} or its mean {mean}.",
        size=shape_text(image.shape),
        window=f"{window}×{window}",
        stride=stride,
        maxima=values_text(pool(image, "max", window, stride)),
        highest=values_text(image.max()),
        mean=values_text(image.mean()),
    )


@figure(
    title="Pooling windows may overlap, or cover the whole map",
    alt=overlapped,
    rows=("C6",),
)
def overlapping_and_global_pooling(
    *, image: np.ndarray = MAP, window: int = 3, stride: int = 2
) -> Figure:
    """Pool a map with overlapping windows, and globally."""
    pooled = pool(image, "max", window, stride)
    height, width = image.shape
    fig, axes = plt.subplots(1, 2)
    places = list(zip(np.ndindex(pooled.shape), plots.window_colors(pooled.size), strict=True))
    middle = height / 2
    plots.number_grid(
        image, ax=axes[0],
        highlight={(stride * r, stride * c, window, window): k for (r, c), k in places},
    )  # fmt: skip
    plots.number_grid(
        pooled, ax=axes[0], origin=(width + 2, middle - len(pooled) / 2),
        highlight={(r, c, 1, 1): k for (r, c), k in places},
    )  # fmt: skip
    words = {"window": f"{window}×{window}", "stride": stride}
    axes[0].set_title(
        _("maximum, {window}, stride {stride}: they overlap", **words)
        if window > stride
        else _("maximum, {window}, stride {stride}", **words),
        fontsize="medium",
    )
    color = plots.window_colors(1)[0]
    plots.number_grid(image, ax=axes[1], highlight={(0, 0, height, width): color})
    at = width + 2
    plots.number_grid([[image.max()]], ax=axes[1], origin=(at, middle - 1.5), label=_("maximum"))
    plots.number_grid(
        [[image.mean()]], ax=axes[1], origin=(at, middle + 0.7), label=_("mean"), fmt="{:.2f}"
    )
    axes[1].set_title(_("global: one number for each map"), fontsize="medium")
    return fig


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
        "around.",
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
