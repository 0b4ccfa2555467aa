"""Segmentation of cell images with a small U-Net (E7)."""

from typing import Any

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from kerascnn import plots
from kerascnn._text import text as _
from kerascnn.plots._style import in_print

from ._drawing import note
from ._registry import figure

WEIGHTS = "cells"
LEAST = 20  # pixels of a cell
SHOWN = 3  # of the test images: some of its cells touch


def segmented() -> dict[str, Any]:
    """Segment the test images of `cells` with the shipped U-Net, and score it."""
    from kerascnn import build_unet, datasets, metrics, visualize

    data = datasets.load("cells", labels="instances")
    images, instances = data.part("test")
    model = build_unet(weights=WEIGHTS)
    masks = np.concatenate([model.predict_on_batch(images[i : i + 8]) for i in range(0, 40, 8)])
    masks = masks.argmax(axis=-1)
    labels = (instances > 0).astype(int)
    found = metrics.instances(masks, least=LEAST)
    sizes = np.bincount(found[SHOWN].ravel())[1:]
    medium = int(np.argsort(sizes)[len(sizes) // 2]) + 1
    target = visualize.region(found[SHOWN] == medium, klass=1)
    heat = visualize.saliency(model, images[SHOWN : SHOWN + 1], target)[0]
    return {
        "image": images[SHOWN],
        "labels": labels[SHOWN],
        "mask": masks[SHOWN],
        "cell": found[SHOWN] == medium,
        "heat": heat,
        "names": data.class_names,
        "count": len(images),
        "parameters": model.count_params(),
        "dice": float(metrics.dice(labels, masks)[1]),
        "f1": metrics.instance_f1(instances, found),
    }


@figure(
    title="Segmentation of cells: each pixel gets a class",
    alt="A microscope image of cells that touch, in four panels: the image; with the pixels that "
    "a U-Net classifies as cell, in color; with the few pixels at the outlines that are wrong; "
    "and with a heatmap of the pixels that determine the score of one cell, which are its own and "
    "those next to it.",
    rows=("E7",),
    data=segmented,
)
def cell_segmentation(found: dict) -> Figure:
    """Draw cells, what U-Net finds, where it is wrong, and what decides about one cell."""
    fig, axes = plt.subplots(1, 4)
    image = found["image"]
    plots.image_grid(image[None], ax=axes[0])
    plots.mask_overlay(image, found["mask"], ax=axes[1], legend=False)
    plots.error_map(image, found["labels"], found["mask"], ax=axes[2], legend=False)
    plots.overlay(image, found["heat"], colorbar=False, ax=axes[3])
    axes[3].contour(found["cell"], levels=[0.5], colors="white", linewidths=1)
    wrong = int((found["labels"] != found["mask"]).sum())
    titles = (
        _("image"),
        _("prediction"),
        _("{count} wrong pixels", count=f"{wrong:,}"),
        _("saliency of one cell"),
    )
    for ax, title in zip(axes, titles, strict=True):
        ax.set_title(title)
    note(
        fig,
        _(
            "U-Net with a sixteenth of the filters, {parameters} parameters, on {count} images "
            "that it has not seen: Dice {dice}, F1 of single cells {f1}.",
            parameters=f"{found['parameters']:,}",
            count=found["count"],
            dice=f"{found['dice']:.3f}",
            f1=f"{found['f1']:.3f}",
        ),
        _("Black: wrongly called cell; white: missed.")
        if in_print()
        else _("Orange: wrongly called cell; blue: missed."),
    )
    return fig
