"""Zero padding (B6)."""

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from kerascnn import arithmetic, datasets, plots
from kerascnn._text import text as _

from ._drawing import listed, parts_of
from ._material import gray_square
from ._operations import correlate
from ._options import check_cells, check_panels
from ._registry import figure

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
