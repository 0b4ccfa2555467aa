"""Dense and convolutional networks on digits (lecture map, A3, A11 and A12)."""

import matplotlib as mpl
import numpy as np
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from kerascnn import plots
from kerascnn._text import text as _

from ._drawing import mean_and_runs, note, say_runs
from ._material import digit_images, how_measured, measured
from ._registry import figure

MARKERS = "os"
MARKED = 2  # pixels of shift, as in the lectures
GAP = 3  # pixels between pictures


@figure(
    title="Shuffle the pixels: the MLP does not notice, the convolutional network does",
    alt="Digits as they are and with all pixels shuffled, and the test accuracy for both, which "
    "stays the same for an MLP and falls for LeNet-5.",
)
def permuted_pixels() -> Figure:
    """Draw digits in place and permuted, and what two networks make of them."""
    from kerascnn.experiments._permuted_pixels import shuffled

    result = measured("permuted_pixels")
    digits = digit_images(*range(10))[[2, 3, 5, 8]]
    order = np.random.default_rng(0).permutation(digits[0].size)
    fig = plt.figure()
    left, right = fig.subfigures(1, 2, width_ratios=(2, 3))
    titles = (_("in place"), _("permuted"))
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
            "Trained on {images} digits of MNIST, one permutation for all.",
            images=f"{result.settings['images']:,}",
        )
        + " "
        + say_runs(result),
        how_measured(result),
    )
    return fig


@figure(
    title="Shifted, scaled or bent digits: LeNet-5 holds out longer than an MLP; turned, hardly",
    alt="Test accuracy of an MLP and of LeNet-5 over the amount of four changes of the digits, "
    "which falls later for LeNet-5 but for rotations, and changed digits below.",
)
def transformed_digits() -> Figure:
    """Draw accuracy over four changes of the test images, with a digit that shows each."""
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
            "Trained on {images} digits of MNIST, tested on {tested} that are changed.",
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
    """Draw pictures (H, W) beside each other, with a label below each."""
    width = pictures[0].shape[1]
    apart = [np.pad(picture, ((0, 0), (0, GAP)), constant_values=np.nan) for picture in pictures]
    ax.imshow(np.hstack(apart)[:, :-GAP], cmap="gray", vmin=0, vmax=1)
    ax.set_xticks(width / 2 + np.arange(len(labels)) * (width + GAP), labels)
    ax.tick_params(length=0, labelleft=False)
    ax.spines[:].set_visible(False)
