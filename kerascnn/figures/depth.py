"""The depth of networks over the years, and its cost (lecture map, D10 to D12)."""

from typing import Any

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from kerascnn import plots
from kerascnn._text import text as _

from ._drawing import note
from ._material import how_measured, measured
from ._registry import figure
from .architectures import built

GIGA, MEGA = 1e9, 1e6
# Top-5 error on the test set of ILSVRC, in percent: year, builder, name, error.
WINNERS = (
    (2012, "alexnet", "AlexNet", 16.4),  # Russakovsky et al. 2015, Table 6
    (2014, "vgg19", "VGG19", 7.3),  # Simonyan & Zisserman 2014, Table 7: VGG's entry
    (2014, "googlenet", "GoogLeNet", 6.7),  # Szegedy et al. 2014, Table 2
    (2015, "resnet152", "ResNet-152", 3.57),  # He et al. 2016, Table 5
)
COMPARED = {
    "alexnet": "AlexNet", "vgg16": "VGG16", "vgg19": "VGG19", "googlenet": "GoogLeNet",
    "resnet18": "ResNet-18", "resnet50": "ResNet-50", "resnet152": "ResNet-152",
}  # fmt: skip


def described(name: str) -> Any:
    """Return the `Description` of an architecture, with all numbers known."""
    return built(name)


@figure(
    title="The revolution of depth: deeper networks made fewer errors",
    alt="Bars of the top-5 error in the ImageNet challenge: 16.4 % with the 8 layers of AlexNet, "
    "7.3 % with the 19 of VGG, 6.7 % with the 22 of GoogLeNet and 3.57 % with the 152 of "
    "ResNet.",
    rows=("D10",),
)
def revolution_of_depth() -> Figure:
    """Draw the errors of winners and runners-up with their numbers of layers."""
    fig, (depths, errors) = plt.subplots(1, 2, sharey=True)
    places = np.arange(len(WINNERS))
    window, kernel = plots.role_color("window"), plots.role_color("kernel")
    layers = [described(name).depth for _year, name, _shown, _error in WINNERS]
    for ax, values, color in (
        (depths, layers, kernel),
        (errors, [error for *_rest, error in WINNERS], window),
    ):
        ax.barh(places, values, 0.7, color=color)
        for place, value in zip(places, values, strict=True):
            ax.annotate(f"{value:g}", (value, place), (5, 0), textcoords="offset points",
                        va="center")  # fmt: skip
        ax.set_xlim(0, 1.15 * max(values))
        ax.spines[["top", "right"]].set_visible(False)
    depths.set_yticks(places, [f"{shown}\n{year}" for year, _name, shown, _error in WINNERS])
    depths.invert_yaxis()
    depths.set_xlabel(_("layers with weights"))
    errors.set_xlabel(_("top-5 error (%)"))
    note(
        fig,
        _(
            "ImageNet challenge (ILSVRC), test set; each entry is an ensemble. Errors as in "
            "Russakovsky et al. 2015, Simonyan & Zisserman 2014, Szegedy et al. 2014 and He "
            "et al. 2016."
        ),
    )
    return fig


@figure(
    title="ResNet-152 is eight times as deep as VGG19, and computes less",
    alt="Bars for VGG16, VGG19 and ResNet-152: 15.5, 19.6 and 11.3 billion multiply-adds for one "
    "image, and the measured time of a forward pass.",
    rows=("D11",),
)
def deeper_and_cheaper() -> Figure:
    """Draw the depth, multiply-adds and measured time of three networks."""
    result = measured("forward_time")
    names = result["nets"].tolist()
    shown = [COMPARED[name] for name in names]
    times = np.median(result["seconds"], axis=1) * 1000
    series = (
        (_("layers with weights"), [described(name).depth for name in names], "{:g}", "kernel"),
        (_("multiply-adds (billion)"), [described(n).macs / GIGA for n in names], "{:.1f}",
         "window"),
        (_("time per image (ms)"), times, "{:.0f}", "output"),
    )  # fmt: skip
    fig, axes = plt.subplots(1, 3)
    for ax, (label, values, fmt, role) in zip(axes, series, strict=True):
        ax.bar(shown, values, 0.65, color=plots.role_color(role))
        for place, value in enumerate(values):
            ax.annotate(fmt.format(value), (place, value), (0, 3), textcoords="offset points",
                        ha="center")  # fmt: skip
        ax.set_title(label, fontsize="medium")
        ax.set_ylim(0, 1.12 * max(values))
        ax.set_yticks([])
        ax.tick_params(axis="x", rotation=30)
        ax.spines[["top", "right", "left"]].set_visible(False)
    note(
        fig,
        _(
            "Images of 224×224 pixels; time: median of {count} forward passes of {batch} images in "
            "turn on {cores} cores.",
            count=result["seconds"].shape[1],
            batch=result.settings["batch_size"],
            cores=int(result["cores"]),
        ),
        how_measured(result),
    )
    return fig


@figure(
    title="Parameters, computation and depth do not go hand in hand",
    alt="A bubble for each of seven networks, with multiply-adds on the x-axis, parameters on the"
    " y-axis, the memory of all activations as its area and the depth as its number: VGG has "
    "the most of both, GoogLeNet the fewest parameters and ResNet-152 the most memory.",
    rows=("D12",),
)
def networks_compared() -> Figure:
    """Draw a bubble for each network."""
    fig, ax = plt.subplots()
    colors = plots.window_colors(len(COMPARED))
    for (name, shown), color in zip(COMPARED.items(), colors, strict=True):
        one = described(name)
        at = one.macs / GIGA, one.parameters / MEGA
        memory = one.memory_bytes / MEGA
        side = -1 if name == "vgg16" else 1  # VGG19 is right next to it
        ax.scatter(*at, s=AREA * memory, color=color, alpha=0.85, edgecolor="black", linewidth=0.6)
        ax.annotate(
            f"{shown}, {one.depth}",
            at,
            (side * (np.sqrt(AREA * memory / np.pi) + 4), 0),
            textcoords="offset points",
            va="center",
            ha="left" if side > 0 else "right",
            fontsize="small",
        )
    ax.set(xscale="log", yscale="log", xlim=(0.7, 90), ylim=(4, 330))
    ax.set_xticks([1, 2, 5, 10, 20, 50], ["1", "2", "5", "10", "20", "50"])
    ax.set_yticks([5, 10, 20, 50, 100, 200], ["5", "10", "20", "50", "100", "200"])
    ax.minorticks_off()
    ax.set_xlabel(_("multiply-adds for one image (billion)"))
    ax.set_ylabel(_("parameters (million)"))
    least, most = (
        f"{pick(described(n).memory_bytes for n in COMPARED) / MEGA:.0f}" for pick in (min, max)
    )
    note(
        fig,
        _(
            "Number: layers with weights. Area: memory of all activations of one image, forward "
            "pass, float32, from {least} to {most} MB.",
            least=least,
            most=most,
        ),
    )
    return fig


AREA = 6.0  # square points per megabyte
