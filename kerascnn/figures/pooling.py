"""Pooling: maximum and average, of photos, after shifts, overlapping and global (C1-C4, C6)."""

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from kerascnn import datasets, plots
from kerascnn._text import shape_text
from kerascnn._text import text as _

from ._drawing import note, values_text
from ._material import square
from ._operations import pool
from ._registry import figure

FIRST = np.array([[29, 15, 28, 184], [0, 100, 70, 38], [12, 12, 7, 2], [12, 12, 45, 6]])
SECOND = np.array([[1, 1, 2, 4], [5, 6, 7, 8], [3, 2, 1, 0], [1, 2, 3, 4]])


def shown_images(image: np.ndarray | None) -> tuple[np.ndarray, ...]:
    """Return the user's image, or the two images of the lectures."""
    return (FIRST, SECOND) if image is None else (image,)


def draw_pooling(
    image: np.ndarray, window: int, stride: int, ax: Axes, step: int | None = None
) -> None:
    """Draw an input and its maxima up to a step, each window in the color of its maximum."""
    output = pool(image, "max", window, stride)
    rows, columns = output.shape
    colors = plots.window_colors(output.size)
    last = None if step is None else step + 1
    places = list(zip(np.ndindex(rows, columns), colors, strict=True))[:last]
    shown = np.ma.array(output, mask=np.arange(output.size).reshape(rows, columns) >= len(places))
    gap = image.shape[1] + 2
    plots.number_grid(
        image,
        ax=ax,
        label=_("input"),
        highlight={(stride * r, stride * c, window, window): k for (r, c), k in places},
    )
    middle = image.shape[0] / 2
    ax.annotate(
        "", (gap - 0.4, middle), (image.shape[1] + 0.4, middle),
        arrowprops={"arrowstyle": "->", "color": plt.rcParams["text.color"]},
    )  # fmt: skip
    plots.number_grid(
        shown,
        ax=ax,
        origin=(gap, middle - rows / 2),
        label=_("output"),
        highlight={(r, c, 1, 1): k for (r, c), k in places},
    )


def max_pooled(image: np.ndarray | None, window: int, stride: int) -> str:
    """Return the alt text."""
    first, *others = shown_images(image)
    results = values_text(pool(first, "max", window, stride))
    if not others:
        return _(
            "A {size} input, max-pooled with {window} windows and stride {stride} to {results}.",
            size=shape_text(first.shape),
            window=f"{window}×{window}",
            stride=stride,
            results=results,
        )
    return _(
        "Two {size} inputs, max-pooled with {window} windows and stride {stride} to {results} and "
        "to {others}.",
        size=shape_text(first.shape),
        window=f"{window}×{window}",
        stride=stride,
        results=results,
        others=values_text(pool(others[0], "max", window, stride)),
    )


def windows_pooled(image: np.ndarray | None, window: int, stride: int) -> int:
    """Return the number of windows."""
    return pool(shown_images(image)[0], "max", window, stride).size


@figure(
    title="Max pooling keeps the largest value in each window",
    alt=max_pooled,
    rows=("C1",),
    frames=windows_pooled,
)
def max_pooling(
    step: int | None = None, *, image: np.ndarray | None = None, window: int = 2, stride: int = 2
) -> Figure:
    """Apply max pooling to two examples, or to an image of your own."""
    images = shown_images(image)
    fig, axes = plt.subplots(1, len(images), squeeze=False)
    for ax, each in zip(axes[0], images, strict=True):
        draw_pooling(each, window, stride, ax, step)
    size = f"{window}×{window}"
    fig.suptitle(_("max pooling, {window}, stride {stride}", window=size, stride=stride))
    return fig


def average_pooled(image: np.ndarray, window: int) -> str:
    """Return the alt text."""
    return _(
        "A {size} input, average-pooled with {window} windows and stride {stride} to the means "
        "{results}.",
        size=shape_text(image.shape),
        window=f"{window}×{window}",
        stride=window,
        results=values_text(pool(image, "mean", window)),
    )


@figure(
    title="Average pooling replaces each window with its mean",
    alt=average_pooled,
    rows=("C2",),
    frames=lambda image, window: pool(image, "mean", window).size,
)
def average_pooling(
    step: int | None = None, *, image: np.ndarray = FIRST, window: int = 2
) -> Figure:
    """Apply average pooling to the first example, with the formula of the first window."""
    fig, ax = plt.subplots()
    plots.sliding_window(
        image,
        "mean",
        pool(image, "mean", window),
        step=step or 0,
        stride=window,
        show_all=step is None,
        ax=ax,
    )
    size = f"{window}×{window}"
    fig.suptitle(_("average pooling, {window}, stride {stride}", window=size, stride=window))
    return fig


@figure(
    title="2×2 pooling drops three quarters of the values and keeps every channel",
    alt="A photo of 128 by 128 by 3 and its average and maximum over 2 by 2 and 8 by 8 pixels: "
    "averages blur, maxima keep the bright details, and all three channels remain.",
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
    "change when the image is shifted by 0 to 8 pixels: the larger the window, the less they "
    "change.",
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
