"""What kernels do and cost (lecture map, B2, B3, B9 to B11)."""

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from kerascnn import arithmetic, datasets, plots
from kerascnn._text import text as _

from ._drawing import note
from ._registry import figure
from .convolution import correlate

CORNER = np.array([[1, 2, 3], [0, 0, 0], [0, 0, 0]])  # not symmetric: flipping shows


@figure(
    title="Networks do not flip the kernel: their convolution is cross-correlation",
    alt="The same image and kernel twice: cross-correlation lays the kernel on the image as it is, "
    "convolution turns it by 180 degrees first, and the results differ.",
    rows=("B2",),
)
def correlation_or_convolution() -> Figure:
    """Slide a kernel over a single bright pixel, as it is and flipped."""
    image = np.zeros((5, 5), int)
    image[2, 2] = 1
    rows = {
        _("cross-correlation (Keras):\nthe kernel as it is"): CORNER,
        _("convolution (mathematics):\nthe kernel turned by 180°"): CORNER[::-1, ::-1],
    }
    formulas = (
        r"$y_{i,j} = \sum_{m,n} x_{i+m,\,j+n}\; w_{m,n}$",
        r"$y_{i,j} = \sum_{m,n} x_{i-m,\,j-n}\; w_{m,n}$",
    )
    fig, axes = plt.subplots(2, 1)
    for ax, (name, kernel), formula in zip(axes, rows.items(), formulas, strict=True):
        plots.number_grid(image, ax=ax, label=_("input"))
        plots.number_grid(kernel, ax=ax, origin=(6.5, 1), label=_("kernel"), frame="kernel")
        output = correlate(image, kernel).astype(int)
        plots.number_grid(output, ax=ax, origin=(11, 1), label=_("output"), frame="output")
        sign = r"$\star$" if kernel is CORNER else r"$\ast$"
        ax.text(5.75, 2.5, sign, parse_math=True, fontsize="x-large", **MIDDLE)
        ax.text(10.25, 2.5, "=", **MIDDLE)
        ax.text(-0.6, 2.5, name, ha="right", va="center", fontsize="small")
        ax.text(14.8, 2.5, formula, ha="left", va="center", parse_math=True)
        ax.set_xlim(-7.2, 22.5)
    note(
        fig,
        _("A network learns its kernels, so it makes no difference which of the two it computes."),
    )
    return fig


MIDDLE = {"ha": "center", "va": "center"}

CURVE = np.zeros((7, 7), int)
CURVE[[0, 1, 2, 3, 4, 5], [5, 4, 3, 3, 3, 3]] = 30
MATCHING = np.array(
    [
        [0, 0, 0, 0, 0, 0, 30],
        [0, 0, 0, 0, 50, 50, 50],
        [0, 0, 0, 20, 50, 0, 0],
        [0, 0, 0, 50, 50, 0, 0],
        [0, 0, 0, 50, 50, 0, 0],
        [0, 0, 0, 50, 50, 0, 0],
        [0, 0, 0, 50, 50, 0, 0],
    ]
)
OTHER = np.array(
    [
        [0, 0, 0, 0, 0, 0, 0],
        [0, 40, 0, 0, 0, 0, 0],
        [40, 0, 40, 0, 0, 0, 0],
        [40, 20, 0, 0, 0, 0, 0],
        [0, 50, 0, 0, 0, 0, 0],
        [0, 0, 50, 0, 0, 0, 0],
        [25, 25, 0, 50, 0, 0, 0],
    ]
)


@figure(
    title="A filter responds where the image looks like it",
    alt="A filter of 7 by 7 with a curve of weights 30: on a patch with a similar curve the sum is "
    "6600, on a patch with another shape it is 0.",
    rows=("B3",),
)
def curve_detector() -> Figure:
    """Lay one filter on a patch that matches it and on one that does not."""
    fig, axes = plt.subplots(1, 3)
    shades = {"cmap": "Greys", "limits": (0, 60)}
    plots.number_grid(CURVE, ax=axes[0], frame="kernel", **shades)
    axes[0].set_title(_("the filter"))
    for ax, patch in zip(axes[1:], (MATCHING, OTHER), strict=True):
        products = patch * CURVE
        (total,) = correlate(patch, CURVE).ravel().astype(int)
        windows = [(r, c, 1, 1) for r, c in np.argwhere(products)]
        plots.number_grid(patch, ax=ax, highlight=windows, **shades)
        terms = " + ".join(f"{n}·{patch[r, c]}·30" if n > 1 else f"{patch[r, c]}·30"
                           for n, (r, c) in _grouped(patch, products))  # fmt: skip
        ax.set_title(_("a patch that matches") if total else _("a patch that does not"))
        below = f"{terms} = {total}" if terms else f"{total}"
        ax.text(3.5, 7.7, below, ha="center", va="top", color=plots.role_color("window"))
        ax.set_ylim(8.8, -0.3)
    axes[0].set_ylim(8.8, -0.3)
    return fig


def _grouped(patch: np.ndarray, products: np.ndarray) -> list[tuple[int, tuple[int, int]]]:
    """How often each value meets a weight, and where it does so first; the largest value first."""
    places = [tuple(place) for place in np.argwhere(products)]
    values = sorted({int(patch[place]) for place in places}, reverse=True)
    return [
        (sum(patch[p] == value for p in places), next(p for p in places if patch[p] == value))
        for value in values
    ]


KERNELS = {
    "edges": np.array([[-1, -1, -1], [-1, 8, -1], [-1, -1, -1]]),
    "blur": np.full((5, 5), 1 / 25),
    "sharpen": np.array([[0, -1, 0], [-1, 5, -1], [0, -1, 0]]),
}


@figure(
    title="The numbers in the kernel decide what a convolution does",
    alt="A photo of a cameraman after three kernels, for edges, blur and sharpening; "
    "below the edges after a ReLU and after a sigmoid.",
    rows=("B9",),
    photos=("camera",),
)
def kernels_on_a_photo() -> Figure:
    """Convolve a photo with kernels made by hand; then apply a ReLU and a sigmoid to the edges."""
    photo = datasets.photo("camera")[60:316:1, 100:356, 0] / 255
    names = {"edges": _("edges"), "blur": _("blur (mean)"), "sharpen": _("sharpen")}
    maps = {name: correlate(photo, kernel) for name, kernel in KERNELS.items()}
    edges = maps["edges"]
    shown = [
        (_("photo"), photo, (0, 1)),
        (names["edges"], edges, (-1, 1)),
        (names["blur"], maps["blur"], (0, 1)),
        (names["sharpen"], maps["sharpen"], (0, 1)),
        (_("ReLU of the edges"), np.maximum(edges, 0), (0, 1)),
        (_("sigmoid of the edges"), 1 / (1 + np.exp(-5 * edges)), (0, 1)),
    ]
    fig, axes = plt.subplots(2, 3)
    for ax, (name, picture, (low, high)) in zip(axes.flat, shown, strict=True):
        ax.imshow(picture, cmap="gray", vmin=low, vmax=high)
        ax.set_axis_off()
        ax.set_title(name, fontsize="medium")
    return fig


SIZES = (1, 3, 5, 7, 9, 11)
CHANNELS = 64


@figure(
    title="A larger kernel sees more, and costs the square of its size",
    alt="Bars for kernels of 1 to 11 pixels: the receptive field grows by one pixel for each, "
    "weights and multiply-adds with the square.",
    rows=("B10",),
)
def kernel_size() -> Figure:
    """Count weights and multiply-adds of a layer for kernels of several sizes."""
    fig, axes = plt.subplots(1, 2)
    side = 56
    weights = [arithmetic.conv_parameters(k, CHANNELS, CHANNELS, bias=False) for k in SIZES]
    macs = [arithmetic.conv_macs((side, side), k, CHANNELS, CHANNELS) for k in SIZES]
    fields = [arithmetic.receptive_field([(k, 1)]) for k in SIZES]
    labels = [f"{k}×{k}" for k in SIZES]
    colors = plots.window_colors(2)
    _bars(axes[0], labels, fields, colors[0], _("receptive field (pixels)"), str)
    _bars(axes[1], labels, weights, colors[1], _("weights"), lambda n: f"{n:,}")
    for ax in axes:
        ax.set_xlabel(_("kernel"))
    note(
        fig,
        _(
            "{channels} maps to {channels} maps; on {side}×{side} pixels {low} to {high} million "
            "multiply-adds.",
            channels=CHANNELS,
            side=side,
            low=f"{macs[0] / 1e6:.0f}",
            high=f"{macs[-1] / 1e6:,.0f}",
        ),
    )
    return fig


def _bars(ax: Axes, labels: list, values: list, color: str, title: str, text) -> None:
    bars = ax.bar(labels, values, color=color)
    ax.bar_label(bars, [text(value) for value in values], fontsize="small", padding=2)
    ax.set_title(title, fontsize="medium")
    ax.margins(y=0.12)


@figure(
    title="Three 3×3 kernels see as far as one 7×7, with half the weights",
    alt="Seven pixels in a row: one kernel of 7 sees them all; three layers of kernels of 3 see "
    "them too, by 27 C squared instead of 49 C squared weights, with two more ReLUs.",
    rows=("B11",),
)
def three_small_kernels() -> Figure:
    """Compare a stack of three 3x3 convolutions with one of 7x7."""
    fig, axes = plt.subplots(1, 2)
    stacks = {"7×7": (7,), "3×3 + 3×3 + 3×3": (3, 3, 3)}
    for ax, (name, kernels) in zip(axes, stacks.items(), strict=True):
        field = arithmetic.receptive_field([(k, 1) for k in kernels])
        weights = sum(arithmetic.conv_parameters(k, 1, 1, bias=False) for k in kernels)
        _cone(ax, kernels)
        ax.set_title(name)
        ax.text(
            3, -DEPTH - 0.7,
            _("sees {field} pixels\n{weights} C² weights\nReLUs: {relus}", field=field,
              weights=weights, relus=len(kernels)), ha="center", va="top",
        )  # fmt: skip
        ax.set_ylim(-6.4, 0.6)
        ax.set_xlim(-0.8, 6.8)
    note(fig, _("C maps in every layer; C² counts each pair of an input map and an output map."))
    return fig


DEPTH = 3  # from the input to the output, whatever is between


def _cone(ax: Axes, kernels: tuple[int, ...]) -> None:
    """Draw layers of units in a row, the output above, and what each kernel joins."""
    ax.set_axis_off()
    ax.set_aspect("equal")
    counts = [7]
    for k in kernels:
        counts.append(counts[-1] - k + 1)
    ink, colors = plt.rcParams["text.color"], plots.window_colors(len(kernels))
    ground = plt.rcParams["axes.facecolor"]
    depth = len(kernels)
    rows = [[3 + i - (n - 1) / 2 for i in range(n)] for n in counts]
    heights = np.linspace(-DEPTH, 0, depth + 1)
    for level, k in enumerate(kernels):
        for i, x in enumerate(rows[level + 1]):
            for tap in range(k):
                ax.plot(
                    [x, rows[level][i + tap]], [heights[level + 1], heights[level]],
                    color=colors[level], zorder=1, linewidth=plt.rcParams["lines.linewidth"] / 2,
                    linestyle="-",
                )  # fmt: skip
    for xs, y in zip(rows, heights, strict=True):
        for x in xs:
            ax.add_patch(plt.Circle((x, y), 0.2, fc=ground, ec=ink, zorder=2))
