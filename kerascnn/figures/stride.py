"""Stride (B5)."""

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from kerascnn import arithmetic, plots
from kerascnn._text import text as _

from ._drawing import listed
from ._options import Whole, check_cells, check_panels
from ._registry import figure

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
