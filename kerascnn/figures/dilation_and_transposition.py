"""Dilated and transposed convolutions (B17)."""

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from kerascnn import arithmetic, plots
from kerascnn._text import shape_text
from kerascnn._text import text as _

from ._drawing import listed, note
from ._operations import transposed
from ._options import check_cells, check_panels
from ._registry import figure

RATES = (1, 2, 4)


def dilated(size: int, kernel: int, rates: tuple[int, ...]) -> str:
    """Return the alt text."""
    extents = [arithmetic.receptive_field([(kernel, 1, rate)]) for rate in rates]
    return _(
        "A {kernel} kernel on a grid of {size} with dilation {rates}: its {taps} taps spread over "
        "{extents} pixels.",
        kernel=f"{kernel}×{kernel}",
        size=f"{size}×{size}",
        rates=listed(rates),
        taps=kernel**2,
        extents=listed(extents),
    )


@figure(
    title="Dilation: the same weights see further",
    alt=dilated,
    rows=("B17",),
)
def dilation(*, size: int = 9, kernel: int = 3, rates: tuple[int, ...] = RATES) -> Figure:
    """Draw the taps of a kernel for several dilations."""
    check_panels("rates", rates, 4)
    check_cells("size", size)
    fig, axes = plt.subplots(1, len(rates), squeeze=False)
    for ax, rate in zip(axes[0], rates, strict=True):
        arithmetic.conv_output_size(size, kernel, dilation=rate)
        extent = arithmetic.receptive_field([(kernel, 1, rate)])
        first = (size - extent) // 2
        taps = {
            (first + rate * i, first + rate * j, 1, 1): "kernel"
            for i, j in np.ndindex(kernel, kernel)
        }
        plots.number_grid(
            np.ma.masked_all((size, size)),
            highlight={(first, first, extent, extent): "window", **taps},
            ax=ax,
        )
        ax.set_title(_("dilation {rate}: {extent}×{extent}", rate=rate, extent=extent))
    note(
        fig,
        _(
            "Effective size: dilation · (F − 1) + 1. Weights: {weights} in each.",
            weights=kernel**2,
        ),
    )
    return fig


SMALL = np.array([[1, 2], [3, 4]])
STAMP = np.array([[1, 1, 1], [1, 2, 1], [1, 1, 1]])


def stamped(image: np.ndarray, kernel: np.ndarray, stride: int) -> str:
    """Return the alt text."""
    sizes = [
        shape_text(transposed(image, kernel, step, padding=padding).shape)
        for step, padding in ((1, "valid"), (stride, "valid"), (stride, "same"))
    ]
    return _(
        "A map of {image} and a kernel of {kernel}: with stride 1 the stamps give an output of "
        "{dense}, with stride {stride} of {wide}, and padding leaves {same} of it.",
        image=shape_text(image.shape),
        kernel=shape_text(kernel.shape),
        stride=stride,
        **dict(zip(("dense", "wide", "same"), sizes, strict=True)),
    )


@figure(
    title="A transposed convolution stamps its kernel and adds where stamps overlap",
    alt=stamped,
    rows=("B17",),
    frames=lambda image: image.size,
)
def transposed_convolution(
    step: int | None = None,
    *,
    image: np.ndarray = SMALL,
    kernel: np.ndarray = STAMP,
    stride: int = 2,
) -> Figure:
    """Stamp a kernel for each value: with stride 1, with a larger stride, and cropped."""
    count = image.size if step is None else step + 1
    cells = list(np.ndindex(image.shape))[:count]
    stamps = np.zeros_like(image)
    for cell in cells:
        stamps[cell] = image[cell]
    colors = plots.window_colors(image.size)

    def marks(apart: int, height: int, width: int) -> dict:
        places = zip(cells, colors, strict=False)
        return {(apart * r, apart * c, height, width): k for (r, c), k in places}

    options = ((1, "valid"), (stride, "valid"), (stride, "same"))
    outputs = [transposed(stamps, kernel, apart, padding=padding) for apart, padding in options]
    widths = [array.shape[1] for array in (image, kernel, *outputs)]
    fig, axes = plt.subplots(1, 5, width_ratios=widths)
    plots.number_grid(image, ax=axes[0], highlight=marks(1, 1, 1))
    axes[0].set_title(_("input"), fontsize="small")
    plots.number_grid(kernel, ax=axes[1], frame="kernel")
    axes[1].set_title(_("kernel"), fontsize="small")
    for ax, output, (apart, padding) in zip(axes[2:], outputs, options, strict=True):
        marked = marks(apart, *kernel.shape) if padding == "valid" else None
        plots.number_grid(output, ax=ax, highlight=marked)
        words = _("stride {stride}", stride=apart)
        ax.set_title(words if padding == "valid" else f"{words}, “same”", fontsize="small")
    note(fig, _("Output: (W − 1) · S + F without padding; “same” keeps W · S of it."))
    return fig


KERNELS = (3, 4)
PIXELS = 11  # shown per side


def writes(kernel: int, stride: int, size: int) -> np.ndarray:
    """Return the number of products per output pixel: a transposed convolution of ones."""
    ones = np.ones((size, size), int)
    return transposed(ones, np.ones((kernel, kernel), int), stride)


def written(kernels: tuple[int, ...], stride: int) -> str:
    """Return the alt text."""
    inside = [
        " ".join(map(str, np.unique(writes(side, stride, PIXELS)[side:-side, side:-side])))
        for side in kernels
    ]
    return _(
        "How often each pixel is written by a transposed convolution with stride {stride}: inside, "
        "kernels of side {kernels} write pixels {counts} times.",
        stride=stride,
        kernels=listed(kernels),
        counts=listed(inside),
    )


@figure(
    title="Checkerboards appear where the stride does not divide the kernel size",
    alt=written,
    rows=("B17",),
)
def checkerboard(*, kernels: tuple[int, ...] = KERNELS, stride: int = 2) -> Figure:
    """Draw how often each output pixel of a transposed convolution is written."""
    check_panels("kernels", kernels, 3)
    fig, axes = plt.subplots(1, len(kernels), squeeze=False)
    for ax, kernel in zip(axes[0], kernels, strict=True):
        counts = writes(kernel, stride, PIXELS // stride + 2)[:PIXELS, :PIXELS]
        plots.number_grid(counts, ax=ax, cmap="Greys", limits=(0, max(6, counts.max())))
        size = f"{kernel}×{kernel}"
        ax.set_title(_("kernel {size}, stride {stride}", size=size, stride=stride))
    note(
        fig,
        _(
            "Choose a kernel size that is a multiple of the stride (Odena et al. 2016, "
            "10.23915/distill.00003)."
        ),
    )
    return fig
