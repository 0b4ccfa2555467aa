"""Noise that is the same for all images, so that results do not depend on the batch."""

from collections.abc import Sequence

import numpy as np


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
        (x + noise * extents(x) * _normal(x.shape[1:], (*key, i))).astype(x.dtype)
        for i, x in enumerate(arrays)
    ]


def _normal(shape: tuple, key: tuple) -> np.ndarray:
    return np.random.default_rng(key).standard_normal(shape, "float32")
