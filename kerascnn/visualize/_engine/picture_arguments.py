"""Check the common arguments of the methods that generate images."""

from collections.abc import Sequence

import numpy as np

from kerascnn._checks import check_pair

from .images import refuse_datasets

FREE_SIZE = 128  # in pixels, for models of variable size
RANGE_SLACK = 1e-3  # by which resizing and half-precision rounding may exceed [0, 1]


def check_pictures(name: str, pictures: np.ndarray, channels: int | None) -> np.ndarray:
    """Return images as float32.

    Raises:
        TypeError: If they are integers or not an array of numbers.
        ValueError: If rank or number of channels do not fit, or if values are outside [0, 1].
    """
    refuse_datasets(name, pictures)
    if isinstance(pictures, list | tuple):
        raise TypeError(
            f"{name} must be an array (N, H, W, C); received a list. Use np.stack({name})."
        )
    pictures = np.asarray(pictures)
    if pictures.dtype.kind != "f":
        raise TypeError(
            f"{name} must be float in [0, 1]; received {pictures.dtype}. Divide by 255."
        )
    if pictures.ndim != 4 or not pictures.size or channels not in (None, pictures.shape[-1]):
        one = f" A single image needs a batch axis: {name}[None]." * (pictures.ndim == 3)
        raise ValueError(
            f"{name} must have the shape (N, H, W, {channels or 'C'}); "
            f"received {pictures.shape}.{one}"
        )
    low, high = float(pictures.min()), float(pictures.max())
    if not (low >= -RANGE_SLACK and high <= 1 + RANGE_SLACK):  # NaN too
        raise ValueError(
            f"{name} must be in [0, 1]; received values from {low:g} to {high:g}. "
            "Set preprocessing to convert [0, 1] to the model's input range."
        )
    return np.clip(pictures, 0, 1).astype("float32")


def check_shape(
    name: str, size: int | Sequence[int] | None, own: Sequence[int | None]
) -> tuple[int, int]:
    """Return height and width: as given, the model's input size, or `FREE_SIZE`.

    Raises:
        ValueError: If `size` is neither one nor two whole numbers.
    """
    if size is None:
        height, width = (n or FREE_SIZE for n in own)
        return height, width
    return check_pair(name, size)
