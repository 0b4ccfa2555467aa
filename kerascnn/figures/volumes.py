"""Volumes: the numbers of maps and weights of filters (lecture map, B4, B7, B8)."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.transforms import Bbox

from kerascnn import arithmetic, plots
from kerascnn._text import shape_text
from kerascnn._text import text as _

from ._drawing import note
from ._material import resized
from ._operations import correlate
from ._options import Whole
from ._registry import figure


@figure(
    title="Each filter makes one map; six filters make a volume of six",
    alt="An image of 32 by 32 by 3 and the results of one, two and six filters of 5 by 5 by 3: "
    "volumes of 28 by 28 by 1, by 2 and by 6.",
    rows=("B4",),
)
def filters_and_maps() -> Figure:
    """Convolve 32x32x3 with one, two and six filters of 5x5x3."""
    side, kernel, channels = 32, 5, 3
    out = arithmetic.conv_output_size(side, kernel)
    ink = plt.rcParams["text.color"]
    grays = [plots.role_color("padding")] * channels
    fig, axes = plt.subplots(1, 3)
    for ax, filters in zip(axes, (1, 2, 6), strict=True):
        colors = plots.window_colors(filters)
        ax.set_axis_off()
        ax.set_aspect("equal")
        ax.set_xlim(-1, 62)
        ax.set_ylim(-9, 34)
        _slabs(ax, 0, 0, side * SCALE, grays)
        _slabs(ax, 39, 0, out * SCALE, colors)
        for n, color in enumerate(colors):
            row, column = divmod(n, 2)
            across = 25.0 if filters > 1 else 28.5
            _slabs(ax, across + 7 * column, 16 - 8 * row, kernel * LARGER, [color] * channels)
        ax.annotate(
            "", (38.5, 13), (22, 13), arrowprops={"arrowstyle": "->", "color": ink}, zorder=0
        )
        below = {"ha": "center", "va": "top", "fontsize": "small"}
        ax.text(8, -1, f"{side}×{side}×{channels}", **below)
        ax.text(48, -1, f"{out}×{out}×{filters}", **below)
        ax.text(29, -1, f"{kernel}×{kernel}×{channels}", **below)
        ax.set_title(_("1 filter") if filters == 1 else _("{count} filters", count=filters))
    note(
        fig,
        _(
            "At each of its {places} positions, a filter multiplies {weights} weights by "
            "{weights} values, sums the products and adds one bias.",
            places=out * out,
            weights=arithmetic.conv_parameters(kernel, channels, 1, bias=False),
        ),
    )
    return fig


SCALE = 0.5  # Axes units per pixel
LARGER = 0.8  # the same for filters, which would be hard to see
BACK = 1.7  # from one map to the next behind it


def _slabs(ax: Axes, x: float, y: float, side: float, colors: Sequence[str]) -> None:
    """Draw maps behind each other, the last in front."""
    edge = {"ec": plt.rcParams["text.color"], "lw": plt.rcParams["axes.linewidth"] * 0.6}
    back = BACK * min(1.0, side / 10)
    for n, color in enumerate(colors):
        shift = back * (len(colors) - 1 - n)
        ax.add_patch(Rectangle((x + shift, y + shift), side, side, fc=color, zorder=2 + n, **edge))


QUIZ = (  # input, kernel, filters, stride, padding: the questions of the lectures
    ((32, 32, 3), 5, 10, 1, 2),
    ((50, 50, 3), 5, 1, 3, 0),
    ((50, 50, 3), 5, 64, 3, 0),
    ((227, 227, 3), 11, 96, 4, 0),
)
OWN = (3, 5, 10, 1, 0)  # channels, kernel, filters, stride and padding if only a size is given


def questions(
    size: int | None, channels: int, kernel: int, filters: int, stride: int, padding: int
) -> tuple:
    """Return the questions of the lectures, or the user's question if `size` is given.

    Raises:
        ValueError: If other numbers are given, but no size.
    """
    if size is None:
        if (channels, kernel, filters, stride, padding) != OWN:
            raise ValueError("size, that of the input, must be given with your own numbers.")
        return QUIZ
    return (((size, size, channels), kernel, filters, stride, padding),)


def answered(
    size: int | None, channels: int, kernel: int, filters: int, stride: int, padding: int
) -> str:
    """Return the alt text."""
    answers = []
    for shape, side, many, step, zeros in questions(
        size, channels, kernel, filters, stride, padding
    ):
        out = arithmetic.conv_output_size(shape[0], side, step, zeros)
        parameters = arithmetic.conv_parameters(side, shape[-1], many)
        answers.append(f"{shape_text(shape)} → {out}×{out}×{many}, {parameters:,}")
    return _(
        "Convolutions with output volume and parameters: {answers}.", answers="; ".join(answers)
    )


@figure(
    title="Output size and parameters follow from five numbers",
    alt=answered,
    rows=("B7",),
)
def volume_quiz(
    *,
    size: int | None = None,
    channels: int = OWN[0],
    kernel: int = OWN[1],
    filters: int = OWN[2],
    stride: int = OWN[3],
    padding: Whole = OWN[4],
) -> Figure:
    """Answer questions about the output volume and the parameters of a layer."""
    heads = [_("input"), _("filters"), _("stride, padding"), _("output"), _("parameters")]
    rows = []
    for (height, width, depth), side, many, step, zeros in questions(
        size, channels, kernel, filters, stride, padding
    ):
        exact = arithmetic.exact_output_size(height, side, step, zeros)
        out = arithmetic.conv_output_size(height, side, step, zeros)
        rounded = f"{float(exact):.4g} → {out}" if exact != out else f"{out}"
        parameters = arithmetic.conv_parameters(side, depth, many)
        rows.append(
            [
                f"{height}×{width}×{depth}",
                f"{many} × {side}×{side}×{depth}",
                f"{step}, {zeros}",
                f"({height} − {side} + 2·{zeros}) / {step} + 1 = {rounded}\n{out}×{out}×{many}",
                f"({side}·{side}·{depth} + 1) · {many}\n= {parameters:,}",
            ]
        )
    fig, ax = plt.subplots()
    ax.set_axis_off()
    share = (1 + len(rows)) / (1 + len(QUIZ))
    table = ax.table(
        rows, colLabels=heads, loc="center", cellLoc="center",
        bbox=Bbox.from_bounds(0, 1 - share, 1, share),
        colWidths=(0.15, 0.2, 0.15, 0.29, 0.21),
    )  # fmt: skip
    table.auto_set_font_size(False)
    table.set_fontsize(plt.rcParams["font.size"] * 0.8)
    colors = {3: plots.role_color("output"), 4: plots.role_color("kernel")}
    for (row, column), cell in table.get_celld().items():
        cell.set_facecolor("none")
        cell.set_edgecolor(plt.rcParams["text.color"])
        cell.set_text_props(color=plt.rcParams["text.color"])
        cell.set_linewidth(plt.rcParams["axes.linewidth"] * 0.5)
        if row == 0:
            cell.set_text_props(weight="bold")
        elif column in colors:
            cell.set_text_props(color=colors[column])
    note(
        fig,
        _("Output: (W − F + 2P) / S + 1. Parameters: (F·F·D + 1) · K, biases included."),
    )
    return fig


EDGE = np.array([[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]]) / 8
MIDDLE = np.array([[0, 0, 0], [0, 1, 0], [0, 0, 0]])
FILTERS = np.array(  # (FN, C, FH, FW): edges, the mean, and red against blue
    [[EDGE] * 3, [EDGE.T] * 3, [np.full((3, 3), 1 / 27)] * 3, [MIDDLE, 0 * MIDDLE, -MIDDLE]]
)
BIASES = np.array([0.0, 0.1, -0.5, -0.3])
STEP = 0.3  # offset of each map, as a fraction of its shorter side
PICTURE = (48, 64)  # pixels; height and width differ, so that shapes are unambiguous


def four_shapes(stride: int, padding: int) -> str:
    """Return the alt text."""
    height, width = (arithmetic.conv_output_size(n, 3, stride, padding) for n in PICTURE)
    return _(
        "The red, green and blue channel of a photo, four filters of three channels each, four "
        "biases and the four maps that they make: {input} convolved with {filters}, plus {biases}, "
        "is {output}.",
        input=shape_text((3, *PICTURE)),
        filters=shape_text(FILTERS.shape),
        biases=shape_text((len(BIASES), 1, 1)),
        output=shape_text((len(BIASES), height, width)),
    )


@figure(
    title="Each filter spans all C channels of the input, and FN filters make FN maps",
    alt=four_shapes,
    rows=("B8",),
    photos=("coffee",),
)
def channel_view(*, stride: int = 1, padding: Whole = 0) -> Figure:
    """Convolve the channels of a photo with four filters, channels first."""
    if padding > FILTERS.shape[-1] // 2:
        raise ValueError(f"padding must be 0 or 1 around filters of 3×3; received {padding}.")
    channels = np.moveaxis(resized("coffee", *PICTURE), -1, 0)
    maps = convolved(channels, FILTERS, BIASES, stride, padding)
    fig, ax = plt.subplots()
    ax.set_axis_off()
    colors = plots.window_colors(len(FILTERS))
    signed: dict[str, Any] = {"cmap": plots.colormap("signed"), "vmin": -0.5, "vmax": 0.5}
    gray: dict[str, Any] = {"cmap": "gray", "vmin": 0, "vmax": 1}
    middle: dict[str, Any] = {"ha": "center", "va": "center"}
    _stack(ax, 5, 0, channels, 0.8, [plt.rcParams["text.color"]] * 3, "RGB", **gray)
    numbers = [str(n + 1) for n in range(len(FILTERS))]
    for n, color in enumerate(colors):
        y = 28 * (n - 1.5)
        _stack(ax, 106, y, FILTERS[n], 5, [color] * 3, (numbers[n], "", ""), **signed)
        ax.text(156, y, f"{BIASES[n]:g}".replace("-", "−"), **middle)
    width = 0.8 * (maps.shape[2] + STEP * (len(maps) - 1) * min(maps.shape[1:]))
    _stack(ax, 229 - width / 2, 0, maps, 0.8, colors, numbers, **signed)
    columns = (
        (43, _("input"), "(C, H, W)", channels.shape),
        (117, _("filters"), "(FN, C, FH, FW)", FILTERS.shape),
        (156, _("biases"), "(FN, 1, 1)", (len(BIASES), 1, 1)),
        (229, _("output"), "(FN, OH, OW)", maps.shape),
    )
    for x, name, letters, shape in columns:
        ax.text(x, -66, name, **middle)
        ax.text(x, 66, f"{letters}\n({', '.join(map(str, shape))})", **middle)
    for x, sign in ((95, "∗"), (142, "+"), (171, "=")):
        ax.text(x, 0, sign, fontsize="x-large", **middle)
    ax.set_xlim(-2, 280)
    ax.set_ylim(76, -72)
    ax.set_aspect("equal")
    return fig


def _stack(
    ax: Axes, x: float, y: float, maps: np.ndarray, cell: float, colors: Sequence[str],
    labels: Sequence[str], **look: Any,
) -> None:  # fmt: skip
    """Draw maps (C, H, W) behind each other, the last in front, vertically centered."""
    height, width = cell * maps.shape[1], cell * maps.shape[2]
    step = STEP * min(height, width)
    for n, (values, color, label) in enumerate(zip(maps, colors, labels, strict=True)):
        left = x + step * n
        top = y - height / 2 + step * (n - (len(maps) - 1) / 2)
        box = (left, left + width, top + height, top)
        ax.imshow(values, extent=box, zorder=2 + n, **look)
        for line, ink in (
            (4, plt.rcParams["axes.facecolor"]),
            (1.5, color),
        ):  # distinct in gray, too
            ax.add_patch(
                Rectangle((left, top), width, height, fc="none", ec=ink, zorder=2 + n, lw=line)
            )
        ax.text(left - 1.5, top + height, label, ha="right", va="bottom", fontsize="small")


def convolved(
    channels: np.ndarray, filters: np.ndarray, biases: np.ndarray, stride: int, padding: int
) -> np.ndarray:
    """Convolve (C, H, W) with filters (FN, C, FH, FW) to (FN, OH, OW)."""
    options = {"stride": stride, "padding": padding}
    sums = [
        sum(correlate(x, w, **options) for x, w in zip(channels, one, strict=True))
        for one in filters
    ]
    return np.stack(sums) + biases[:, None, None]
