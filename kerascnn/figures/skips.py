"""What skips and U-Net's weight map achieve (lecture map, D13, D14, B16 and E7)."""

from typing import Any

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from kerascnn import plots
from kerascnn._text import text as _
from kerascnn.plots._style import in_print

from ._drawing import note
from ._material import how_measured, measured, trained
from ._registry import figure

MARKERS = "os^"
IMAGES = 8  # averaged for the effective receptive field
SIDE = 128  # pixels of these images


def compared() -> dict[str, Any]:
    """Return the measurements, with the image, cells and weights that belong to the masks."""
    from kerascnn import datasets
    from kerascnn.datasets._synthetic import HELD_OUT
    from kerascnn.experiments._skips_and_weights import SIGMA, W0

    result = measured("skips_and_weights")
    size, shown = result.settings["size"], result.settings["shown"]
    images, instances = datasets.load(
        "cells", labels="instances", count=HELD_OUT * (shown + 1), size=size
    ).part("test")
    cells = instances[shown : shown + 1]
    masks = {
        str(name): np.array([list(map(int, line)) for line in rows])
        for name, rows in zip(result["nets"], result["masks"], strict=True)
    }
    return {
        "result": result,
        "image": images[shown],
        "cells": cells[0],
        "weights": datasets.weight_map(cells, w0=W0, sigma=SIGMA, class_weights=(1, 1))[0],
        "masks": masks,
    }


@figure(
    title="U-Net's weight map separates cells that touch",
    alt="Cells that touch, with their outlines; the weights of the pixels, which are high between "
    "neighbors; and the F1 score of single cells of small U-Nets, which is higher in every run "
    "with these weights than without them.",
    rows=("E7",),
    data=compared,
)
def weight_map(found: dict) -> Figure:
    """Draw cells, the weights of their pixels, and what networks learn without and with them."""
    nets = {"copied": _("without weights"), "copied, weight map": _("with weights")}
    fig, axes = plt.subplots(1, 3, width_ratios=(3, 3, 4))
    plots.mask_overlay(found["image"], (found["cells"] > 0).astype(int), legend=False, ax=axes[0])
    axes[0].set_title(_("cells"))
    shown = axes[1].imshow(found["weights"], cmap="inferno")
    axes[1].axis("off")
    axes[1].set_title(_("weights"))
    fig.colorbar(shown, ax=axes[:2], location="bottom", shrink=0.5)
    draw_runs(axes[2], found["result"], "f1", nets, digits=3)
    axes[2].set_xlabel(_("F1 of single cells"))
    return noted(fig, found["result"])


@figure(
    title="Without skips, the outlines get coarse; copied or added maps make them fine",
    alt="The masks of three small U-Nets on an image of cells: with copied maps and with added "
    "maps they follow the outlines, without skips they are blurred; and the distance between true "
    "and predicted outlines in all runs, which is largest without skips.",
    rows=("D14",),
    data=compared,
)
def skips_compared(found: dict) -> Figure:
    """Draw masks of networks with copied, added and no skips, and how far outlines are off."""
    nets = {
        "copied, weight map": _("copied"),
        "added, weight map": _("added"),
        "none, weight map": _("none"),
    }
    fig, ax = draw_errors(found, nets)
    draw_runs(ax, found["result"], "distance", nets)
    ax.set_xlabel(_("outline error (pixels)"))
    ax.set_xlim(0, None)
    return noted(fig, found["result"], errors_explained())


def refined() -> dict[str, Any]:
    """Return the measurements of FCN, with the image and cells that belong to the masks."""
    from kerascnn import datasets
    from kerascnn.datasets._synthetic import HELD_OUT

    result = measured("fcn_skips")
    size, shown = result.settings["size"], result.settings["shown"]
    images, cells = datasets.load("cells", count=HELD_OUT * (shown + 1), size=size).part("test")
    masks = {
        str(name): np.array([list(map(int, f"{int(row, 16):0{size}b}")) for row in rows])
        for name, rows in zip(result["nets"], result["masks"], strict=True)
    }
    return {"result": result, "image": images[shown], "cells": cells[shown], "masks": masks}


@figure(
    title="Each skip makes FCN's masks finer: from a stride of 32 pixels to 16 and 8",
    alt="The masks of FCN-32s, FCN-16s and FCN-8s on an image of cells that are smaller than 32 "
    "pixels: the first misses nearly all, the second finds them with coarse outlines, the third "
    "with finer ones; and the IoU of the cells in all runs, which rises at each step.",
    rows=("D13",),
    data=refined,
)
def fcn_skips(found: dict) -> Figure:
    """Draw masks of FCN-32s, FCN-16s and FCN-8s, and the IoU of all runs."""
    result = found["result"]
    nets = {str(name): str(name) for name in result["nets"]}
    fig, ax = draw_errors(found, nets)
    draw_runs(ax, result, "iou", nets)
    ax.set_xlabel(_("IoU of the cells"))
    ax.set_xlim(0, 1)
    settings = result.settings
    return noted(
        fig,
        result,
        errors_explained(),
        _(
            "FCN-32s starts with VGG16's weights, trained on CIFAR-10; each other network, with "
            "those of the one before. FCN-32s, trained for as long as all three: {iou}.",
            iou=f"{float(result['longer']):.2g}",
        ),
        training=_(
            "1/8 of VGG16's filters, {images} images of {size}×{size} pixels, {epochs} "
            "epochs per network.",
            images=settings["images"],
            size=settings["size"],
            epochs=settings["epochs"],
        ),
    )


def draw_errors(found: dict, titles: dict[str, str]) -> tuple[Figure, Axes]:
    """Draw where the masks of three networks are wrong; return also the axes beside them."""
    fig, axes = plt.subplots(1, 4, width_ratios=(3, 3, 3, 4))
    cells = (found["cells"] > 0).astype(int)
    for ax, (name, title) in zip(axes, titles.items(), strict=False):
        plots.error_map(found["image"], cells, found["masks"][name], legend=False, ax=ax)
        ax.set_title(title)
    return fig, axes[3]


def errors_explained() -> str:
    """Return the legend of `draw_errors`."""
    if in_print():
        return _("Black: wrongly called cell; white: missed.")
    return _("Orange: wrongly called cell; blue: missed.")


def draw_runs(ax: Axes, result: Any, key: str, nets: dict[str, str], *, digits: int = 2) -> None:
    """Draw a score of each run, and the means, with one row per network."""
    order = [str(name) for name in result["nets"]]
    for row, name in enumerate(nets):
        values = result[key][order.index(name)]
        ax.plot(values, np.full(len(values), row), MARKERS[row], color=f"C{row}")
        mean, top = values.mean(), row - 0.25
        ax.plot([mean, mean], [top, row + 0.25], "-", color=plt.rcParams["text.color"])
        ax.annotate(
            f"{mean:.{digits}g}", (mean, top), (0, 2), textcoords="offset points", ha="center"
        )
    ax.set_yticks(range(len(nets)), list(nets.values()))
    ax.set_ylim(len(nets) - 0.5, -0.7)
    ax.tick_params(axis="y", length=0)
    ax.margins(x=0.15)


def noted(fig: Figure, result: Any, *words: str, training: str = "") -> Figure:
    """Write how the networks, by default the small U-Nets, were trained below a figure."""
    settings = result.settings
    small_unets = _(
        "Small U-Nets, {images} images of {size}×{size} pixels, {epochs} epochs.",
        images=settings["images"],
        size=settings["size"],
        epochs=settings["epochs"],
    )
    note(
        fig,
        *words,
        (training or small_unets)
        + " "
        + _(
            "Markers: {count} runs with different seeds; lines: their means.",
            count=len(settings["seeds"]),
        ),
        how_measured(result),
    )
    return fig


def fields() -> dict[str, Any]:
    """Compute which pixels the shipped U-Net's central pixel depends on, with and without skips."""
    from kerascnn import datasets, visualize
    from kerascnn.datasets._synthetic import HELD_OUT

    images, _labels = datasets.load("cells", count=HELD_OUT * IMAGES).part("test")
    model = trained("unet", "cells")
    effects = {}
    for name, net in (("with", model), ("without", without_skips(model))):
        effect = visualize.effective_receptive_field(
            net, np.asarray(images), "scores", (SIDE // 2, SIDE // 2), channel=1, verbose=False
        )
        effects[name] = np.asarray(effect).mean(axis=0)
    return {
        "effects": effects,
        "field": visualize.receptive_field(model, "scores", input_shape=(SIDE, SIDE, 1)),
    }


@figure(
    title="With skips, a pixel of U-Net's output depends mostly on the pixels around it",
    alt="The effective receptive field of the central pixel of a U-Net's output: a small bright "
    "spot with skips, and a faint blur over nearly the whole image without them; and the share of "
    "the gradient within a distance, which rises steeply with skips and slowly without.",
    rows=("D14", "B16"),
    data=fields,
)
def skips_and_field(found: dict) -> Figure:
    """Draw the effective receptive field with and without skips, and how far it reaches."""
    fig, axes = plt.subplots(1, 3, width_ratios=(3, 3, 4))
    titles = {"with": _("with skips"), "without": _("without skips")}
    distances = range(SIDE // 2)
    for nth, (name, effect) in enumerate(found["effects"].items()):
        axes[nth].imshow(np.sqrt(effect / effect.max()), cmap="inferno")
        axes[nth].axis("off")
        axes[nth].set_title(titles[name])
        shares = [100 * share_within(effect, distance) for distance in distances]
        axes[2].plot(distances, shares, linestyle=("-", "--")[nth], label=titles[name], marker="")
    axes[2].set(xlabel=_("distance (pixels)"), ylabel=_("gradient within it (%)"), ylim=(0, 100))
    axes[2].legend(loc="lower center", bbox_to_anchor=(0.5, 1))
    (top, bottom), _columns = found["field"]
    note(
        fig,
        _(
            "|∂ score / ∂ pixel|, the mean of {count} images; brightness shows its square root. "
            "The theoretical field has {size}×{size} pixels either way.",
            count=IMAGES,
            size=bottom - top,
        ),
        _(
            "Without skips: the same network, trained on cells, in which the weights of the copied "
            "maps are set to 0."
        ),
    )
    return fig


def share_within(effect: np.ndarray, distance: float) -> float:
    """Return the share of a field (H, W) that is within a distance of its central pixel."""
    rows, columns = np.indices(effect.shape)
    apart = np.hypot(rows - effect.shape[0] // 2, columns - effect.shape[1] // 2)
    return float(effect[apart <= distance].sum() / effect.sum())


def without_skips(model: Any) -> Any:
    """Copy a U-Net, with zeros as the weights of the copied maps."""
    from keras.models import clone_model

    net = clone_model(model)
    net.set_weights(model.get_weights())
    for level in range(1, 5):
        copied = model.get_layer(f"down{level}_conv2").output.shape[-1]
        layer = net.get_layer(f"up{level}_conv1")
        kernel, bias = layer.get_weights()
        kernel[:, :, :copied] = 0  # the copied maps are the first
        layer.set_weights([kernel, bias])
    return net
