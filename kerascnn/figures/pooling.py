"""Pooling: maximum and average (C1, C2)."""

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from kerascnn import plots
from kerascnn._text import shape_text
from kerascnn._text import text as _

from ._drawing import values_text
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
