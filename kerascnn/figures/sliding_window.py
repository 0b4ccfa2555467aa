"""The sliding window (B1)."""

from math import ceil
from typing import Any

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from kerascnn import plots
from kerascnn._text import shape_text
from kerascnn._text import text as _

from ._drawing import note, parts_of
from ._operations import correlate
from ._options import Whole
from ._registry import figure

IMAGE = np.array(
    [[1, 1, 1, 0, 0], [0, 1, 1, 1, 0], [0, 0, 1, 1, 1], [0, 0, 1, 1, 0], [0, 1, 1, 0, 0]]
)
KERNEL = np.array([[1, 0, 1], [0, 1, 0], [1, 0, 1]])
IN_A_ROW, ROWS_BELOW = 9, 3  # small images of the steps


def slid(image: np.ndarray, kernel: np.ndarray, stride: int, padding: int) -> str:
    """Return the alt text."""
    output = correlate(image, kernel, stride, padding=padding)
    return _(
        "A {kernel} kernel slides over a {image} image in {steps} steps; each step multiplies, "
        "adds up the products and gives one value of the {output} output.",
        kernel=shape_text(kernel.shape),
        image=shape_text(image.shape),
        steps=output.size,
        output=shape_text(output.shape),
    )


def slides(image: np.ndarray, kernel: np.ndarray, stride: int, padding: int) -> int:
    """Return the number of steps of the sliding window."""
    return correlate(image, kernel, stride, padding=padding).size


@figure(
    title="Convolution slides a kernel over the image",
    alt=slid,
    rows=("B1",),
    frames=slides,
)
def sliding_window(
    step: int | None = None,
    *,
    image: np.ndarray = IMAGE,
    kernel: np.ndarray = KERNEL,
    stride: int = 1,
    padding: Whole = 0,
) -> Figure:
    """Draw a convolution step by step, with all numbers."""
    output = correlate(image, kernel, stride, padding=padding)
    options: dict[str, Any] = {"stride": stride, "padding": padding}
    if step is not None:
        fig, ax = plt.subplots()
        plots.sliding_window(image, kernel, output, step=step, ax=ax, **options)
        fig.suptitle(_("Step {step} of {steps}", step=step + 1, steps=output.size))
        return fig
    fig = plt.figure()
    rows = ceil(output.size / IN_A_ROW)
    if rows > ROWS_BELOW:  # they would be too small
        plots.sliding_window(image, kernel, output, ax=fig.subplots(), **options)
    else:
        top, bottom = parts_of(fig, 2, 1, height_ratios=(3, 1 + rows))
        plots.sliding_window(image, kernel, output, ax=top.subplots(), **options)
        padded = np.pad(image, padding)
        axes = bottom.subplots(rows, min(IN_A_ROW, output.size), squeeze=False).ravel()
        for ax in axes[output.size :]:
            ax.set_axis_off()
        for (row, column), ax in zip(np.ndindex(output.shape), axes, strict=False):
            # Too small for numbers, so the values are shown as pixels.
            window = [(row * stride, column * stride, *kernel.shape)]
            shades = {"cmap": "Greys", "limits": (padded.min(), 2 * padded.max() or 1)}
            plots.number_grid(padded, highlight=window, fmt=lambda value: "", ax=ax, **shades)
            ax.set_title(
                f"{output[row, column]:g}".replace("-", "−"), color=plots.role_color("window")
            )
    note(
        fig,
        _(
            "What neural networks call “convolution” is cross-correlation: the kernel is not "
            "flipped."
        ),
    )
    return fig
