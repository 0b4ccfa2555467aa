"""Dense, locally connected, convolutional: which output sees which pixel (lecture map, B14)."""

from dataclasses import dataclass

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from kerascnn import arithmetic, plots
from kerascnn._text import text as _

from ._drawing import note
from ._registry import figure

LARGEST = 5  # pixels per side: the numbers of more weights would be too small
SMALL = 0.5  # side of an output in pixels, because outputs have no numbers


@dataclass(frozen=True)
class Connections:
    """A layer from size × size pixels to outputs × outputs units.

    Attributes:
        size: side of the image in pixels.
        kernel: side of the window in pixels.
        local: whether a unit sees a window rather than all pixels.
        shared: whether all units have the same weights.
    """

    size: int
    kernel: int
    local: bool
    shared: bool

    @property
    def outputs(self) -> int:
        """Return the number of units per side."""
        return arithmetic.conv_output_size(self.size, self.kernel)

    def weights(self, unit: int) -> np.ma.MaskedArray:
        """Return the number of the weight between a unit and each pixel, (size, size), from 1.

        Pixels that it does not see are masked.
        """
        row, column = divmod(unit, self.outputs) if self.local else (0, 0)
        side = self.kernel if self.local else self.size
        numbers = (0 if self.shared else unit * side**2) + 1 + np.arange(side**2)
        seen = np.ma.masked_all((self.size, self.size), int)
        seen[row : row + side, column : column + side] = numbers.reshape(side, side)
        return seen

    @property
    def count(self) -> int:
        """Return the number of different weights of the layer."""
        numbers = [self.weights(unit).compressed() for unit in range(self.outputs**2)]
        return len(np.unique(np.concatenate(numbers)))


def layers(size: int, kernel: int) -> list[Connections]:
    """Return the dense, the locally connected and the convolutional layer."""
    kinds = ((False, False), (True, False), (True, True))
    return [Connections(size, kernel, local, shared) for local, shared in kinds]


def lesson(size: int, kernel: int) -> str:
    """Return the title."""
    dense, _local, shared = layers(size, kernel)
    return _(
        "A convolution is local and shares its weights: {dense} weights become {shared}",
        dense=dense.count,
        shared=shared.count,
    )


def described(size: int, kernel: int) -> str:
    """Return the alt text."""
    dense, local, shared = layers(size, kernel)
    return _(
        "A {picture} picture and the first and the last of its {outputs} outputs, with the number "
        "of the weight on each pixel that the output sees: {dense} weights in a dense layer, "
        "{local} in a locally connected one, and {shared} in a convolution, whose outputs all use "
        "the same.",
        picture=f"{size}×{size}",
        outputs=dense.outputs**2,
        dense=dense.count,
        local=local.count,
        shared=shared.count,
    )


@figure(title=lesson, alt=described, rows=("B14",))
def connections_of_three_layers(*, size: int = 4, kernel: int = 3) -> Figure:
    """Number the weights between the first and last output and the pixels of a small image."""
    if not kernel < size <= LARGEST:
        raise ValueError(
            f"size must be at most {LARGEST}, and larger than kernel, for more than one output; "
            f"received size {size} and kernel {kernel}."
        )
    three = layers(size, kernel)
    units = (0, three[0].outputs ** 2 - 1)
    colors = plots.window_colors(2)
    fig, axes = plt.subplots(2, 3)
    names = (_("dense"), _("locally connected"), _("convolution"))
    for column, name, layer in zip(axes.T, names, three, strict=True):
        words = _("{kind}:\n{count} weights", kind=name, count=layer.count)
        column[0].set_title(words, fontsize="medium")
        for ax, unit, color in zip(column, units, colors, strict=True):
            _draw(ax, layer, unit, colors[0] if layer.shared else color)
    for ax, unit in zip(axes[:, 0], units, strict=True):
        ax.text(-0.3, size / 2, _("output {number}", number=unit + 1), rotation=90, ha="right",
                va="center")  # fmt: skip
    for ax in axes.flat:
        ax.set_xlim(-0.9)  # space for the text on the left, in all of them
    note(
        fig,
        _(
            "{pixels} pixels, {outputs} outputs, without biases. The number on a pixel is that of "
            "the weight by which the output sees it; a convolution uses the same for all.",
            pixels=size**2,
            outputs=units[1] + 1,
        ),
    )
    return fig


def _draw(ax: Axes, layer: Connections, unit: int, color: str) -> None:
    """Draw the image with the weights of a unit, and the unit among the outputs."""
    weights = layer.weights(unit)
    rows, columns = np.nonzero(~weights.mask)
    side = layer.kernel if layer.local else layer.size
    plots.number_grid(weights, ax=ax, highlight={(rows[0], columns[0], side, side): color})
    row, column = divmod(unit, layer.outputs)
    plots.number_grid(
        np.ma.masked_all((layer.outputs, layer.outputs)),
        ax=ax,
        origin=(layer.size + 1.3, (layer.size - SMALL * layer.outputs) / 2),
        cell=SMALL,
        highlight={(row, column, 1, 1): color},
    )
    middle = layer.size / 2
    ink = plt.rcParams["text.color"]
    ax.annotate(
        "", (layer.size + 1.15, middle), (layer.size + 0.15, middle),
        arrowprops={"arrowstyle": "->", "color": ink},
    )  # fmt: skip
