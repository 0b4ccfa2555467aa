"""The weights of dense, locally connected and convolutional layers (lecture map, A8-A10)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Circle

from kerascnn import arithmetic, plots
from kerascnn._text import text as _

from ._drawing import note
from ._registry import figure

SIDE, HIDDEN, FIELD = (
    200,
    40_000,
    10,
)  # pixels, units, pixels


@figure(
    title="Weight sharing: from 1,600,000,000 weights to 100",
    alt="Bars on a logarithmic scale for an image of 200 by 200 pixels and 40,000 hidden units: "
    "1,600,000,000 weights in a dense layer, 4,000,000 where each unit sees 10 by 10 pixels, and "
    "100 where all units share them.",
    rows=("A8",),
)
def weights_by_connection() -> Figure:
    """Count the weights of three layers on the same image."""
    counts = {
        _("dense: every unit sees\nthe whole image"): arithmetic.dense_parameters(
            SIDE * SIDE, HIDDEN, bias=False
        ),
        _("locally connected: every unit\nsees {size} pixels", size=f"{FIELD}×{FIELD}"): HIDDEN
        * FIELD**2,
        _("convolution: all units\nshare their weights"): arithmetic.conv_parameters(
            FIELD, 1, 1, bias=False
        ),
    }
    fig, ax = plt.subplots()
    colors = plots.window_colors(3)
    bars = ax.barh(list(counts), list(counts.values()), color=colors, height=0.6)
    ax.invert_yaxis()
    ax.set_xscale("log")
    ax.set_xlim(1, 1e12)
    ax.set_xlabel(_("weights, without biases"))
    ax.bar_label(bars, [f"{count:,}" for count in counts.values()], padding=6)
    note(
        fig,
        _(
            "Image of {side}×{side} pixels, {units} hidden units; the convolution has one filter.",
            side=SIDE,
            units=f"{HIDDEN:,}",
        ),
        _("Some slides print “4 MB” for the 4,000,000 weights; in 32 bits they are 16 MB."),
    )
    return fig


INPUTS, WINDOW = 5, 3
DASHES = ("-", (0, (2, 1)))  # of the two sets, in case their colors are alike
RIGHT = 2.7  # position of the units


@dataclass(frozen=True)
class Wiring:
    """A layer on an image of five pixels: which weight connects which pixel to which unit.

    Attributes:
        title: title of the plot.
        maps: number of feature maps, each with its own weights.
        padding: number of zeros on each side.
        shared: whether all units of a map have the same weights.
        dense: whether a unit sees all pixels rather than a window of three.
    """

    title: str
    maps: int
    padding: int
    shared: bool
    dense: bool = False

    @property
    def units(self) -> int:
        """Return the number of units per map."""
        return arithmetic.conv_output_size(INPUTS, WINDOW, padding=self.padding)

    def edges(self) -> list[tuple[int, int, int, int]]:
        """Return (map, unit, pixel, weight number) of each connection; pixels start at −padding."""
        edges, numbers = [], {}
        for m in range(self.maps):
            for unit in range(self.units):
                taps = range(INPUTS) if self.dense else range(unit, unit + WINDOW)
                for tap, pixel in enumerate(taps):
                    key = (m, tap) if self.shared else (m, unit, tap)
                    number = numbers.setdefault(key, len(numbers))
                    edges.append((m, unit, pixel - (0 if self.dense else self.padding), number))
        return edges

    @property
    def weights(self) -> int:
        """Return the number of different weights."""
        return len({number for *_rest, number in self.edges()})


def wirings() -> Sequence[Wiring]:
    """Return the five layers in the order of the lecture."""
    return (
        Wiring(_("dense"), 1, 0, shared=False, dense=True),
        Wiring(_("sparse"), 1, 0, shared=False),
        Wiring(_("shared"), 1, 0, shared=True),
        Wiring(_("two shared sets"), 2, 0, shared=True),
        Wiring(_("zero padding"), 1, 1, shared=True),
    )


def draw_wiring(wiring: Wiring, ax: Axes) -> None:
    """Draw pixels on the left, units on the right, and a line for each connection."""
    colors = plots.window_colors(6)
    ax.set_axis_off()
    ax.set_aspect("equal")
    ax.set_ylim(INPUTS + 0.6, -1.6)
    ax.set_xlim(-0.6, RIGHT + 0.6)
    middle = (INPUTS - 1) / 2
    plain = plt.rcParams["text.color"]

    def height(m: int, unit: int) -> float:
        step, shift = (1.0, 0.0) if wiring.maps == 1 else (0.95, (m - 0.5) * 2.9)
        return middle + (unit - (wiring.units - 1) / 2) * step + shift

    for m, unit, pixel, number in wiring.edges():
        color = colors[number % 6] if wiring.shared else plain
        ax.plot(
            [0.32, RIGHT - 0.32], [pixel, height(m, unit)], color=color, zorder=1,
            linewidth=plt.rcParams["lines.linewidth"] * (0.9 if wiring.shared else 0.45),
            linestyle=DASHES[m],
        )  # fmt: skip
    pixels = range(-wiring.padding, INPUTS + wiring.padding)
    for pixel in pixels:
        inside = 0 <= pixel < INPUTS
        label = f"$x_{pixel + 1}$" if inside else "0"
        _node(ax, 0, pixel, label, plain if inside else plots.role_color("padding"))
    for m in range(wiring.maps):
        for unit in range(wiring.units):
            letter = "ab"[m]
            _node(ax, RIGHT, height(m, unit), f"${letter}_{unit + 1}$", plots.role_color("output"))


def _node(ax: Axes, x: float, y: float, label: str, color: str) -> None:
    ground = plt.rcParams["axes.facecolor"]
    ax.add_patch(Circle((x, y), 0.36, fc=ground, ec=color, zorder=2))
    ax.text(x, y, label, ha="center", va="center", fontsize="x-small", parse_math=True, zorder=3)


@figure(
    title="Sparse and shared: 15 weights become 3",
    alt="Five pixels joined to three units in five ways: densely with 15 weights, sparsely with "
    "9, with 3 shared weights, with two sets of 3, and with zero padding, which keeps five units.",
    rows=("A9",),
)
def one_dimensional_picture() -> Figure:
    """Connect five pixels to units densely, sparsely, and with shared weights."""
    fig, axes = plt.subplots(1, 5)
    for ax, wiring in zip(axes, wirings(), strict=True):
        draw_wiring(wiring, ax)
        ax.set_title(
            _("{kind}:\n{count} weights", kind=wiring.title, count=wiring.weights),
            fontsize="medium",
        )
    note(fig, _("Shared weights: a₁ = x₁w₁ + x₂w₂ + x₃w₃; the same color is the same weight."))
    return fig


ROWS, COLUMNS, FILTER = 529, 200, 5


@figure(
    title="A dense layer looks at everything; a filter looks at 5 by 5 pixels",
    alt="A matrix of 529 by 200 weights, the dense layer from 23 by 23 pixels to 200 units, beside "
    "a filter of 5 by 5 weights, each weight drawn in the same size.",
    rows=("A10",),
)
def dense_matrix_beside_a_filter(rng: np.random.Generator) -> Figure:
    """Draw the weights of a dense layer and of a filter to the same scale."""
    dense = arithmetic.dense_parameters(ROWS, COLUMNS, bias=False)
    one = arithmetic.conv_parameters(FILTER, 1, 1, bias=False)
    fig, ax = plt.subplots()
    look = {"cmap": plots.colormap("signed"), "vmin": -3, "vmax": 3, "interpolation": "nearest"}
    ax.imshow(rng.standard_normal((COLUMNS, ROWS)), extent=(0, ROWS, COLUMNS, 0), **look)
    left = ROWS + 60
    ax.imshow(
        rng.standard_normal((FILTER, FILTER)), extent=(left, left + FILTER, FILTER, 0), **look
    )
    ax.set_xlim(-5, left + 130)
    ax.set_ylim(COLUMNS + 5, -30)
    ax.set_axis_off()
    above: dict[str, Any] = {"ha": "center", "va": "bottom"}
    ax.text(
        ROWS / 2, -6, _("dense: {rows}×{columns} = {count} weights", rows=ROWS, columns=COLUMNS,
                        count=f"{dense:,}"), **above,
    )  # fmt: skip
    ax.annotate(
        _("a filter: {size}\n= {count} weights", size=f"{FILTER}×{FILTER}", count=one),
        (left + FILTER / 2, FILTER + 2),
        (left + 45, 60),
        ha="center",
        va="top",
        arrowprops={"arrowstyle": "->", "color": plt.rcParams["text.color"]},
    )
    note(
        fig,
        _(
            "From {side}×{side} pixels to {units} units; random weights, drawn to the same scale.",
            side=23,
            units=COLUMNS,
        ),
    )
    return fig
