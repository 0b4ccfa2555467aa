"""Whether an augmentation moves what is in the images, which the labels of pixels do not follow."""

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
from keras import ops

from ._augmentation import changed_by

MOVING = {
    "PadCropFlip", "RandomAffine", "RandomCrop", "RandomElasticTransform", "RandomFlip",
    "RandomPerspective", "RandomRotation", "RandomShear", "RandomTranslation", "RandomZoom",
}  # fmt: skip
MIXING = {"CutMix", "MixUp"}  # images of a batch, whose labels stay as they are
GRID = 3  # marks in a column, and in a row
CALLS = 6  # since an augmentation may change nothing at times
MOVED = 4  # marks; those that an erasing augmentation hides are fewer


def moves(augment: Callable | str, images: Any) -> bool:
    """Return whether an augmentation moves what is in the images.

    Keras's layers are known, also as parts of others, and their subclasses; of a function and of
    other layers it is measured, so that small movements go unnoticed.

    Args:
        augment: a layer, a function, or the name of an augmentation.
        images: (N, H, W, C), of which the first shows the range.
    """
    if isinstance(augment, str):
        return augment != "none"
    return not MOVING.isdisjoint(_kinds(augment)) or _moves_marks(augment, images)


def mixes(augment: Callable | str) -> bool:
    """Return whether an augmentation is one of Keras's that mix the images of a batch."""
    return not MIXING.isdisjoint(_kinds(augment))


def _kinds(augment: Callable | str) -> set[str]:
    """Return the names of the classes of a layer, of all layers inside it, and their parents."""
    layer: Any = getattr(augment, "__self__", augment)  # of a method
    parts = layer._flatten_layers() if isinstance(layer, keras.Layer) else ()
    return {kind.__name__ for part in parts for kind in type(part).__mro__}


def _moves_marks(augment: Callable, images: Any) -> bool:
    """Return whether bright squares on gray images leave their places."""
    if len(images.shape) != 4 or not len(images) or min(images.shape[1:3]) < GRID:
        return False
    first = np.asarray(images[:1], dtype="float32")[0]
    low, high = float(first.min()), float(first.max())
    marks = np.full((GRID * GRID, *first.shape), (low + high) / 2, "float32")
    cells = _cells(*first.shape[:2])
    for image, cell in zip(marks, cells, strict=True):
        image[cell] = high if high > low else low + 1
    moved, is_layer = 0, isinstance(augment, keras.Layer)
    for _ in range(CALLS):
        try:
            changed = changed_by(
                augment, ops.convert_to_tensor(marks), **({"training": True} if is_layer else {})
            )
            seen = ops.convert_to_numpy(changed).astype("float32")
        except Exception:  # it is reported where the first images are augmented
            return False
        if seen.shape != marks.shape:
            return False
        # how much each cell differs from the gray: (marks, cells)
        seen = np.abs(seen - np.median(seen, axis=(1, 2), keepdims=True)).mean(axis=-1)
        seen = np.stack([seen[(slice(None), *cell)].mean(axis=(1, 2)) for cell in cells], axis=1)
        elsewhere = seen.max(axis=1) > 5 * np.median(seen, axis=1)  # a mark, not noise
        moved += np.sum(elsewhere & (np.diag(seen) < seen.max(axis=1) / 4))
        if moved >= MOVED:
            return True
    return False


def _cells(height: int, width: int) -> list[tuple[slice, slice]]:
    rows, columns = (np.linspace(0, size, GRID + 1).astype(int) for size in (height, width))
    return [
        (slice(rows[i], rows[i + 1]), slice(columns[j], columns[j + 1]))
        for i in range(GRID)
        for j in range(GRID)
    ]
