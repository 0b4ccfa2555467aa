"""Noise that is the same for all images, so that results do not depend on the batch."""

from collections.abc import Sequence

import numpy as np

from .images import is_kept


def extents(images: np.ndarray) -> np.ndarray:
    """Compute the range of each image, max − min, in a shape that broadcasts to the images."""
    axes = tuple(range(1, images.ndim))
    return np.ptp(images.astype("float32"), axis=axes, keepdims=True)


def noisy(arrays: Sequence[np.ndarray], noise: float, *key: int) -> list[np.ndarray]:
    """Add normal noise to images, with a fraction of each image's range as standard deviation.

    Args:
        arrays: one array (N, …) per input.
        noise: standard deviation, as a fraction of max − min.
        key: whole numbers that determine the noise.
    """
    return [
        in_type_of(x, x + noise * extents(x) * _normal(x.shape[1:], (*key, i)))
        for i, x in enumerate(arrays)
    ]


def in_type_of(images: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Convert values, such as noisy images, to the type of the images, in the same shape.

    Whole numbers are rounded, and stay between those of each image: they would wrap around, and an
    index of a word would be none.
    """
    if is_kept(images):
        axes = tuple(range(1, images.ndim))
        least, most = (f(axis=axes, keepdims=True) for f in (images.min, images.max))
        values = np.minimum(np.maximum(np.round(values), least), most)
    return values.astype(images.dtype)


def _normal(shape: tuple, key: tuple) -> np.ndarray:
    return np.random.default_rng(key).standard_normal(shape, "float32")
