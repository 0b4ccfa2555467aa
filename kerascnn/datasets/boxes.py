"""Synthetic scenes of several shapes, with bounding boxes for detection."""

from functools import partial

import numpy as np

from kerascnn._checks import check_count, check_number

from . import _drawing, _synthetic
from ._dataset import Dataset

CLASS_NAMES = tuple(_drawing.SHAPES)
BLOCK = 16  # number of images generated at once
RADIUS = (0.07, 0.19)  # of the circle around a shape, as a fraction of the image size
GRAIN = 8  # approximate number of waves of a texture in an image
TRIES = 30  # places tried for an object before it is left out
NOTHING = -1  # the class in rows of the labels without an object


def load(
    *,
    data_dir=None,
    count: int = 500,
    size: int = 112,
    objects: int = 5,
    noise: float = 0.03,
    texture: float = 0.15,
    seed: int = 0,
) -> Dataset:
    """Generate scenes of circles, squares, triangles, stars, crosses and rings with their boxes.

    Each scene has between one and `objects` shapes, which neither overlap nor leave the image. The
    same seed produces the same scenes for any noise and texture.

    Each row of the labels is an object, `class, x, y, width, height`: the class index, then the
    center and the size of its box as fractions of the image size, from 0 to 1. The box is the
    smallest one that contains all pixels covered at least half by the shape. Unused rows come last
    and are `-1, 0, 0, 0, 0`.

    Args:
        data_dir: Ignored, since the images are generated.
        count: Number of training images; there are a fifth as many for validation and for testing.
        size: Height and width in pixels, at least 48.
        objects: Maximum number of objects in an image.
        noise: Standard deviation of the noise of each pixel.
        texture: Strength of the textures, from 0 to 1; 0 means uniform colors.
        seed: Random seed, a non-negative integer.

    Returns:
        A `Dataset` with images `(N, size, size, 3)` and labels `(N, objects, 5)` float32.

    Raises:
        ValueError: If an option is out of range.

    >>> scenes = load(count=10)
    >>> scenes
    <Dataset 'boxes': 10 train, 2 validation, 2 test; 112x112x3, labels 5x5, 6 classes>
    >>> kind, x, y, width, height = scenes.train[1][0, 0]
    >>> scenes.class_names[int(kind)]
    'circle'
    """
    draw = partial(
        _draw,
        size=check_count("size", size, 48),
        objects=check_count("objects", objects, 1),
        noise=check_number("noise", noise),
        texture=check_number("texture", texture, high=1),
    )
    return _synthetic.dataset("boxes", draw, count=count, seed=seed, class_names=CLASS_NAMES)


def _draw(rng, size, objects, noise, texture):
    """Generate one block of images and their labels."""
    radii = rng.uniform(*RADIUS, (BLOCK, objects)) * size
    centers, there = _places(rng, radii, size)
    kinds = rng.integers(len(CLASS_NAMES), size=there.sum())
    scene, _ = np.nonzero(there)  # the image of each object
    radii, centers = radii[there], centers[there]

    side = int(np.ceil(2 * RADIUS[1] * size)) + 2  # of a patch that can contain any object
    corners = np.clip(np.floor(centers - side / 2), 0, size - side).astype(int)
    angles = rng.uniform(0, 2 * np.pi, len(kinds))
    covered = _drawing.coverage(kinds, centers - corners, radii, angles, side)
    dark = rng.random(BLOCK) < 0.5
    images = _textured(rng, _drawing.dull(rng, dark), size, size, texture)
    painted = _textured(rng, _drawing.vivid(rng, dark[scene]), side, size, texture)
    for i, (top, left), part, color in zip(scene, corners, covered, painted, strict=True):
        patch = images[i, :, top : top + side, left : left + side]
        patch += part * (color - patch)
    images += noise * rng.standard_normal(images.shape, dtype=np.float32)

    labels = np.zeros((*there.shape, 5), np.float32)
    labels[..., 0] = NOTHING
    labels[there] = np.column_stack([kinds, _boxes(covered >= 0.5, corners) / size])
    order = np.argsort(~there, axis=1, kind="stable")  # empty rows last
    labels = np.take_along_axis(labels, order[..., None], axis=1)
    return np.clip(images, 0, 1, out=images).transpose(0, 2, 3, 1), labels


def _places(rng, radii, size):
    """Place objects, `(N, objects, 2)`; also return which of them exist, `(N, objects)`."""
    count, objects = radii.shape
    centers = np.zeros((count, objects, 2))
    there = np.arange(objects) < rng.integers(1, objects, (count, 1), endpoint=True)
    for j, radius in enumerate(radii.T):
        room = (size - 2 * radius)[:, None, None]
        tries = radius[:, None, None] + room * rng.random((count, TRIES, 2))
        others = np.where(there[:, :j], radii[:, :j], -np.inf)
        centers[:, j], fits = _synthetic.first_fit(tries, radius, centers[:, :j], others)
        there[:, j] &= fits
    return centers, there


def _boxes(covered, corners):
    """Compute boxes x, y, width, height in pixels around the covered pixels of `(n, h, w)`."""
    sides = []
    for axis, corner in zip((1, 2), corners.T[::-1], strict=True):  # columns, then rows
        line = covered.any(axis=axis)
        first, last = line.argmax(axis=1), line.shape[1] - line[:, ::-1].argmax(axis=1)
        sides.append((corner + (first + last) / 2, last - first))
    (x, width), (y, height) = sides
    return np.column_stack([x, y, width, height])


def _textured(rng, colors, side, size, texture):
    """Add texture to colors `(N, 3, 1, 1)`, `(N, 3, side, side)`; channels first is faster."""
    return colors * (1 + texture * _drawing.textures(rng, len(colors), side, size / GRAIN))
