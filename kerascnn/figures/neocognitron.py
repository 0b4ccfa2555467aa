"""The neocognitron: S-cells detect features, C-cells tolerate shifts (lecture map, A14)."""

from collections.abc import Sequence
from functools import cache

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from kerascnn import datasets, plots
from kerascnn._text import text as _

from ._drawing import note, parts_of
from ._material import digit_images
from ._registry import figure
from .visual_cortex import bar

ORIENTATIONS = (0, 45, 90, 135)  # degrees, of the lines that the S-planes detect
WINDOW, STROKE = 7, 3  # pixels: receptive field of an S-cell, and width of its line
SELECTIVITY = 1.5
POOLED = 9  # cells: receptive field of a C-cell
REINFORCEMENT = 16.0
MARGIN = 4  # pixels of background around a digit, so that nothing is cut off by a shift
SHIFT = 2  # pixels
DIGITS = 200


def before_and_after() -> list[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Return input, S-cells and C-cells for a 4 and DIGITS others, original and shifted."""
    digits = np.concatenate([digit_images(4), datasets.load("digits").part("test")[0][:DIGITS]])
    here = np.pad(digits, ((0, 0), (MARGIN, MARGIN), (MARGIN, MARGIN), (0, 0)))
    return [(images, *responses(images)) for images in (here, shifted(here))]


@figure(
    title="Shift the digit: the S-cells' responses move, the C-cells' hardly change",
    alt="A handwritten 4 and the same shifted by 2 pixels, with four planes of S-cells, which "
    "respond to lines and move with the digit, and four planes of C-cells, whose blurred "
    "responses stay nearly the same.",
    rows=("A14",),
    photos=("digits",),
    data=before_and_after,
)
def neocognitron(rows: Sequence[Sequence[np.ndarray]]) -> Figure:
    """Draw the responses of S-cells and C-cells to a digit and its shifted copy."""
    similarities = [similarity(*pair) for pair in zip(*rows, strict=True)]
    mean = [f"{values[1:].mean():.2f}" for values in similarities]
    fig = plt.figure()
    fig.set_layout_engine("constrained", w_pad=0.04, wspace=0)  # the planes are small already
    parts = parts_of(fig, 1, 3, width_ratios=(1.2, 4, 4), wspace=0.06)
    names = (_("input"), _("S-cells"), _("C-cells"))
    for nth, (part, name) in enumerate(zip(parts, names, strict=True)):
        count = rows[0][nth].shape[-1]
        axes = part.subplots(3, count, squeeze=False, height_ratios=(0.5, 1, 1))
        for ax in axes.flat:
            ax.set_axis_off()
        if nth == 1:
            for ax, line in zip(axes[0], np.moveaxis(lines(), -1, 0), strict=True):
                ax.imshow(line[..., 0], cmap="gray")
                ax.set_anchor("S")
        cmap = "gray" if nth == 0 else plots.colormap("sequential")
        for of_row, row in zip(axes[1:], rows, strict=True):
            planes = np.moveaxis(row[nth][0], -1, 0)
            for ax, plane in zip(of_row, planes, strict=True):
                ax.imshow(plane, vmin=0, vmax=rows[0][nth][0].max(), cmap=cmap)
        if nth == 0:
            axes[1, 0].set_title(_("digit"), fontsize="small")
            axes[2, 0].set_title(_("shifted digit"), fontsize="small")
        part.suptitle(name, fontsize="medium")
        part.supxlabel(
            _("similarity\n{value}", value=f"{similarities[nth][0]:.2f}"), fontsize="medium"
        )
    note(
        fig,
        _(
            "Similarity: cosine between the responses to the digit and to the digit shifted by "
            "{shift} pixels. Mean of {digits} test digits: input {input}, S-cells {s}, C-cells "
            "{c}. Cells as in Fukushima 1980; each S-plane detects the line shown above it.",
            shift=SHIFT,
            digits=DIGITS,
            input=mean[0],
            s=mean[1],
            c=mean[2],
        ),
    )
    return fig


def shifted(images: np.ndarray) -> np.ndarray:
    """Shift images (N, H, W, C) to the right, within their margin."""
    return np.roll(images, SHIFT, axis=2)


def lines() -> np.ndarray:
    """Return the patterns that the S-planes detect, (WINDOW, WINDOW, 1, planes) in [0, 1]."""
    return np.stack([bar(angle, 0, WINDOW, STROKE) for angle in ORIENTATIONS], -1)[:, :, None]


@cache
def layers() -> tuple:
    """Return S-cells, each with the weights learned from one pattern, and C-cells."""
    from kerascnn.layers import CCells, SCells

    s_cells = SCells(len(ORIENTATIONS), WINDOW, SELECTIVITY, padding="same")
    s_cells.build((None, None, None, 1))
    # Δa = q·c·u, Δb = q·v / 2: a cell responds with about 1 to the pattern it has learned.
    weighted = s_cells.c * lines()
    power = np.sqrt((weighted * lines()).sum(axis=(0, 1, 2)))
    s_cells.set_weights([REINFORCEMENT * weighted, REINFORCEMENT / 2 * power])
    return s_cells, CCells(POOLED)


def responses(images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the responses, (N, h, w, planes), of S-cells and of C-cells to images (N, H, W, 1)."""
    s_cells, c_cells = layers()
    found = s_cells(images)
    return np.array(found), np.array(c_cells(found))


def similarity(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Return the (N,) cosines between two arrays (N, …)."""
    one, other = (array.reshape(len(array), -1) for array in (one, other))
    norms = np.linalg.norm(one, axis=1) * np.linalg.norm(other, axis=1)
    return (one * other).sum(axis=1) / norms
