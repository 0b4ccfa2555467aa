"""One number of a map, followed back to its patch of the image (lecture map, F10)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from kerascnn import plots
from kerascnn._text import text as _

from ._drawing import note, parts_of
from ._material import digit_images, trained
from ._registry import figure

LAYER = "c1"
DIGIT = 3
GAP = 1.2  # between the grids, in cells


@dataclass(frozen=True)
class Followed:
    """A value of a convolution, and the numbers behind it.

    Attributes:
        image: (28, 28), the digit.
        output: (28, 28), the unit's map.
        unit: its index.
        place: row and column of the value, the largest of the map.
        patch: (5, 5), what the unit sees there.
        kernel: (5, 5).
        bias: of the unit.
    """

    image: np.ndarray
    output: np.ndarray
    unit: int
    place: tuple[int, int]
    patch: np.ndarray
    kernel: np.ndarray
    bias: float

    @property
    def total(self) -> float:
        """Return the sum of the products and the bias."""
        return float((self.patch * self.kernel).sum() + self.bias)


def follow() -> Followed:
    """Follow the largest value of LeNet-5's strongest first-layer map for a digit."""
    from kerascnn import visualize

    model, image = trained(), digit_images(DIGIT)
    maps = visualize.activations(model, image, LAYER)[0]
    unit = int(maps.max(axis=(0, 1)).argmax())
    row, column = (int(i) for i in np.unravel_index(maps[..., unit].argmax(), maps.shape[:2]))
    kernel, bias = model.get_layer(LAYER).get_weights()
    size = len(kernel)
    padded = np.pad(image[0, :, :, 0], size // 2)
    patch = padded[row : row + size, column : column + size]
    place = (row, column)
    return Followed(
        image[0, :, :, 0], maps[..., unit], unit, place, patch, kernel[..., 0, unit],
        float(bias[unit]),
    )  # fmt: skip


@figure(
    title="Every number of a map comes from one patch of the image",
    alt="A handwritten 3 with a window on it, a map of LeNet-5's first layer with one value "
    "marked, and the numbers behind this value: the patch in the window, the kernel and their "
    "products.",
    rows=("F10",),
    data=follow,
    photos=("digits",),
)
def one_number(found: Followed) -> Figure:
    """Draw the patch, the kernel, the products and their sum. The explorer shows any of them."""
    fig = plt.figure()
    pictures, numbers = parts_of(fig, 1, 2, width_ratios=(1, 2.6))
    size, (row, column) = len(found.kernel), found.place
    image, output = pictures.subplots(2, 1)
    image.imshow(found.image, cmap="gray")
    _outline(image, row - size // 2, column - size // 2, size)
    image.set_title(_("input"), fontsize="medium")
    output.imshow(found.output, cmap=plots.colormap("sequential"))
    _outline(output, row, column, 1)
    output.set_title(f"{LAYER}, {_('filter {number}', number=found.unit)}", fontsize="medium")
    ax = numbers.subplots()
    products = found.patch * found.kernel
    limit = float(np.abs(found.kernel).max())
    signed = {"cmap": plots.colormap("signed"), "limits": (-limit, limit)}
    seen = {"cmap": "gray", "limits": (0.0, 1.0)}
    parts = (
        (found.patch, (0, 0), _("image patch"), seen),
        (found.kernel, (size + GAP, 0), _("kernel"), signed),
        (products, (size + GAP, size + GAP), _("products"), signed),
    )
    for values, origin, label, look in parts:
        plots.number_grid(values, ax=ax, origin=origin, label=label, fmt=_number, **look)
    middle = size / 2
    for x, y, sign in ((size + GAP / 2, middle, "×"), (size + GAP / 2, size + GAP + middle, "=")):
        ax.text(x, y, sign, ha="center", va="center", fontsize="x-large")
    words = _(
        "sum {sum}\n+ bias {bias}\n= {total}\nReLU: {value}",
        sum=_number(products.sum()),
        bias=_number(found.bias),
        total=_number(found.total),
        value=_number(found.output[row, column]),
    )
    ax.text(size / 2, size + GAP + middle, words, ha="center", va="center", linespacing=1.6)
    note(
        fig,
        _(
            "LeNet-5, trained on MNIST: row {row}, column {column} of the map. The explorer "
            "(kerascnn explore) shows this for every number.",
            row=row,
            column=column,
        ),
    )
    return fig


def _number(value: float) -> str:
    return f"{round(value, 2) + 0.0:.2f}".replace("-", "−")  # no −0.00


def _outline(ax: Axes, row: float, column: float, size: int) -> None:
    """Outline a square of values, and leave out the ticks."""
    ax.add_patch(
        Rectangle(
            (column - 0.5, row - 0.5), size, size, fill=False, linewidth=2,
            edgecolor=plots.role_color("window"),
        )
    )  # fmt: skip
    ax.set_xticks(())
    ax.set_yticks(())
