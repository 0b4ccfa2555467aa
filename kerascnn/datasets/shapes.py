"""Synthetic images of a single shape, with random colors, rotation and textures."""

from functools import partial

import numpy as np

from kerascnn._checks import check_count, check_number

from . import _drawing, _synthetic
from ._dataset import Dataset

CLASS_NAMES = tuple(_drawing.SHAPES)
BLOCK = 10 * len(CLASS_NAMES)  # number of images generated at once, the same for each class
RADIUS = (0.25, 0.42)  # of the circle around a shape, as a fraction of the image size
GRAIN = 6  # approximate number of waves of a texture in an image


def load(
    *,
    data_dir=None,
    count: int = 5000,
    size: int = 32,
    noise: float = 0.03,
    texture: float = 0.15,
    seed: int = 0,
) -> Dataset:
    """Generate images of circles, squares, triangles, stars, crosses and rings.

    Position, size, rotation, colors and textures are random and independent of the class. Shapes
    are completely inside the image. The same seed produces the same scenes for any noise and
    texture.

    Args:
        data_dir: Ignored, since the images are generated.
        count: Number of training images; there are a fifth as many for validation and for testing.
        size: Height and width in pixels, at least 8.
        noise: Standard deviation of the noise of each pixel.
        texture: Strength of the textures, from 0 to 1; 0 means uniform colors.
        seed: Random seed, a non-negative integer.

    Returns:
        A `Dataset` with images `(N, size, size, 3)` and labels `(N,)`.

    Raises:
        ValueError: If an option is out of range.

    >>> load(count=10)
    <Dataset 'shapes': 10 train, 2 validation, 2 test; 32x32x3, 6 classes>
    """
    draw = partial(
        _draw,
        size=check_count("size", size, 8),
        noise=check_number("noise", noise),
        texture=check_number("texture", texture, high=1),
    )
    return _synthetic.dataset("shapes", draw, count=count, seed=seed, class_names=CLASS_NAMES)


def _draw(rng, size, noise, texture):
    """Generate one block of images and their labels."""
    labels = rng.permutation(np.arange(BLOCK) % len(CLASS_NAMES))
    radii = rng.uniform(*RADIUS, BLOCK) * size
    centers = size / 2 + rng.uniform(-1, 1, (BLOCK, 2)) * (size / 2 - radii[:, None])
    angles = rng.uniform(0, 2 * np.pi, BLOCK)
    shape = _drawing.coverage(labels, centers, radii, angles, size)[:, None]
    dark = rng.random(BLOCK) < 0.5
    images = _textured(rng, _drawing.dull(rng, dark), size, texture)
    images += shape * (_textured(rng, _drawing.vivid(rng, dark), size, texture) - images)
    images += noise * rng.standard_normal(images.shape, dtype=np.float32)
    return np.clip(images, 0, 1, out=images).transpose(0, 2, 3, 1), labels


def _textured(rng, colors, size, texture):
    """Add texture to colors `(N, 3, 1, 1)`, `(N, 3, size, size)`; channels first is faster."""
    return colors * (1 + texture * _drawing.textures(rng, len(colors), size, size / GRAIN))
