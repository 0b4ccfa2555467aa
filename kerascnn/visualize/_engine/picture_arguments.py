"""The arguments that the methods share that make pictures, checked in one place."""

from collections.abc import Sequence

import numpy as np

from kerascnn._checks import check_pair

from .images import refuse_datasets

FREE_SIZE = 128  # pixels, where the model leaves it open
RANGE_SLACK = 1e-3  # what resizing, and a round trip through half floats, may add to [0, 1]


def check_pictures(name: str, pictures: np.ndarray, channels: int | None) -> np.ndarray:
    """Pictures as float32.

    Raises:
        TypeError: whole numbers, or no array of numbers.
        ValueError: another rank or number of channels; values outside [0, 1].
    """
    refuse_datasets(name, pictures)
    if isinstance(pictures, list | tuple):
        raise TypeError(f"{name} must be one array (N, H, W, C); received a list: np.stack it.")
    pictures = np.asarray(pictures)
    if pictures.dtype.kind != "f":
        raise TypeError(
            f"{name} must be float in [0, 1]; received {pictures.dtype}. Divide 0 … 255 by 255."
        )
    if pictures.ndim != 4 or not pictures.size or channels not in (None, pictures.shape[-1]):
        one = f" A single picture needs a batch axis: {name}[None]." * (pictures.ndim == 3)
        raise ValueError(
            f"{name} must have the shape (N, H, W, {channels or 'C'}); "
            f"received {pictures.shape}.{one}"
        )
    low, high = float(pictures.min()), float(pictures.max())
    if not (low >= -RANGE_SLACK and high <= 1 + RANGE_SLACK):  # NaN too
        raise ValueError(
            f"{name} must be in [0, 1], and what the model takes beyond that made by "
            f"preprocessing=…; received values from {low:g} to {high:g}."
        )
    return np.clip(pictures, 0, 1).astype("float32")


def check_shape(
    name: str, size: int | Sequence[int] | None, own: Sequence[int | None]
) -> tuple[int, int]:
    """Height and width: as given, the model's own, or `FREE_SIZE`.

    Raises:
        ValueError: neither one whole number nor two.
    """
    if size is None:
        return tuple(n or FREE_SIZE for n in own)
    return check_pair(name, size)
