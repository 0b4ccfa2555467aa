"""Boxes on the grid of YOLO (Redmon 2016, arXiv:1506.02640)."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from kerascnn._checks import check_count, check_pair

BOX = 5  # x, y, w, h and a confidence


def encode_boxes(
    labels: npt.ArrayLike, *, grid: int | Sequence[int] = (7, 7), classes: int = 20
) -> np.ndarray:
    """Assign objects to the cells of a grid that contain their centers.

    Args:
        labels: `(N, M, 5)` float: class index, and center x, center y, width, height as fractions
            of the image, 0 to 1. Rows of class -1 are ignored.
        grid: Number of rows and columns, or one number for both.
        classes: The number of classes, K.

    Returns:
        `(N, *grid, 5 + K)` float32: 1 where there is an object; x, y relative to the upper left
        corner of the cell, in cells; w, h as fractions of the image; 1 for the class. Only the
        first object of a cell is kept, since YOLO finds one per cell. `decode_boxes` is the
        inverse.

    Raises:
        ValueError: If labels have another shape, a class does not exist, or a box is out of range.

    >>> encode_boxes(np.array([[[2, 0.5, 0.25, 0.2, 0.1]]]), grid=(2, 2), classes=3)[0, 0, 1]
    array([1. , 0. , 0.5, 0.2, 0.1, 0. , 0. , 1. ], dtype=float32)
    """
    grid, classes = check_pair("grid", grid), check_count("classes", classes)
    labels = np.asarray(labels, dtype="float32")
    check_boxes(labels, classes)
    image, row = np.nonzero(labels[..., 0] >= 0)
    found = labels[image, row]
    kind = found[:, 0].astype(int)
    encoded = np.zeros((len(labels), *grid, BOX + classes), "float32")
    place = found[:, [2, 1]] * grid  # y, x
    cell = np.minimum(place.astype(int), np.array(grid) - 1)
    y, x = (place - cell).T
    values = np.column_stack([np.ones(len(x)), x, y, found[:, 3:], np.eye(classes)[kind]])
    for where, value in zip(zip(image, *cell.T, strict=True), values, strict=True):
        if not encoded[where][0]:
            encoded[where] = value
    return encoded


def decode_boxes(encoded: npt.ArrayLike) -> np.ndarray:
    """Return the objects on a grid: the inverse of `encode_boxes`.

    For the outputs of a model, see `kerascnn.predict_boxes`.

    Args:
        encoded: `(N, h, w, 5 + K)` float, as returned by `encode_boxes`.

    Returns:
        `(N, M, 5)` float32, M the largest number of objects in an image: class index, and center x,
        center y, width, height as fractions of the image; row by row of the grid, then rows of
        class -1.

    Raises:
        ValueError: If the array has another shape.

    >>> labels = np.array([[[2, 0.5, 0.25, 0.2, 0.1]]])
    >>> decode_boxes(encode_boxes(labels, grid=(2, 2), classes=3))
    array([[[2.  , 0.5 , 0.25, 0.2 , 0.1 ]]], dtype=float32)
    """
    encoded = np.asarray(encoded)
    if encoded.ndim != 4 or encoded.shape[-1] <= BOX:
        raise ValueError(f"encoded must be (N, h, w, 5 + classes); received {encoded.shape}.")
    _, height, width, _ = encoded.shape
    image, y, x = np.nonzero(encoded[..., 0])
    found = encoded[image, y, x].astype("float64")
    kind = found[:, BOX:].argmax(axis=1)
    rows = np.column_stack(
        [kind, (found[:, 1] + x) / width, (found[:, 2] + y) / height, found[:, 3:BOX]]
    )
    counts = np.bincount(image, minlength=len(encoded))
    place = np.arange(len(image)) - np.repeat(np.cumsum(counts) - counts, counts)
    labels = np.zeros((len(encoded), counts.max(initial=0), BOX), "float32")
    labels[..., 0] = -1
    labels[image, place] = rows
    return labels


def check_boxes(labels: np.ndarray, classes: int) -> None:
    """Check labels for `encode_boxes`, without encoding them.

    Raises:
        ValueError: see there.
    """
    if labels.ndim != 3 or labels.shape[-1] != BOX:
        raise ValueError(
            f"labels of boxes must be (N, objects, 5): class, x, y, w, h; received {labels.shape}."
        )
    found = labels[~(labels[..., 0] < 0)]  # NaN too
    if not np.isfinite(found).all():
        raise ValueError("labels of boxes must be finite numbers; received NaN or infinity.")
    kind = found[:, 0]
    if (kind >= classes).any() or (kind % 1).any():
        raise ValueError(
            f"labels must be whole numbers in 0…{classes - 1}, the model's {classes} classes; "
            f"received {kind.min():g} to {kind.max():g}."
        )
    if (found[:, 1:] < 0).any() or (found[:, 1:] > 1).any():
        raise ValueError(
            f"boxes must be fractions of the image, 0 to 1; received {found[:, 1:].min()} to "
            f"{found[:, 1:].max()}: divide pixels by the image's width and height."
        )
