"""Boxes on a grid: the loss of YOLO (Redmon 2016)."""

from dataclasses import replace

import numpy as np

from kerascnn.training._data import Part
from kerascnn.training._yolo_boxes import BOX, check_boxes, encode_boxes
from kerascnn.training._yolo_loss import YoloLoss

from .objective import Objective, Output, make


def are_boxes(labels: np.ndarray, output: Output) -> bool:
    """Return whether labels are boxes (N, M, 5) for an output that is a grid (N, h, w, …)."""
    floats = np.issubdtype(labels.dtype, np.floating)
    return floats and labels.ndim == 3 and labels.shape[-1] == BOX and output.map_size is not None


def detection(labels: np.ndarray, output: Output, boxes: int) -> Objective:
    """Learn boxes and their classes.

    Args:
        labels: (N, M, 5) float: class, and center x, y, width, height in [0, 1].
        output: linear, (N, h, w, 5 · boxes + classes).
        boxes: boxes that each cell predicts.

    Raises:
        ValueError: If the output has another form, or boxes are out of range.
    """
    grid, classes = output.full_shape[1:3], output.classes - BOX * boxes
    if not output.is_logits or classes < 1:
        raise ValueError(
            f"labels of boxes need a linear output (N, h, w, 5 · {boxes} + classes); "
            f"received {output.end} {tuple(output.shape)}: change boxes=, or pass loss=."
        )

    def encoded(part: Part) -> Part:
        return replace(part, labels=encode_boxes(part.labels, grid=grid, classes=classes))

    return make(
        YoloLoss(boxes=boxes),
        [],
        labels,
        output,
        check=lambda labels: check_boxes(labels, classes),
        ready=encoded,
    )
