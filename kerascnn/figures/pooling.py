"""Pooling: maximum and average."""

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from kerascnn import plots
from kerascnn._text import text as _

from ._registry import figure

FIRST = np.array([[29, 15, 28, 184], [0, 100, 70, 38], [12, 12, 7, 2], [12, 12, 45, 6]])
SECOND = np.array([[1, 1, 2, 4], [5, 6, 7, 8], [3, 2, 1, 0], [1, 2, 3, 4]])


def pool(image: np.ndarray, mode: str) -> np.ndarray:
    """Pool an image (H, W) with 2x2 windows and stride 2; Keras does the computation."""
    import keras

    layer = {"max": keras.layers.MaxPooling2D, "mean": keras.layers.AveragePooling2D}[mode](2)
    x = np.asarray(image, "float32")[None, :, :, None]
    return keras.ops.convert_to_numpy(layer(x))[0, :, :, 0]


def draw_pooling(image: np.ndarray, mode: str, ax: plt.Axes) -> None:
    """Draw an input and its pooled output, each window in the colour of its value."""
    output = pool(image, mode)
    colors = plots.window_colors(output.size)
    corners = [(r, c) for r in range(2) for c in range(2)]
    gap = image.shape[1] + 2
    plots.number_grid(
        image,
        ax=ax,
        label=_("input"),
        highlight={(2 * r, 2 * c, 2, 2): k for (r, c), k in zip(corners, colors, strict=True)},
    )
    ax.annotate(
        "", (gap - 0.4, 2), (image.shape[1] + 0.4, 2),
        arrowprops={"arrowstyle": "->", "color": plt.rcParams["text.color"]},
    )  # fmt: skip
    plots.number_grid(
        output,
        ax=ax,
        origin=(gap, 1),
        label=_("output"),
        highlight={(r, c, 1, 1): k for (r, c), k in zip(corners, colors, strict=True)},
    )


@figure(
    title="Max pooling keeps the largest value in each window",
    alt="Two 4 by 4 inputs, max-pooled with 2 by 2 windows and stride 2 to 100, 184, 12, 45 and to "
    "6, 8, 3, 4.",
    rows=("C1",),
)
def max_pooling() -> Figure:
    """Apply max pooling to two examples."""
    fig, axes = plt.subplots(1, 2)
    for ax, image in zip(axes, (FIRST, SECOND), strict=True):
        draw_pooling(image, "max", ax)
    fig.suptitle(_("max pooling, 2×2, stride 2"))
    return fig


@figure(
    title="Average pooling replaces each window with its mean",
    alt="A 4 by 4 input, average-pooled with 2 by 2 windows and stride 2 to the means 36, 80, 12 "
    "and 15.",
    rows=("C2",),
)
def average_pooling() -> Figure:
    """Apply average pooling to the first example, with the formula of the first window."""
    fig, ax = plt.subplots()
    plots.sliding_window(FIRST, "mean", pool(FIRST, "mean"), stride=2, show_all=True, ax=ax)
    fig.suptitle(_("average pooling, 2×2, stride 2"))
    return fig
