"""Heatmaps and masks that are given to metrics: checked, and brought to one size."""

from collections.abc import Callable
from typing import Any

import numpy as np
from keras import ops


def check_heatmaps(heatmaps: np.ndarray, count: int | None = None) -> np.ndarray:
    """Check for one heatmap per image, and return them as float32, without channels.

    Args:
        heatmaps: (N, h, w), or attributions (N, h, w, C), which are summed over the channels.
        count: number of images; `None`: any.

    Returns:
        (N, h, w) float32.

    Raises:
        ValueError: If the shape does not fit or a value is not finite.
    """
    values = check_attributions(heatmaps, count)
    return values.sum(axis=-1) if values.ndim == 4 else values


def check_attributions(heatmaps: np.ndarray, count: int | None = None) -> np.ndarray:
    """Check for one heatmap per image; (N, h, w, C) keeps its channels."""
    values = np.asarray(heatmaps)
    wrong = count is not None and len(values) != count if values.ndim else True
    if values.ndim not in (3, 4) or wrong or 0 in values.shape:
        of = "N" if count is None else count
        raise ValueError(
            f"heatmaps must have the shape ({of}, h, w), one heatmap per image; "
            f"received {values.shape}."
        )
    if values.dtype.kind not in "fiub" or not np.isfinite(values).all():
        raise ValueError("heatmaps must be finite numbers; received NaN, infinity or another type.")
    return values.astype("float32")


def resized(heatmaps: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Resize heatmaps (N, h, w) or (N, h, w, C) bilinearly to a height and width."""
    if heatmaps.shape[1:3] == tuple(size):
        return heatmaps
    maps = heatmaps if heatmaps.ndim == 4 else heatmaps[..., None]
    maps = np.array(ops.image.resize(maps, size, "bilinear", data_format="channels_last"))
    return maps if heatmaps.ndim == 4 else maps[..., 0]


def check_masks(masks: np.ndarray, count: int) -> np.ndarray:
    """Check for one mask per image, and return them as booleans, (N, H, W).

    Raises:
        ValueError: If the shape does not fit, values other than 0 and 1 occur, or a mask is empty.
    """
    values = np.asarray(masks)
    if values.ndim != 3 or len(values) != count or 0 in values.shape:
        raise ValueError(
            f"masks must have the shape ({count}, H, W), one mask per heatmap; "
            f"received {values.shape}."
        )
    if values.dtype.kind not in "fiub" or not np.isin(values, (0, 1)).all():
        raise ValueError(
            "masks must be booleans, or 0 and 1, true inside the object; received other values. "
            "Compare labels with a class: labels == klass."
        )
    values = values.astype(bool)
    if not values.any(axis=(1, 2)).all():
        empty = int(np.argmin(values.any(axis=(1, 2))))
        raise ValueError(
            f"masks must each contain at least one pixel; that of image {empty} is empty. Leave "
            "such images out."
        )
    return values


def against_masks(heatmaps: np.ndarray, masks: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Check heatmaps and masks, and resize the heatmaps to the masks: (N, H·W) each."""
    maps = check_heatmaps(heatmaps)
    inside = check_masks(masks, len(maps))
    maps = resized(maps, inside.shape[1:3])
    return maps.reshape(len(maps), -1), inside.reshape(len(maps), -1)


def ranks_of(heatmaps: np.ndarray, shape: tuple) -> np.ndarray:
    """Rank the pixels of images of a shape (N, H, W, C), (N, H, W) int32.

    0 is the most important pixel; ties are broken from the upper left.
    """
    maps = resized(check_heatmaps(heatmaps, shape[0]), shape[1:3])
    order = np.argsort(-maps.reshape(shape[0], -1), axis=1, kind="stable")
    ranks = np.empty(order.shape, "int32")
    np.put_along_axis(ranks, order, np.arange(order.shape[1], dtype="int32")[None], axis=1)
    return ranks.reshape(shape[:3])


def check_method(method: Callable) -> None:
    """Check for a method that can be called.

    Raises:
        TypeError: If it cannot.
    """
    if not callable(method):
        raise TypeError(
            "method must be callable as method(model, images, target), such as grad_cam; "
            f"received {type(method).__name__}."
        )


def maps_by(method: Callable, model: Any, images: Any, target: Any, count: int) -> np.ndarray:
    """Call a method, and return its heatmaps as one array (N, …).

    The result may be an array or contain one as `.attributions`, as that of
    `integrated_gradients`.

    Raises:
        TypeError, ValueError: If the method does not return one heatmap of finite numbers per
            image.
    """
    maps = method(model, images, target)
    maps = getattr(maps, "attributions", maps)
    if isinstance(maps, list | tuple | dict):  # several inputs, or more than heatmaps
        first = next(iter(maps), 0) if isinstance(maps, dict) else 0
        raise TypeError(
            "method must return one array of heatmaps, (N, …); received "
            f"{type(maps).__name__}. Select one: lambda *args: method(*args)[{first!r}]."
        )
    maps = np.asarray(maps)
    if maps.ndim < 2 or len(maps) != count:
        raise ValueError(
            f"method must return one heatmap for each image, ({count}, h, w); "
            f"received {maps.shape}."
        )
    if maps.dtype.kind not in "fiub" or not np.isfinite(maps).all():
        raise ValueError(
            "method must return heatmaps of finite numbers; received NaN, infinity or another type."
        )
    return maps
