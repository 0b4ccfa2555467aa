"""Detection with YOLO: the grid, its boxes and classes, non-maximum suppression (D15)."""

from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib import pyplot as plt
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from kerascnn import plots
from kerascnn._text import text as _

from ._drawing import note
from ._registry import figure

GRID, BOXES = 7, 2  # Redmon 2016, Section 2: "S = 7, B = 2"
PAPER = 20  # classes of PASCAL VOC
SIZE, SEED = 448, 3
NEAR = 0.16  # cells whose middle is so near to that of an object have boxes for it
NOISE = 0.04  # of places and sizes, as a fraction of the object's size
FAINT = 0.12  # the highest confidence of other boxes
SHOWN = 0.2  # the least score of a box that is kept


def detected() -> dict[str, Any]:
    """Make the output of a detector from a scene's labels, with noise, and find its boxes."""
    from kerascnn import datasets
    from kerascnn.metrics import non_maximum_suppression
    from kerascnn.prediction._boxes import boxes_of_grid

    data = datasets.load("boxes", size=SIZE, count=25, seed=SEED)
    images, labels = data.part("test")
    scene = int(np.argmax((labels[..., 0] >= 0).sum(axis=1)))
    truth = labels[scene][labels[scene, :, 0] >= 0]
    grid = noisy_grid(truth, len(data.class_names), np.random.default_rng(SEED))
    places, scores = (each[0] for each in boxes_of_grid(grid[None], BOXES))
    kinds, high = scores.argmax(axis=1), scores.max(axis=1)
    strong = np.flatnonzero(high >= SHOWN)
    kept = strong[non_maximum_suppression(places[strong], high[strong], classes=kinds[strong])]
    confidence = grid[..., [4, 9]].reshape(-1)
    return {
        "scene": images[scene],
        "truth": truth,
        "names": data.class_names,
        "grid": grid,
        "places": places,
        "confidence": confidence,
        "strong": len(strong),
        "found": np.column_stack([kinds[kept], high[kept], places[kept]]),
    }


def noisy_grid(truth: np.ndarray, classes: int, rng: np.random.Generator) -> np.ndarray:
    """Make a grid (7, 7, 5 · 2 + classes): boxes near objects are nearly theirs, others faint."""
    middle = (np.stack(np.meshgrid(np.arange(GRID), np.arange(GRID)), axis=-1) + 0.5) / GRID
    distance = np.linalg.norm(middle[:, :, None] - truth[:, 1:3], axis=-1)
    nearest = distance.argmin(axis=-1)
    near = distance.min(axis=-1)[..., None] < NEAR
    there = truth[nearest]  # (7, 7, 5): class, x, y, w, h
    shape = (GRID, GRID, BOXES)
    size = np.where(
        near[..., None],
        there[:, :, None, 3:] * rng.normal(1, NOISE, (*shape, 2)),
        rng.uniform(0.05, 0.3, (*shape, 2)),
    )
    place = np.where(
        near[..., None],
        there[:, :, None, 1:3] + there[:, :, None, 3:] * rng.normal(0, NOISE, (*shape, 2)),
        middle[:, :, None] + rng.uniform(-0.5, 0.5, (*shape, 2)) / GRID,
    )
    sure = rng.uniform(0.6, 1, shape) * np.exp(-2 * distance.min(axis=-1)[..., None] / NEAR * 0.7)
    confidence = np.where(near, sure, rng.uniform(0, FAINT, shape))
    inside = place * GRID - np.floor(middle * GRID)[:, :, None]
    boxes = np.concatenate([inside, size, confidence[..., None]], axis=-1)
    kinds = np.eye(classes)[there[..., 0].astype(int)]
    return np.concatenate([boxes.reshape(GRID, GRID, -1), kinds], axis=-1).astype("float32")


@figure(
    title="YOLO: every cell of a grid predicts boxes and a class; the best boxes are kept",
    alt="A scene of shapes in four panels: under a grid of 7 by 7 cells; with the 98 boxes of the "
    "cells, thick where their confidence is high; with the class of each cell in color; and with "
    "one box for each shape, which non-maximum suppression has kept.",
    rows=("D15",),
    data=detected,
)
def yolo_grid(found: dict) -> Figure:
    """Draw the grid, its boxes, the class map, and the boxes that are kept."""
    scene, names = found["scene"], found["names"]
    fig, axes = plt.subplots(1, 4)
    for ax in axes[:2]:
        plots.image_grid(scene[None], ax=ax)
    step = SIZE / GRID
    lines = {"color": "white", "linewidth": 0.5 * mpl.rcParams["axes.linewidth"]}
    for n in range(1, GRID):
        axes[0].plot([n * step] * 2, [0, SIZE], **lines)
        axes[0].plot([0, SIZE], [n * step] * 2, **lines)
    for x, y in found["truth"][:, 1:3]:
        corner = (np.floor(x * GRID) * step, np.floor(y * GRID) * step)
        axes[0].add_patch(
            Rectangle(
                corner, step, step, fill=False, edgecolor=plots.role_color("window"),
                linewidth=mpl.rcParams["lines.linewidth"],
            )
        )  # fmt: skip
        axes[0].plot(x * SIZE, y * SIZE, ".", color="white", markeredgecolor="black")
    for (x, y, w, h), sure in zip(found["places"] * SIZE, found["confidence"], strict=True):
        axes[1].add_patch(
            Rectangle(
                (x - w / 2, y - h / 2), w, h, fill=False, edgecolor="white",
                linewidth=0.3 + 2.5 * float(sure),
            )
        )  # fmt: skip
    classes = found["grid"][..., 5 * BOXES :].argmax(axis=-1)
    plots.class_map(scene, classes, numbers=False, ax=axes[2])
    plots.boxes(scene, found["found"], class_names=names, ax=axes[3])
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
            "{kept}. To show it, the boxes were made from the true ones, with noise.",
            strong=found["strong"],
            score=f"{SHOWN:g}",
            kept=len(found["found"]),
        ),
    )
    return fig
