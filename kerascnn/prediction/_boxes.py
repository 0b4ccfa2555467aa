"""Boxes from the grid of YOLO (Redmon 2016, arXiv:1506.02640)."""

import keras
import numpy as np
import numpy.typing as npt

from kerascnn._checks import check_count, check_is_array, check_number
from kerascnn._fusion import avoid_wrong_fusions
from kerascnn._rescaling import warn_of_levels
from kerascnn._sizes import check_size_of
from kerascnn.metrics import non_maximum_suppression

from ._geometry import check_has_inputs

BOX = 5  # x, y, w, h and a confidence


def predict_boxes(
    model: keras.Model,
    images: npt.ArrayLike,
    *,
    boxes: int = 2,
    score: float = 0.2,
    overlap: float = 0.5,
    limit: int | None = None,
    batch_size: int = 32,
) -> list[np.ndarray]:
    """Detect objects, and keep the best of the boxes that overlap.

    The score of a box for a class is its confidence times the class score of its cell (Redmon
    2016, Equation 1), both limited to 0 … 1. `metrics.non_maximum_suppression` then keeps the best
    boxes of each class.

    Args:
        model: A Keras model from images to a grid `(N, h, w, 5 · boxes + classes)`, such as
            `build_yolov1()`.
        images: `(N, H, W, C)` float, in the range that the model was trained on.
        boxes: Number of boxes for each cell of the grid, the paper's B.
        score: The minimum score of a box, 0 to 1; the paper draws boxes from 0.2. For
            `metrics.average_precision`, use a small one, such as 0.01.
        overlap: Intersection over union above which the weaker of two boxes of a class is left out.
        limit: The maximum number of boxes for each image. If `None`, all.
        batch_size: Images per step.

    Returns:
        An array `(m, 6)` float32 for each image, sorted from the highest score: class index, score,
        and center x, center y, width, height of the box as fractions of the image. Boxes are
        clipped at the border of the image.

    Raises:
        TypeError: If the model is not a Keras model.
        ValueError: If images or options do not fit the model, or it returns NaN.

    >>> import kerascnn as kc
    >>> model = kc.build_yolov1(width=0.05, classes=6, input_shape=(128, 128, 3))
    >>> found = predict_boxes(model, np.zeros((2, 128, 128, 3)))
    >>> len(found), found[0].shape[1]
    (2, 6)
    """
    check_count("boxes", boxes)
    check_number("score", score, 0, 1)
    check_count("batch_size", batch_size)
    if limit is not None:
        check_count("limit", limit)
    check_has_inputs(model)
    check_is_array("images", images)
    images = np.asarray(images, "float32")
    shape, out = model.input_shape, model.output_shape
    fits = images.ndim == 4 and all(
        want in (None, have) for want, have in zip(shape[1:], images.shape[1:], strict=True)
    )
    if not fits:
        raise ValueError(f"images must be {shape}, as the model takes; received {images.shape}.")
    if not np.isfinite(images).all():
        raise ValueError("images must be finite; received NaN or infinity.")
    if not isinstance(out, tuple) or len(out) != 4:
        raise ValueError(
            f"model must return a grid (N, h, w, 5 · {boxes} + classes); received {out}."
        )
    if out[-1] <= BOX * boxes:
        raise ValueError(
            f"model must return a grid (N, h, w, 5 · {boxes} + classes); received {out}: change "
            "boxes=."
        )
    check_size_of(model, images.shape)
    avoid_wrong_fusions(model)
    if len(images):
        warn_of_levels(model, images)
    found = []
    for start in range(0, len(images), batch_size):
        outputs = np.asarray(model.predict_on_batch(images[start : start + batch_size]))
        if not np.isfinite(outputs).all():
            raise ValueError(
                "model must return finite numbers; received NaN or infinity: reload its weights."
            )
        for places, scores in zip(*boxes_of_grid(outputs, boxes), strict=True):
            found.append(_best(places, scores, score, overlap, limit))
    return found


def boxes_of_grid(outputs: np.ndarray, boxes: int) -> tuple[np.ndarray, np.ndarray]:
    """Convert the outputs of a grid to boxes of the image.

    Args:
        outputs: (N, h, w, 5 · boxes + K): for each box x, y relative to the upper left corner of
            the cell, in cells, w, h as fractions of the image, confidence; then class scores.
        boxes: boxes of each cell.

    Returns:
        Boxes (N, n, 4): center x, center y, width, height as fractions of the image, cut off at
        its border; and scores (N, n, K), n = h · w · boxes.
    """
    count, height, width, _ = outputs.shape
    each = outputs[..., : BOX * boxes].reshape(count, height, width, boxes, BOX)
    cell = np.stack(np.meshgrid(np.arange(width), np.arange(height)), axis=-1)[:, :, None]
    centre = (each[..., :2] + cell) / (width, height)
    size = np.maximum(each[..., 2:4], 0)
    low, high = np.clip(centre - size / 2, 0, 1), np.clip(centre + size / 2, 0, 1)
    places = np.concatenate([(low + high) / 2, high - low], axis=-1)
    kinds = np.clip(outputs[..., None, BOX * boxes :], 0, 1)
    scores = np.clip(each[..., 4:], 0, 1) * kinds
    n = height * width * boxes
    return places.reshape(count, n, 4), scores.reshape(count, n, -1)


def _best(places, scores, least, overlap, limit):
    """Keep the best boxes of an image, (m, 6)."""
    box, kind = np.nonzero(scores >= max(least, np.finfo("float32").tiny))
    high = scores[box, kind]
    kept = non_maximum_suppression(places[box], high, overlap=overlap, classes=kind, limit=limit)
    rows = np.column_stack([kind[kept], high[kept], places[box[kept]]])
    return rows.astype("float32")
