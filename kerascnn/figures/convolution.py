"""Convolution: the sliding window, stride, padding (B1, B5, B6)."""

from math import ceil
from typing import Any

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from kerascnn import arithmetic, datasets, plots
from kerascnn._text import shape_text
from kerascnn._text import text as _

from ._drawing import listed, note, parts_of
from ._material import gray_square
from ._operations import correlate
from ._options import Whole, check_cells, check_panels
from ._registry import figure

IMAGE = np.array(
    [[1, 1, 1, 0, 0], [0, 1, 1, 1, 0], [0, 0, 1, 1, 1], [0, 0, 1, 1, 0], [0, 1, 1, 0, 0]]
)
KERNEL = np.array([[1, 0, 1], [0, 1, 0], [1, 0, 1]])
IN_A_ROW, ROWS_BELOW = 9, 3  # small images of the steps


def slid(image: np.ndarray, kernel: np.ndarray, stride: int, padding: int) -> str:
    """Return the alt text."""
    output = correlate(image, kernel, stride, padding=padding)
    return _(
        "A {kernel} kernel slides over a {image} image in {steps} steps; each step multiplies, "
        "adds up the products and gives one value of the {output} output.",
        kernel=shape_text(kernel.shape),
        image=shape_text(image.shape),
        steps=output.size,
        output=shape_text(output.shape),
    )


def slides(image: np.ndarray, kernel: np.ndarray, stride: int, padding: int) -> int:
    """Return the number of steps of the sliding window."""
    return correlate(image, kernel, stride, padding=padding).size


@figure(
    title="Convolution slides a kernel over the image",
    alt=slid,
    rows=("B1",),
    frames=slides,
)
def sliding_window(
    step: int | None = None,
    *,
    image: np.ndarray = IMAGE,
    kernel: np.ndarray = KERNEL,
    stride: int = 1,
    padding: Whole = 0,
) -> Figure:
    """Draw a convolution step by step, with all numbers."""
    output = correlate(image, kernel, stride, padding=padding)
    options: dict[str, Any] = {"stride": stride, "padding": padding}
    if step is not None:
        fig, ax = plt.subplots()
        plots.sliding_window(image, kernel, output, step=step, ax=ax, **options)
        fig.suptitle(_("Step {step} of {steps}", step=step + 1, steps=output.size))
        return fig
    fig = plt.figure()
    rows = ceil(output.size / IN_A_ROW)
    if rows > ROWS_BELOW:  # they would be too small
        plots.sliding_window(image, kernel, output, ax=fig.subplots(), **options)
    else:
        top, bottom = parts_of(fig, 2, 1, height_ratios=(3, 1 + rows))
        plots.sliding_window(image, kernel, output, ax=top.subplots(), **options)
        padded = np.pad(image, padding)
        axes = bottom.subplots(rows, min(IN_A_ROW, output.size), squeeze=False).ravel()
        for ax in axes[output.size :]:
            ax.set_axis_off()
        for (row, column), ax in zip(np.ndindex(output.shape), axes, strict=False):
            # Too small for numbers, so the values are shown as pixels.
            window = [(row * stride, column * stride, *kernel.shape)]
            shades = {"cmap": "Greys", "limits": (padded.min(), 2 * padded.max() or 1)}
            plots.number_grid(padded, highlight=window, fmt=lambda value: "", ax=ax, **shades)
            ax.set_title(
                f"{output[row, column]:g}".replace("-", "−"), color=plots.role_color("window")
            )
    note(
        fig,
        _(
            "What neural networks call “convolution” is cross-correlation: the kernel is not "
            "flipped."
        ),
    )
    return fig


STRIDES = (1, 2, 3, 4)
PANELS = 5  # maximum number


def strided(size: int, kernel: int, strides: tuple[int, ...], padding: int) -> str:
    """Return the alt text."""
    counts = [arithmetic.conv_output_size(size, kernel, step, padding) for step in strides]
    misfits = [step for step in strides if arithmetic.unseen_size(size, kernel, step, padding)]
    values = {
        "size": f"{size}×{size}",
        "window": f"{kernel}×{kernel}",
        "counts": listed(counts),
        "strides": listed(strides),
        "misfits": listed(misfits),
    }
    if not misfits:
        return _(
            "On a {size} input, a {window} window gives {counts} outputs per row with stride "
            "{strides}.",
            **values,
        )
    return _(
        "On a {size} input, a {window} window gives {counts} outputs per row with stride "
        "{strides}; stride {misfits} does not fit and leaves rows and columns unused.",
        **values,
    )


def strides_taken(size: int, kernel: int, strides: tuple[int, ...], padding: int) -> int:
    """Return the number of steps of the smallest stride."""
    return max(arithmetic.conv_output_size(size, kernel, step, padding) for step in strides)


@figure(
    title="Stride: how far the window moves at each step",
    alt=strided,
    rows=("B5",),
    frames=strides_taken,
)
def stride(
    step: int | None = None,
    *,
    size: int = 7,
    kernel: int = 3,
    strides: tuple[int, ...] = STRIDES,
    padding: Whole = 0,
) -> Figure:
    """Compare strides of a window on one input, even if a stride does not fit."""
    check_panels("strides", strides, PANELS)
    check_cells("size", size + 2 * padding)
    side = size + 2 * padding
    below = {"ha": "center", "va": "top", "fontsize": "small"}
    fig, axes = plt.subplots(1, len(strides), squeeze=False)
    for ax, pixels in zip(axes[0], strides, strict=True):
        windows = arithmetic.conv_output_size(size, kernel, pixels, padding)
        exact = arithmetic.exact_output_size(size, kernel, pixels, padding)
        unseen = arithmetic.unseen_size(size, kernel, pixels, padding)
        end = (windows - 1) * pixels + kernel
        crossed = np.zeros((side, side), bool)
        crossed[end:, :] = crossed[:, end:] = True
        shown = plots.window_colors(windows)[: None if step is None else step + 1]
        plots.number_grid(
            np.ma.masked_all((side, side)),
            highlight={(0, i * pixels, kernel, kernel): color for i, color in enumerate(shown)},
            crossed=crossed,
            hatch=padding or None,
            ax=ax,
        )
        ax.set_title(_("stride {stride}", stride=pixels))
        around = f" + 2·{padding}" if padding else ""
        lines = [f"({size} − {kernel}{around}) / {pixels} + 1 = {float(exact):.3g}"]
        if unseen == 1:
            lines.append(
                _(
                    "does not fit: Keras rounds\n"
                    "down to {windows} and never uses\n"
                    "the last row and column",
                    windows=windows,
                )
            )
        elif unseen:
            lines.append(
                _(
                    "does not fit: Keras rounds\n"
                    "down to {windows} and never uses the\n"
                    "last {unseen} rows and columns",
                    windows=windows,
                    unseen=unseen,
                )
            )
        ax.text(0.5, -0.04, "\n".join(lines), transform=ax.transAxes, **below)
    return fig


KERNELS = (3, 5, 7)
BLUR, PHOTO = 15, 128  # pixels


def padded(size: int, kernels: tuple[int, ...], stride: int) -> str:
    """Return the alt text."""
    rings = [arithmetic.same_padding(size, kernel)[0] for kernel in kernels]
    before, after = arithmetic.same_padding(size - 1, kernels[0], stride)
    return _(
        "Zeros around a {size} input keep its size: {rings} rings for windows of side {kernels}; "
        "with stride {stride} TensorFlow's “same” padding puts {before} before and {after} after; "
        "on a photo, “valid” padding loses the border and “same” padding darkens it.",
        size=f"{size}×{size}",
        rings=listed(rings),
        kernels=listed(kernels),
        stride=stride,
        before=before,
        after=after,
    )


@figure(
    title="Zero padding keeps the output as large as the input",
    alt=padded,
    rows=("B6",),
    frames=lambda size: size,
    photos=("camera",),
)
def zero_padding(
    step: int | None = None,
    *,
    size: int = 7,
    kernels: tuple[int, ...] = KERNELS,
    stride: int = 2,
    photo: np.ndarray | None = None,
) -> Figure:
    """Draw the padding that keeps the size, TensorFlow's placement, and the effect on a photo."""
    check_panels("kernels", kernels, 3)
    check_cells("size", size + 2 * arithmetic.same_padding(size, max(kernels))[1])
    arithmetic.conv_output_size(size - 1, kernels[0], stride, "same")
    last = None if step is None else step + 1
    fig = plt.figure()
    left, right = parts_of(fig, 1, 2, width_ratios=(5, 4))
    axes = left.subplots(2, 2)
    for ax in axes.flat[len(kernels) : 3]:
        ax.set_axis_off()

    for ax, kernel in zip(axes.flat, kernels, strict=False):
        before, after = arithmetic.same_padding(size, kernel)
        side = size + before + after
        column = 0 if step is None else step
        plots.number_grid(
            np.ma.masked_all((side, side)),
            highlight=[(0, column, kernel, kernel)],
            hatch=zeros(side, before, after),
            ax=ax,
        )
        words = _("{before} before, {after} after", before=before, after=after)
        rings = f"({kernel} − 1) / 2 = {before}" if before == after else words
        ax.set_title(f"F = {kernel}: {rings}", fontsize="medium")
    before, after = arithmetic.same_padding(size - 1, kernels[0], stride)
    side = size - 1 + before + after
    count = arithmetic.conv_output_size(size - 1, kernels[0], stride, "same")
    windows = {
        (0, stride * i, kernels[0], kernels[0]): color
        for i, color in enumerate(plots.window_colors(count)[:last])
    }
    plots.number_grid(
        np.ma.masked_all((side, side)),
        highlight=windows,
        hatch=zeros(side, before, after),
        ax=axes[1, 1],
    )
    axes[1, 1].set_title(
        _(
            "“same”, stride {stride}:\n{before} before, {after} after",
            stride=stride,
            before=before,
            after=after,
        ),
        fontsize="medium",
    )

    picture = datasets.photo("camera")[::4, ::4, 0] / 255
    if photo is not None:
        picture = gray_square(photo, PHOTO)
    blur = np.full((BLUR, BLUR), 1 / BLUR**2)
    results = {
        _("valid"): correlate(picture, blur),
        _("same"): correlate(np.pad(picture, arithmetic.same_padding(PHOTO, BLUR)), blur),
    }
    for ax, (name, result) in zip(right.subplots(2, 1), results.items(), strict=True):
        height, width = result.shape
        ax.imshow(result, cmap="gray", vmin=0, vmax=1)
        around = max(PHOTO - width, 0) / 2 + 0.5  # "valid" is smaller; use one scale
        ax.set(xlim=(-around, width - 1 + around), ylim=(height - 1 + around, -around))
        ax.axis("off")
        ax.set_title(f"{name}: {PHOTO}×{PHOTO} → {height}×{width}", fontsize="medium")
    return fig


def zeros(side: int, before: int, after: int) -> np.ndarray:
    """Return a mask of the padding of a padded square, (side, side) booleans."""
    inside = slice(before, side - after)
    cells = np.ones((side, side), bool)
    cells[inside, inside] = False
    return cells
