"""The effects and costs of kernels (lecture map, B2, B3, B9 to B11)."""

from collections import Counter

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Circle

from kerascnn import arithmetic, datasets, plots
from kerascnn._text import shape_text
from kerascnn._text import text as _

from ._drawing import Panels, listed, note, values_text
from ._material import gray_square
from ._operations import correlate
from ._options import check_panels
from ._registry import figure

CORNER = np.array([[1, 2, 3], [0, 0, 0], [0, 0, 0]])  # asymmetric, so that flipping is visible
DOT = np.pad([[1]], 2)  # a single bright pixel


@figure(
    title="Networks do not flip the kernel: their convolution is cross-correlation",
    alt="The same image and kernel twice: cross-correlation slides the kernel over the image as "
    "it is, convolution rotates it by 180 degrees first, and the results differ.",
    rows=("B2",),
)
def correlation_or_convolution(*, image: np.ndarray = DOT, kernel: np.ndarray = CORNER) -> Figure:
    """Slide a kernel over a single bright pixel, unchanged and flipped."""
    flipped = kernel[::-1, ::-1]
    if np.array_equal(kernel, flipped):
        raise ValueError(
            "kernel must change when rotated by 180°, or the results are equal; received "
            f"{kernel.tolist()}."
        )
    rows = {
        _("cross-correlation (Keras):\nthe kernel as it is"): kernel,
        _("convolution (mathematics):\nthe kernel rotated by 180°"): flipped,
    }
    formulas = (
        r"$y_{i,j} = \sum_{m,n} x_{i+m,\,j+n}\; w_{m,n}$",
        r"$y_{i,j} = \sum_{m,n} x_{i-m,\,j-n}\; w_{m,n}$",
    )
    second = image.shape[1] + 1.5
    third = second + kernel.shape[1] + 1.5
    middle = max(len(image), len(kernel)) / 2
    fig, axes = plt.subplots(2, 1)
    for ax, (name, laid), formula in zip(axes, rows.items(), formulas, strict=True):
        output = correlate(image, laid)
        panels: Panels = (
            (image, 0, {"label": _("input")}),
            (laid, second, {"label": _("kernel"), "frame": "kernel"}),
            (output, third, {"label": _("output"), "frame": "output"}),
        )
        for array, at, look in panels:
            plots.number_grid(array, ax=ax, origin=(at, middle - len(array) / 2), **look)
        sign = r"$\star$" if laid is kernel else r"$\ast$"
        ax.text(second - 0.75, middle, sign, parse_math=True, fontsize="x-large", **MIDDLE)
        ax.text(third - 0.75, middle, "=", **MIDDLE)
        ax.text(-0.6, middle, name, ha="right", va="center", fontsize="small")
        right = third + output.shape[1]
        ax.text(right + 0.8, middle, formula, ha="left", va="center", parse_math=True)
        ax.set_xlim(-7.2, right + 8.5)
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


TERMS = 4  # maximum terms of a sum; in longer ones, the middle is left out


def responses(kernel: np.ndarray, matching: np.ndarray, other: np.ndarray) -> tuple:
    """Return the response of the filter to both patches.

    Raises:
        ValueError: If a patch and the filter differ in shape.
    """
    for name, patch in (("matching", matching), ("other", other)):
        if patch.shape != kernel.shape:
            raise ValueError(
                f"{name} must have the shape of the kernel, {shape_text(kernel.shape)}; received "
                f"{shape_text(patch.shape)}."
            )
    return tuple((patch * kernel).sum() for patch in (matching, other))


def detected(kernel: np.ndarray, matching: np.ndarray, other: np.ndarray) -> str:
    """Return the alt text."""
    high, low = responses(kernel, matching, other)
    return _(
        "A filter of {size} whose weights draw a shape: on a patch with a similar shape the sum is "
        "{high}, on a patch with another shape it is {low}.",
        size=shape_text(kernel.shape),
        high=values_text(high, 6),
        low=values_text(low, 6),
    )


@figure(
    title="A filter responds where the image looks like it",
    alt=detected,
    rows=("B3",),
)
def curve_detector(
    *, kernel: np.ndarray = CURVE, matching: np.ndarray = MATCHING, other: np.ndarray = OTHER
) -> Figure:
    """Apply a filter to a patch that matches it and to one that does not."""
    totals = responses(kernel, matching, other)
    height, width = kernel.shape
    fig, axes = plt.subplots(1, 3)
    shades = {"cmap": "Greys", "limits": (0, max(60, kernel.max(), matching.max(), other.max()))}
    plots.number_grid(kernel, ax=axes[0], frame="kernel", **shades)
    axes[0].set_title(_("the filter"))
    titles = (_("a patch that matches"), _("a patch that does not"))
    for ax, patch, total, title in zip(axes[1:], (matching, other), totals, titles, strict=True):
        windows = [(r, c, 1, 1) for r, c in np.argwhere(patch * kernel)]
        plots.number_grid(patch, ax=ax, highlight=windows, **shades)
        ax.set_title(title)
        terms = products(patch, kernel)
        if len(terms) > TERMS:
            terms = [*terms[: TERMS - 1], "…"]
        words = values_text(total, 6)
        below = f"{' + '.join(terms)} = {words}" if terms else words
        ax.text(
            width / 2, height + 0.7, below, ha="center", va="top",
            color=plots.role_color("window"),
        )  # fmt: skip
    for ax in axes:
        ax.set_ylim(height + 1.8, -0.3)
    return fig


def products(patch: np.ndarray, kernel: np.ndarray) -> list[str]:
    """Return the nonzero products, largest first; equal ones are written once with their count."""
    pairs = Counter(
        (value, weight)
        for value, weight in zip(patch.ravel().tolist(), kernel.ravel().tolist(), strict=True)
        if value * weight
    )
    ordered = sorted(pairs.items(), key=lambda pair: -pair[0][0])
    return ["·".join([str(n)] * (n > 1) + [*map(factor, pair)]) for pair, n in ordered]


def factor(value: float) -> str:
    """Format a factor, with parentheses if it is negative."""
    words = values_text(np.asarray(value))
    return f"({words})" if value < 0 else words


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
def kernels_on_a_photo(*, photo: np.ndarray | None = None) -> Figure:
    """Convolve a photo with hand-made kernels, then apply a ReLU and a sigmoid to the edges."""
    gray = datasets.photo("camera")[60:316, 100:356, 0] / 255
    if photo is not None:
        gray = gray_square(photo, 256)
    names = {"edges": _("edges"), "blur": _("blur (mean)"), "sharpen": _("sharpen")}
    maps = {name: correlate(gray, kernel) for name, kernel in KERNELS.items()}
    edges = maps["edges"]
    shown = [
        (_("photo"), gray, (0, 1)),
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


@figure(
    title="A larger kernel sees more, and its cost grows with the square of its size",
    alt=lambda sizes: _(
        "Bars for kernels of side {sizes}: the receptive field grows with the side, weights and "
        "multiply-adds with its square.",
        sizes=listed(sizes),
    ),
    rows=("B10",),
)
def kernel_size(*, sizes: tuple[int, ...] = SIZES, channels: int = 64, side: int = 56) -> Figure:
    """Compare the weights and multiply-adds of a layer for several kernel sizes."""
    check_panels("sizes", sizes, 8)
    fig, axes = plt.subplots(1, 2)
    weights = [arithmetic.conv_parameters(k, channels, channels, bias=False) for k in sizes]
    macs = [arithmetic.conv_macs((side, side), k, channels, channels) for k in sizes]
    fields = [arithmetic.receptive_field([(k, 1)]) for k in sizes]
    labels = [f"{k}×{k}" for k in sizes]
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
            channels=channels,
            side=side,
            low=f"{min(macs) / 1e6:.0f}",
            high=f"{max(macs) / 1e6:,.0f}",
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
    "them too, with 27 C squared instead of 49 C squared weights, with two more ReLUs.",
    rows=("B11",),
)
def three_small_kernels() -> Figure:
    """Compare a stack of three 3x3 convolutions with one 7x7 convolution."""
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


DEPTH = 3  # from the input to the output, regardless of the layers in between


def _cone(ax: Axes, kernels: tuple[int, ...]) -> None:
    """Draw layers of units, with the output at the top, and the connections of each kernel."""
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
            ax.add_patch(Circle((x, y), 0.2, fc=ground, ec=ink, zorder=2))
