"""Detection with a small YOLO: grid, boxes, classes, suppression (D15); its results (E8)."""

from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib import pyplot as plt
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from kerascnn import plots
from kerascnn._text import text as _

from ._drawing import note
from ._material import trained
from ._registry import figure

GRID, BOXES = 7, 2  # Redmon 2016, Section 2: "S = 7, B = 2"
PAPER = 20  # classes of PASCAL VOC
LEAST_SCORE = 0.2  # of a box that is shown
LEAST_COUNTED = 0.01  # of a box that counts for the average precision
SHOWN = 12  # of the test images: many shapes, several boxes for some of them
SCENES = (18, 92)  # of the test images: all shapes are found; one is missed


def gridded() -> dict[str, Any]:
    """Compute the grid that the shipped YOLO returns for a scene, and its boxes."""
    from kerascnn import datasets, predict_boxes
    from kerascnn.datasets._synthetic import HELD_OUT
    from kerascnn.prediction._boxes import boxes_of_grid

    data = datasets.load("boxes", count=HELD_OUT * (SHOWN + 1))
    images, labels = (part[SHOWN : SHOWN + 1] for part in data.part("test"))
    model = trained("yolov1", "boxes")
    grid = model.predict_on_batch(images)
    places, scores = (each[0] for each in boxes_of_grid(grid, BOXES))
    return {
        "scene": images[0],
        "truth": labels[0][labels[0, :, 0] >= 0],
        "names": data.class_names,
        "grid": grid[0],
        "places": places,
        "confidence": grid[0][..., [4, 9]].reshape(-1).clip(0, 1),
        "strong": int((scores.max(axis=1) >= LEAST_SCORE).sum()),
        "found": predict_boxes(model, images, score=LEAST_SCORE)[0],
    }


def detected() -> dict[str, Any]:
    """Find the boxes of all test images with the shipped YOLO, and score them."""
    from kerascnn import datasets, metrics, predict_boxes

    data = datasets.load("boxes")
    images, labels = data.part("test")
    model = trained("yolov1", "boxes")
    found = predict_boxes(model, images, score=LEAST_COUNTED)
    classes = range(len(data.class_names))
    return {
        "scenes": images[list(SCENES)],
        "truth": labels[list(SCENES)],
        "found": [found[n][found[n][:, 1] >= LEAST_SCORE] for n in SCENES],
        "curves": [metrics.precision_recall(labels, found, k) for k in classes],
        "average": metrics.average_precision(labels, found, classes=len(classes)),
        "names": data.class_names,
        "count": len(images),
        "parameters": model.count_params(),
    }


@figure(
    title="YOLO: every cell of a grid predicts boxes and a class; the best boxes are kept",
    alt="A scene of shapes in four panels: under a grid of 7 by 7 cells; with the 98 boxes of the "
    "cells, thick where their confidence is high; with the class of each cell in color; and with "
    "one box for each shape, which non-maximum suppression has kept.",
    rows=("D15",),
    data=gridded,
)
def yolo_grid(found: dict) -> Figure:
    """Draw the grid, its boxes, the class map, and the boxes that are kept."""
    scene, names = found["scene"], found["names"]
    size = len(scene)
    fig, axes = plt.subplots(1, 4)
    for ax in axes[:2]:
        plots.image_grid(scene[None], ax=ax)
    step = size / GRID
    lines = {"color": "white", "linewidth": 0.5 * mpl.rcParams["axes.linewidth"]}
    for n in range(1, GRID):
        axes[0].plot([n * step] * 2, [0, size], **lines)
        axes[0].plot([0, size], [n * step] * 2, **lines)
    for x, y in found["truth"][:, 1:3]:
        corner = (np.floor(x * GRID) * step, np.floor(y * GRID) * step)
        axes[0].add_patch(
            Rectangle(
                corner, step, step, fill=False, edgecolor=plots.role_color("window"),
                linewidth=mpl.rcParams["lines.linewidth"],
            )
        )  # fmt: skip
        axes[0].plot(x * size, y * size, ".", color="white", markeredgecolor="black")
    for (x, y, w, h), sure in zip(found["places"] * size, found["confidence"], strict=True):
        axes[1].add_patch(
            Rectangle(
                (x - w / 2, y - h / 2), w, h, fill=False, edgecolor="white",
                linewidth=0.3 + 2.5 * float(sure),
            )
        )  # fmt: skip
    classes = found["grid"][..., 5 * BOXES :].argmax(axis=-1)
    plots.class_map(scene, classes, numbers=False, ax=axes[2])
    kept = np.delete(found["found"], 1, axis=1)  # with scores, names would be too long to fit
    plots.boxes(scene, kept, class_names=names, ax=axes[3])
    titles = (
        _("{cells} cells", cells=f"{GRID}×{GRID}"),
        _("{count} boxes", count=len(found["places"])),
        _("class of each cell"),
        _("after suppression"),
    )
    for ax, title in zip(axes, titles, strict=True):
        ax.set_title(title)
    per_cell = found["grid"].shape[-1]
    note(
        fig,
        _(
            "The cell that holds an object's middle is responsible for it. Each cell predicts "
            "{boxes} boxes of 5 numbers and the scores of the classes: {grid} numbers here, with "
            "{classes} classes, and {paper} in the paper, with {voc}.",
            boxes=BOXES,
            grid=f"{GRID}×{GRID}×{per_cell}",
            classes=len(names),
            paper=f"{GRID}×{GRID}×{5 * BOXES + PAPER}",
            voc=PAPER,
        ),
        _(
            "Of {strong} boxes with a score of {score} or more, non-maximum suppression keeps "
            "{kept}.",
            strong=found["strong"],
            score=f"{LEAST_SCORE:g}",
            kept=len(found["found"]),
        ),
    )
    return fig


@figure(
    title="Detection of shapes: each box has a class and a score",
    alt="Two scenes of shapes, each with the true boxes and, with scores, those of a small YOLO, "
    "all right in one scene and one missed in the other; and precision over recall for six "
    "classes, most of which stay near 1 until nearly all shapes are found.",
    rows=("E8",),
    data=detected,
)
def shape_detection(found: dict) -> Figure:
    """Draw two scenes with true and predicted boxes, and precision over recall of each class."""
    names = found["names"]
    fig, (*scenes, curves) = plt.subplots(1, 3, width_ratios=(3, 3, 2))
    titles = (_("all found"), _("one missed"))
    for row, (ax, title) in enumerate(zip(scenes, titles, strict=True)):
        plots.boxes(
            found["scenes"][row], found["found"][row], class_names=names,
            truth=found["truth"][row], ax=ax,
        )  # fmt: skip
        ax.set_title(title)
    plots.precision_recall(found["curves"], class_names=names, average=found["average"], ax=curves)
    curves.set_title(_("mAP {value}", value=f"{np.nanmean(found['average']):.2f}"))
    note(
        fig,
        _(
            "A YOLO of {parameters} parameters on {count} images that it has not seen. Solid: "
            "boxes with a score of {score} or more; dashed: truth. mAP: the mean of the classes' "
            "average precision, at an overlap of at least 0.5.",
            parameters=f"{found['parameters']:,}",
            count=found["count"],
            score=f"{LEAST_SCORE:g}",
        ),
    )
    return fig
