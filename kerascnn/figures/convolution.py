"""Convolution: the sliding window, stride, padding."""

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from kerascnn import arithmetic, datasets, plots
from kerascnn._text import text as _

from ._drawing import note
from ._registry import figure

IMAGE = np.array(
    [[1, 1, 1, 0, 0], [0, 1, 1, 1, 0], [0, 0, 1, 1, 1], [0, 0, 1, 1, 0], [0, 1, 1, 0, 0]]
)
KERNEL = np.array([[1, 0, 1], [0, 1, 0], [1, 0, 1]])


def correlate(image: np.ndarray, kernel: np.ndarray, stride: int = 1) -> np.ndarray:
    """Convolve an image (H, W) with a kernel, without padding; Keras does the computation."""
    import keras

    x = np.asarray(image, "float32")[None, :, :, None]
    w = np.asarray(kernel, "float32")[:, :, None, None]
    return keras.ops.convert_to_numpy(
        keras.ops.conv(x, w, strides=stride, data_format="channels_last")
    )[0, :, :, 0]


@figure(
    title="Convolution slides a kernel over the image",
    alt="A 3 by 3 kernel slides over a 5 by 5 binary image in nine steps; each step multiplies, "
    "adds up the products and gives one value of the 3 by 3 output.",
    rows=("B1",),
    frames=9,
)
def sliding_window(step: int | None = None) -> Figure:
    """Show convolution step by step, with all numbers."""
    output = correlate(IMAGE, KERNEL)
    if step is not None:
        fig, ax = plt.subplots()
        plots.sliding_window(IMAGE, KERNEL, output, step=step, ax=ax)
        fig.suptitle(_("Step {step} of {steps}", step=step + 1, steps=output.size))
        return fig
    fig = plt.figure()
    top, bottom = fig.subfigures(2, 1, height_ratios=(3, 2))
    plots.sliding_window(IMAGE, KERNEL, output, ax=top.subplots())
    for i, ax in enumerate(bottom.subplots(1, output.size)):
        row, column = divmod(i, output.shape[1])
        # Too small for numbers, so they are shown as pixels.
        window, shades = [(row, column, 3, 3)], {"cmap": "Greys", "limits": (0, 2)}
        plots.number_grid(IMAGE, highlight=window, fmt=lambda value: "", ax=ax, **shades)
        ax.set_title(f"{output[row, column]:g}", color=plots.role_color("window"))
    note(
        fig,
        _(
            "What neural networks call “convolution” is cross-correlation: the kernel is not "
            "flipped."
        ),
    )
    return fig


@figure(
    title="Stride: how far the window moves at each step",
    alt="On a 7 by 7 input, a 3 by 3 window gives 5 outputs per row with stride 1, 3 with stride 2 "
    "and 2 with stride 4; stride 3 does not fit, so the last row and column are not used.",
    rows=("B5",),
)
def stride() -> Figure:
    """Compare strides 1 to 4 for a 3x3 window on a 7x7 input; stride 3 does not fit."""
    size, kernel = 7, 3
    below = {"ha": "center", "va": "top", "fontsize": "small"}
    fig, axes = plt.subplots(1, 4)
    for ax, step in zip(axes, (1, 2, 3, 4), strict=True):
        windows = arithmetic.conv_output_size(size, kernel, step)
        exact = arithmetic.exact_output_size(size, kernel, step)
        unseen = arithmetic.unseen_size(size, kernel, step)
        crossed = np.zeros((size, size), bool)
        crossed[size - unseen :, :] = crossed[:, size - unseen :] = True
        colors = plots.window_colors(windows)
        plots.number_grid(
            np.ma.masked_all((size, size)),
            highlight={(0, i * step, kernel, kernel): color for i, color in enumerate(colors)},
            crossed=crossed,
            ax=ax,
        )
        ax.set_title(_("stride {stride}", stride=step))
        value = f"{float(exact):.3g}"
        lines = [f"({size} − {kernel}) / {step} + 1 = {value}"]
        if unseen:
            lines.append(
                _(
                    "does not fit: Keras rounds\n"
                    "down to {windows} and never uses\n"
                    "the last row and column",
                    windows=windows,
                )
            )
        ax.text(0.5, -0.04, "\n".join(lines), transform=ax.transAxes, **below)
    return fig


@figure(
    title="Zero padding keeps the output as large as the input",
    alt="One ring of zeros keeps a 7 by 7 input the same size under a 3 by 3 window; TensorFlow's "
    "“same” padding may pad one side only; on a photo, “valid” padding loses the border and "
    "“same” padding darkens it.",
    rows=("B6",),
)
def zero_padding() -> Figure:
    """Show how much padding keeps the size, where TensorFlow puts it, and its effect on a photo."""
    fig = plt.figure()
    left, right = fig.subfigures(1, 2, width_ratios=(5, 4))
    axes = left.subplots(2, 2)

    for ax, kernel in zip(axes.flat, (3, 5, 7), strict=False):
        before, after = arithmetic.same_padding(7, kernel)
        plots.number_grid(
            np.ma.masked_all((7 + 2 * before, 7 + 2 * after)),
            highlight=[(0, 0, kernel, kernel)],
            hatch=before,
            ax=ax,
        )
        ax.set_title(f"F = {kernel}: ({kernel} − 1) / 2 = {before}", fontsize="medium")
    before, after = arithmetic.same_padding(6, 3, 2)
    cells = np.zeros((6 + before + after,) * 2, bool)
    cells[6 + before :, :] = cells[:, 6 + before :] = True
    windows = {(0, 2 * i, 3, 3): color for i, color in enumerate(plots.window_colors(3))}
    plots.number_grid(np.ma.masked_all(cells.shape), highlight=windows, hatch=cells, ax=axes[1, 1])
    axes[1, 1].set_title(
        _("“same”, stride 2:\n{before} before, {after} after", before=before, after=after),
        fontsize="medium",
    )

    photo = datasets.photo("camera")[::4, ::4, 0] / 255
    blur = np.full((15, 15), 1 / 15**2)
    results = {
        _("valid"): correlate(photo, blur),
        _("same"): correlate(np.pad(photo, arithmetic.same_padding(128, 15)), blur),
    }
    for ax, (name, result) in zip(right.subplots(2, 1), results.items(), strict=True):
        plots.image_grid(result[None], ax=ax)
        height, width = result.shape
        ax.set_title(f"{name}: 128×128 → {height}×{width}", fontsize="medium")
    return fig
