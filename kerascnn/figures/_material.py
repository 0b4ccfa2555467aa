"""What figures show: the networks and pictures that come with the package."""

from functools import cache

import numpy as np

from kerascnn import datasets

CROPS = 1500
COLOR_PHOTOS = (
    "astronaut", "chelsea", "coffee", "hubble_deep_field", "immunohistochemistry", "retina",
    "rocket",
)  # fmt: skip
GRAY_PHOTOS = ("brick", "camera", "coins", "grass", "gravel", "moon", "page", "text")


@cache
def trained(architecture: str = "lenet5", weights: str = "mnist", **options: object):
    """Build a network with weights of the package, once for all figures.

    A figure must leave it as it is.
    """
    from kerascnn import models

    return models.build(architecture, weights=weights, **options)


def digit_images(*classes: int) -> np.ndarray:
    """Take one test digit of each class, which the network has never seen."""
    images, labels = datasets.load("digits").test
    return np.stack([images[np.flatnonzero(labels == c)[0]] for c in classes])


def photo(name: str, height: int, width: int, part: tuple = (slice(None), slice(None))):
    """Take a photo, or a part of it, in another size: (height, width, 3) float32 in [0, 1]."""
    from skimage.transform import resize

    picture = datasets.photo(name)[part]
    picture = picture if picture.ndim == 3 else np.repeat(picture[..., None], 3, axis=-1)
    return resize(picture, (height, width), anti_aliasing=True).astype(np.float32)


@cache
def crops(size: int) -> np.ndarray:
    """Cut squares of many places and scales out of the photos: (N, size, size, 3) in [0, 1]."""
    rng = np.random.default_rng(0)
    photos = [datasets.photo(name) for name in (*COLOR_PHOTOS, *GRAY_PHOTOS)]
    cut = []
    for nth in range(CROPS):
        picture = photos[nth % len(photos)]
        step = rng.integers(1, 1 + min(6, min(picture.shape[:2]) // size))  # pixels for one
        top, left = (rng.integers(0, n - size * step + 1) for n in picture.shape[:2])
        square = picture[top : top + size * step, left : left + size * step]
        square = square.reshape(size, step, size, step, -1).mean(axis=(1, 3))
        cut.append(np.broadcast_to(square, (size, size, 3)))
    return (np.stack(cut) / 255).astype(np.float32)
