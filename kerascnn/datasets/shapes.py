"""Made pictures of one shape each: coloured, turned and textured, on a textured ground."""

from functools import partial

import numpy as np

from kerascnn._checks import check_count, check_number

from . import _drawing, _synthetic
from ._dataset import Dataset

CLASS_NAMES = tuple(_drawing.SHAPES)
BLOCK = 10 * len(CLASS_NAMES)  # images that are drawn at once, as many of each class
RADIUS = (0.25, 0.42)  # of the circle around a shape, in image sizes
GRAIN = 6  # of the textures: about so many of their waves in an image


def load(
    *,
    data_dir=None,
    count: int = 5000,
    size: int = 32,
    noise: float = 0.03,
    texture: float = 0.15,
    seed: int = 0,
) -> Dataset:
    """Make pictures of circles, squares, triangles, stars, crosses and rings.

    Place, size, direction, colours and texture are random and say nothing about the class. The
    shape lies within the image. The same seed gives the same scenes with any noise and texture.

    Args:
        data_dir: Not needed: the images are made here.
        count: Training images; validation and test hold a fifth as many each.
        size: Height and width in pixels, at least 8.
        noise: Standard deviation of the noise of each pixel.
        texture: How strong the textures are; 0 gives flat colours.
        seed: A whole number from 0 on.

    Returns:
        A `Dataset` with images `(N, size, size, 3)` and labels `(N,)`.

    Raises:
        ValueError: An option out of its range.

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
    """One block of images and their labels."""
    labels = rng.permutation(np.arange(BLOCK) % len(CLASS_NAMES))
    radii = rng.uniform(*RADIUS, BLOCK) * size
    centres = size / 2 + rng.uniform(-1, 1, (BLOCK, 2)) * (size / 2 - radii[:, None])
    angles = rng.uniform(0, 2 * np.pi, BLOCK)
    shape = _drawing.coverage(labels, centres, radii, angles, size)[:, None]
    dark = rng.random(BLOCK) < 0.5
    images = _textured(rng, _drawing.dull(rng, dark), size, texture)
    images += shape * (_textured(rng, _drawing.vivid(rng, dark), size, texture) - images)
    images += noise * rng.standard_normal(images.shape, dtype=np.float32)
    return np.clip(images, 0, 1, out=images).transpose(0, 2, 3, 1), labels


def _textured(rng, colours, size, texture):
    """Colours `(N, 3, 1, 1)` spread over pictures `(N, 3, size, size)`: NumPy is faster so."""
    return colours * (1 + texture * _drawing.textures(rng, len(colours), size, size / GRAIN))
