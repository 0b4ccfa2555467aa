"""MLP versus convolutional network on shuffled and transformed digits."""

import matplotlib as mpl
import numpy as np
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from kerascnn import plots
from kerascnn._text import text as _

from ._drawing import mean_and_runs, note, parts_of, say_runs
from ._material import digit_images, how_measured, measured
from ._registry import figure

MARKERS = "os"
MARKED = 2  # the shift to mark, in pixels
GAP = 3  # pixels between images


@figure(
    title="Shuffling the pixels does not affect an MLP, but it hurts a convolutional network",
    alt="Digits with their original and with shuffled pixels, and the test accuracy in both cases, "
    "which stays the same for an MLP and falls for LeNet-5.",
    rows=("A11",),
    photos=("digits",),
)
def permuted_pixels() -> Figure:
    """Draw original and shuffled digits and the accuracy of two networks on them."""
    from kerascnn.experiments._permuted_pixels import shuffled

    result = measured("permuted_pixels")
    digits = digit_images(*range(10))[[2, 3, 5, 8]]
    order = np.random.default_rng(0).permutation(digits[0].size)
    fig = plt.figure()
    left, right = parts_of(fig, 1, 2, width_ratios=(2, 3))
    titles = (_("original pixels"), _("shuffled pixels"))
    pictures = (digits, shuffled(digits, order))
    for ax, title, images in zip(left.subplots(2, 1), titles, pictures, strict=True):
        plots.image_grid(images, columns=2, ax=ax)
        ax.set_title(title, fontsize="medium")
    ax = right.subplots()
    for nth, (net, values) in enumerate(zip(result["nets"], 100 * result["accuracy"], strict=True)):
        line = mean_and_runs(ax, np.arange(2), values.T, color=f"C{nth}", marker=MARKERS[nth])
        for x, mean in enumerate(values.mean(axis=1)):
            ax.annotate(
                f"{mean:.1f}",
                (x, mean),
                (-10 if x == 0 else 10, 0),
                textcoords="offset points",
                ha="right" if x == 0 else "left",
                va="center",
                color=line.get_color(),
            )
        line.set_label(str(net))
    ax.legend()
    ax.set_xticks((0, 1), titles)
    ax.set_ylabel(_("test accuracy (%)"))
    ax.margins(x=0.4, y=0.15)
    note(
        fig,
        _(
            "Trained on {images} MNIST digits; all images are shuffled by the same permutation.",
            images=f"{result.settings['images']:,}",
        )
        + " "
        + say_runs(result),
        how_measured(result),
    )
    return fig


@figure(
    title="LeNet-5 is more robust than an MLP to shifts, scaling and distortion, but hardly to "
    "rotation",
    alt="Test accuracy of an MLP and of LeNet-5 as the digits are shifted, rotated, scaled or "
    "distorted more and more, with examples below: LeNet-5's accuracy falls later, except under "
    "rotation.",
    rows=("A12",),
    photos=("mnist",),
)
def transformed_digits() -> Figure:
    """Draw the accuracy under four transformations of the test images, with examples."""
    from kerascnn.experiments._transformed_digits import CHANGES

    result = measured("transformed_digits")
    names = {
        "shift": _("shift (pixels)"),
        "rotation": _("rotation (degrees)"),
        "scale": _("scale (factor)"),
        "distortion": _("distortion (pixels)"),
    }
    digit = result["example"][None, ..., None]
    fig, (top, bottom) = plt.subplots(2, len(names), sharey="row", height_ratios=(3, 1))
    for ax, below, (change, name) in zip(top, bottom, names.items(), strict=True):
        amounts = result[f"{change}_amounts"]
        for nth, (net, values) in enumerate(zip(result["nets"], 100 * result[change], strict=True)):
            look = {"color": f"C{nth}", "marker": MARKERS[nth], "markersize": 5}
            mean_and_runs(ax, amounts, values, **look).set_label(str(net))
        ax.set_xticks(amounts[::2])
        ax.set_xlabel(name, fontsize="medium")
        shown = amounts[[0, len(amounts) // 2, -1]]
        pictures = [CHANGES[change](digit, amount)[0, ..., 0] for amount in shown]
        in_a_row(below, pictures, [f"{amount:g}" for amount in shown])
    top[0].axvline(MARKED, color=mpl.rcParams["grid.color"], zorder=0)
    top[0].set(ylabel=_("test accuracy (%)"), ylim=(0, 100))
    fig.legend(*top[0].get_legend_handles_labels(), loc="outside upper center", ncols=2)
    at_mark = np.flatnonzero(result["shift_amounts"] == MARKED)[0]
    mlp, lenet5 = 100 * result["shift"][..., at_mark].mean(axis=1)
    note(
        fig,
        _(
            "Trained on {images} MNIST digits, tested on {tested} transformed digits.",
            images=f"{result.settings['images']:,}",
            tested=f"{result.settings['tested']:,}",
        ),
        _(
            "Shifted by {marked} pixels: MLP {mlp} %, LeNet-5 {lenet5} %.",
            marked=MARKED,
            mlp=f"{mlp:.1f}",
            lenet5=f"{lenet5:.1f}",
        )
        + " "
        + say_runs(result),
        how_measured(result),
    )
    return fig


def in_a_row(ax: Axes, pictures: list[np.ndarray], labels: list[str]) -> None:
    """Draw images (H, W) side by side, with a label below each."""
    width = pictures[0].shape[1]
    apart = [np.pad(picture, ((0, 0), (0, GAP)), constant_values=np.nan) for picture in pictures]
    ax.imshow(np.hstack(apart)[:, :-GAP], cmap="gray", vmin=0, vmax=1)
    ax.set_xticks(width / 2 + np.arange(len(labels)) * (width + GAP), labels)
    ax.tick_params(length=0, labelleft=False)
    ax.spines[:].set_visible(False)
