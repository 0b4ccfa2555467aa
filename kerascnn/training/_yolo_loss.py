"""The loss of YOLO (Redmon 2016, arXiv:1506.02640)."""

from typing import Any

import keras
import numpy as np
from keras import ops

from kerascnn._checks import check_count, check_number

from ._yolo_boxes import BOX

COORDINATE = 5.0  # Section 2.2: "lambda_coord = 5"
NO_OBJECT = 0.5  # Section 2.2: "lambda_noobj = .5"
FLAT = 1e-6  # the slope of a square root is constant below it


@keras.saving.register_keras_serializable(package="kerascnn")
class YoloLoss(keras.losses.Loss):
    """Sum of squared errors over a grid of boxes, Equation 3.

    Of the boxes of a cell, the one that overlaps the object most is responsible for it. It learns
    the object's position, the square roots of its size, and the overlap as its confidence; all
    other boxes learn a confidence of 0.

    DEVIATION: the root of a negative width or height, which a linear output may return, is minus
    the root of its absolute value.

    Labels are the result of `encode_boxes`, outputs `(N, H, W, 5 B + K)` as from `build_yolov1`: B
    times x, y, w, h, confidence, then K scores.

    Args:
        boxes: B, boxes per cell.
        coordinate: Weight of positions and sizes.
        no_object: Weight of the confidences of boxes without an object.

    Raises:
        ValueError: If a number is out of range.

    >>> from kerascnn.training import encode_boxes
    >>> target = encode_boxes(np.array([[[0, 0.5, 0.5, 1, 1]]]), grid=(1, 1), classes=1)
    >>> right = np.array([0.5, 0.5, 1, 1, 1, 1], "float32").reshape(1, 1, 1, 6)
    >>> float(YoloLoss(boxes=1)(target, right))
    0.0
    """

    def __init__(
        self,
        boxes: int = 2,
        coordinate: float = COORDINATE,
        no_object: float = NO_OBJECT,
        name: str = "yolo_loss",
        **kwargs: Any,
    ) -> None:
        super().__init__(name=name, **kwargs)
        self.boxes = check_count("boxes", boxes)
        self.coordinate = check_number("coordinate", coordinate)
        self.no_object = check_number("no_object", no_object)

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """Compute the loss of each image, (N,)."""
        height, width = y_pred.shape[1:3]
        cells = ops.convert_to_tensor(np.array([width, height], "float32"))
        object_here, place, size = y_true[..., 0], y_true[..., None, 1:3], y_true[..., None, 3:5]
        shape = (-1, height, width, self.boxes, BOX)
        found = ops.reshape(y_pred[..., : BOX * self.boxes], shape)
        found_place, found_size, confidence = found[..., :2], found[..., 2:4], found[..., 4]

        overlap = iou(place / cells, size, found_place / cells, ops.maximum(found_size, 0))
        overlap = ops.stop_gradient(overlap)
        best = ops.one_hot(ops.argmax(overlap, axis=-1), self.boxes, dtype=y_pred.dtype)
        responsible = object_here[..., None] * best  # 1_ij^obj

        roots = ops.square(signed_root(size) - signed_root(found_size))
        coordinates = ops.sum(ops.square(place - found_place) + roots, axis=-1)
        objects = ops.square(overlap - confidence)
        nothing = ops.square(confidence)
        kinds = ops.sum(ops.square(y_true[..., BOX:] - y_pred[..., BOX * self.boxes :]), axis=-1)
        per_box = (  # Eq. 3
            self.coordinate * responsible * coordinates
            + responsible * objects
            + self.no_object * (1 - responsible) * nothing
        )
        return ops.sum(ops.sum(per_box, axis=-1) + object_here * kinds, axis=(1, 2))

    def get_config(self) -> dict:
        """Return the arguments that create the same loss."""
        more = {name: getattr(self, name) for name in ("boxes", "coordinate", "no_object")}
        return {**super().get_config(), **more}


def iou(place: Any, size: Any, other_place: Any, other_size: Any) -> Any:
    """Compute the intersection over union of boxes, given by center and size; 0 without area."""
    low = ops.maximum(place - size / 2, other_place - other_size / 2)
    high = ops.minimum(place + size / 2, other_place + other_size / 2)
    both = ops.prod(ops.maximum(high - low, 0), axis=-1)
    either = ops.prod(size, axis=-1) + ops.prod(other_size, axis=-1) - both
    return both / ops.maximum(either, FLAT)


def signed_root(x: Any) -> Any:
    """Compute the square root, extended as an odd function, with a finite slope at 0."""
    return ops.sign(x) * ops.sqrt(ops.maximum(ops.abs(x), FLAT))
