"""Dense, locally connected, convolution: which output sees which pixel (lecture map, B14)."""

from dataclasses import dataclass

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from kerascnn import arithmetic, plots
from kerascnn._text import text as _

from ._drawing import note
from ._registry import figure

SIDE, WINDOW = 4, 3  # pixels
OUTPUTS = arithmetic.conv_output_size(SIDE, WINDOW)  # to each side


@dataclass(frozen=True)
class Connections:
    """A layer from SIDE × SIDE pixels to OUTPUTS × OUTPUTS units.

    Attributes:
        local: whether a unit sees a window of WINDOW × WINDOW pixels, and not all.
        shared: whether all units have the same weights.
    """

    local: bool
    shared: bool

    def weights(self, unit: int) -> np.ma.MaskedArray:
        """The number of the weight by which a unit sees each pixel, (SIDE, SIDE), from 1 on.

        Pixels that it does not see are masked.
        """
        row, column = divmod(unit, OUTPUTS) if self.local else (0, 0)
        side = WINDOW if self.local else SIDE
        first = 1 if self.shared else 1 + unit * side**2
        seen = np.ma.masked_all((SIDE, SIDE), int)
        seen[row : row + side, column : column + side] = first + np.arange(side**2).reshape(
            side, side
        )
        return seen

    @property
    def count(self) -> int:
        """How many different weights the layer has."""
        numbers = [self.weights(unit).compressed() for unit in range(OUTPUTS**2)]
        return len(np.unique(np.concatenate(numbers)))


def layers() -> dict[str, Connections]:
    """The three layers by name."""
    return {
        _("dense"): Connections(local=False, shared=False),
        _("locally connected"): Connections(local=True, shared=False),
        _("convolution"): Connections(local=True, shared=True),
    }


@figure(
    title="A convolution is local and shares its weights: 64 weights become 9",
    alt="A picture of 4 by 4 pixels and two of its four outputs, with the number of the weight on "
    "each pixel that the output sees: 64 weights in a dense layer, 36 in a locally connected one, "
    "and 9 in a convolution, where both outputs use weights 1 to 9.",
    rows=("B14",),
)
def connections_of_three_layers() -> Figure:
    """Number the weights by which the first and the last output see the same small picture."""
    fig, axes = plt.subplots(2, 3)
    units = (0, OUTPUTS**2 - 1)
    colors = plots.window_colors(2)
    for column, (name, layer) in zip(axes.T, layers().items(), strict=True):
        words = _("{kind}:\n{count} weights", kind=name, count=layer.count)
        column[0].set_title(words, fontsize="medium")
        for ax, unit, color in zip(column, units, colors, strict=True):
            _draw(ax, layer, unit, colors[0] if layer.shared else color)
    for ax, unit in zip(axes[:, 0], units, strict=True):
        ax.text(-0.5, SIDE / 2, _("output {number}", number=unit + 1), rotation=90, ha="right",
                va="center")  # fmt: skip
    for ax in axes.flat:
        ax.set_xlim(-1.2)  # room for the words at the left, in all of them
    note(
        fig,
        _(
            "{pixels} pixels, {outputs} outputs, without biases. The number on a pixel is that of "
            "the weight by which the output sees it; a convolution uses the same for all.",
            pixels=SIDE**2,
            outputs=OUTPUTS**2,
        ),
    )
    return fig


def _draw(ax: Axes, layer: Connections, unit: int, color: str) -> None:
    """Draw the picture with the weights of a unit, and the unit among the outputs."""
    weights = layer.weights(unit)
    rows, columns = np.nonzero(~weights.mask)
    side = int(np.sqrt(weights.count()))
    plots.number_grid(weights, ax=ax, highlight={(rows[0], columns[0], side, side): color})
    row, column = divmod(unit, OUTPUTS)
    plots.number_grid(
        np.ma.masked_all((OUTPUTS, OUTPUTS)),
        ax=ax,
        origin=(SIDE + 1.6, (SIDE - OUTPUTS) / 2),
        highlight={(row, column, 1, 1): color},
    )
    ax.annotate(
        "",
        (SIDE + 1.4, SIDE / 2),
        (SIDE + 0.2, SIDE / 2),
        arrowprops={"arrowstyle": "->", "color": plt.rcParams["text.color"]},
    )
