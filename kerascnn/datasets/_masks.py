"""Masks in files: class indices that are resized like their images, without mixing classes."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from kerascnn._picture_reader import PictureError, read_labels

MASKS = (".png", ".tif", ".tiff", ".bmp", ".gif", ".dcm")
LIKELY = 4  # indices that use less than a quarter of their range are probably gray levels
MOST_LISTED = 6

Values = Sequence[int | Sequence[int]]


def read_mask(path: Path) -> np.ndarray:
    """Read the values of a mask: (H, W) integers or `bool`, or (H, W, 3) colors.

    Raises:
        OSError: If the file cannot be read.
        ValueError: If its values are not whole numbers.
    """
    try:
        values = read_labels(path)
    except PictureError as error:
        raise OSError(f"mask '{path}' cannot be read ({error}): replace or remove it.") from None
    if values.dtype.kind == "f" and np.array_equal(values, np.rint(values)):
        values = values.astype(np.int64)
    if values.ndim not in (2, 3) or values.dtype.kind not in "biu":
        raise ValueError(
            f"mask '{path}' must contain whole numbers, a class for each pixel; received "
            f"{values.dtype} {values.shape}."
        )
    return values


def to_classes(
    path: Path,
    values: np.ndarray,
    mask_values: Values | None,
    classes: int | None,
    ignore_class: int | None,
) -> np.ndarray:
    """Convert the values of a mask to class indices, (H, W) int32.

    Args:
        path: the file, for errors.
        values: as returned by `read_mask`.
        mask_values: the value or color of each class; `None`: the values are class indices.
        classes: the number of classes, if it is known.
        ignore_class: a value that is kept as it is.

    Raises:
        ValueError: If there is a value that is no class.
    """
    numbers = mask_values is None or all(np.ndim(value) == 0 for value in mask_values)
    if numbers and values.ndim == 3 and (values == values[..., :1]).all():  # gray
        values = values[..., 0]
    colors = values.ndim == 3
    if values.dtype == bool:  # of one bit; programs show 1 as 255
        as_shown = mask_values is not None and 255 in mask_values and 1 not in mask_values
        values = values * np.uint8(255 if as_shown else 1)
    if mask_values is None:
        if colors:
            raise ValueError(
                f"mask '{path}' must contain class indices; received colors: give mask_values, "
                "such as ((0, 0, 0), (255, 0, 0)), a color for each class."
            )
        found = np.unique(values if ignore_class is None else values[values != ignore_class])
        highest = int(found.max(initial=0))
        unlikely = classes is None and highest + 1 > LIKELY * len(found)
        if found.min(initial=0) < 0 or unlikely or highest >= (classes or highest + 1):
            wanted = "class indices, 0, 1, …" if classes is None else f"0…{classes - 1}"
            raise ValueError(
                f"mask '{path}' must contain {wanted}; received {_listed(found)}: give "
                "mask_values, such as (0, 255), a value for each class, or ignore_class."
            )
        return values.astype(np.int32)
    keys = [tuple(np.atleast_1d(value).tolist()) for value in mask_values]
    if any(len(key) != (3 if colors else 1) for key in keys):
        form = "colors (R, G, B)" if colors else "numbers"
        raise ValueError(f"mask_values must be {form} for mask '{path}'; received {mask_values!r}.")
    indices = np.full(values.shape[:2], -1, np.int32)
    for index, key in enumerate(keys):
        indices[(np.atleast_3d(values) == key).all(axis=-1)] = index
    unknown = indices == -1
    if ignore_class is not None and not colors:
        indices[values == ignore_class] = ignore_class
        unknown &= values != ignore_class
    if unknown.any():
        rest = np.unique(np.atleast_3d(values)[unknown], axis=0).tolist()
        rest = [tuple(each) if colors else each[0] for each in rest]
        raise ValueError(
            f"mask '{path}' must contain only mask_values, {mask_values}; received also "
            f"{_listed(rest)}."
        )
    return indices


def resized(indices: np.ndarray, size: tuple[int, int], resize: str) -> np.ndarray:
    """Resize class indices as `ImageFiles` resizes images, to the nearest pixel's class."""
    height, width = size
    image = Image.fromarray(indices.astype(np.int32))
    if resize == "crop":
        image = ImageOps.fit(image, (width, height), Image.Resampling.NEAREST)
    else:
        image = image.resize((width, height), Image.Resampling.NEAREST)
    return np.asarray(image, np.int32)


def _listed(values) -> str:
    values = list(values)
    words = ", ".join(map(str, values[:MOST_LISTED]))
    return words + ", …" * (len(values) > MOST_LISTED)
