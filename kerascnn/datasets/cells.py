"""Synthetic microscope images of touching cells, with masks for segmentation."""

from functools import partial

import numpy as np
from scipy import fft, ndimage

from kerascnn._checks import check_count, check_number
from kerascnn._errors import unknown

from . import _synthetic
from ._dataset import Dataset

CLASS_NAMES = {  # by type of labels
    "cells": ("background", "cell"),
    "borders": ("background", "cell", "border"),
    "instances": ("background", "cell"),
}
BLOCK = 4  # number of images generated at once
AREA = 500  # number of pixels per cell that is attempted
TRIES = 12  # places tried for a cell before it is left out
BESIDE = 0.8  # fraction of the places that are next to another cell, …
OVERLAP = 0.85  # … at this fraction of the sum of their radii; no two cells are closer
RADIUS = (7.0, 12.0)  # of a cell, in pixels
WAVES = {2: 0.2, 3: 0.09, 4: 0.05}  # deviation of outlines from a circle: period, largest amplitude
REACH = int(RADIUS[1] * (1 + sum(WAVES.values()))) + 1  # of the largest cell
NEIGHBORS = (  # all pairs of adjacent pixels in `(N, H, W)`, including diagonals
    (np.s_[:, 1:], np.s_[:, :-1]),
    (np.s_[:, :, 1:], np.s_[:, :, :-1]),
    (np.s_[:, 1:, 1:], np.s_[:, :-1, :-1]),
    (np.s_[:, 1:, :-1], np.s_[:, :-1, 1:]),
)
FRAGMENT = 20  # pixels; smaller pieces of a cell, cut off by its neighbors, become background

# The microscope, with lengths in pixels.
STAIN = (0.5, 1.0)  # brightness of a cell
CYTOPLASM, NUCLEUS = 0.55, 0.3  # brightness of a cell, and what its nucleus adds …
NUCLEUS_DEPTH = 5.0  # … from this depth below the outline
GRAINS = ((0.09, 0.9), (0.07, 3.0))  # strength and size
OPTICS = ((0.8, 0.8), (0.3, 9.0))  # fractions of the light and their blur: in focus, and haze
GLOW = 0.08  # brightness of the background
UNEVEN = 0.2  # standard deviation of the illumination
MIDDLE = 0.5  # the brightness that the option `noise` refers to


def load(
    *,
    data_dir=None,
    count: int = 200,
    size: int = 128,
    labels: str = "cells",
    noise: float = 0.03,
    seed: int = 0,
) -> Dataset:
    """Generate images like those of a fluorescence microscope: grainy cells, many of which touch.

    The illumination is uneven, some of the light is out of focus, and bright pixels are noisier
    than dark ones. Where cells touch, the pixels at the contact belong to neither cell, so that
    each connected component of a mask is one cell. The same seed produces the same cells for any
    noise and labels.

    Args:
        data_dir: Ignored, since the images are generated.
        count: Number of training images; there are a fifth as many for validation and for testing.
        size: Height and width in pixels, at least 48; larger images contain more cells.
        labels: Contents of the masks. `"cells"`: 0 for background, 1 for cells; `"borders"`: also 2
            where cells touch; `"instances"`: the number of the cell, starting from 1 in each image,
            for example for `kerascnn.datasets.weight_map`.
        noise: Standard deviation of the noise of a pixel of medium brightness.
        seed: Random seed, a non-negative integer.

    Returns:
        A `Dataset` with images `(N, size, size, 1)` and masks `(N, size, size)` int32.

    Raises:
        ValueError: If an option is out of range.

    >>> load(count=10)
    <Dataset 'cells': 10 train, 2 validation, 2 test; 128x128x1, labels 128x128, 2 classes>
    """
    if labels not in CLASS_NAMES:
        raise unknown("labels", labels, CLASS_NAMES)
    draw = partial(
        _draw,
        size=check_count("size", size, 48),
        labels=labels,
        noise=check_number("noise", noise),
    )
    names = CLASS_NAMES[labels]
    return _synthetic.dataset("cells", draw, count=count, seed=seed, class_names=names)


def _draw(rng, size, labels, noise):
    """Generate one block of images and their masks."""
    depth, clearance, nearest = _outlines(rng, *_places(rng, size), size)
    instances, border = _separated(np.where(depth > 0, nearest, 0))
    images = _photograph(rng, depth, clearance, nearest, noise)
    if labels == "instances":
        return images, instances
    masks = (instances > 0).astype(np.int32)
    if labels == "borders":
        masks[border] = 2
    return images, masks


def _places(rng, size):
    """Choose radii `(N, n)`, minus infinity for no cell, and centers `(N, n, 2)`."""
    n = round(size**2 / AREA)
    wanted = rng.integers(n // 3, n, BLOCK, endpoint=True)
    radii = rng.uniform(*RADIUS, (BLOCK, n))
    anywhere = rng.uniform(0, size, (n, BLOCK, TRIES, 2))
    beside = rng.random((n, BLOCK, TRIES)) < BESIDE
    others = rng.integers(np.maximum(np.arange(n), 1)[:, None, None], size=beside.shape)
    angles = rng.uniform(0, 2 * np.pi, beside.shape)
    directions = np.stack([np.sin(angles), np.cos(angles)], axis=-1)
    centers = np.zeros((BLOCK, n, 2))
    image = np.arange(BLOCK)[:, None]
    near = 0.999 * OVERLAP  # tolerance for cells that are placed exactly at this distance
    for j, radius in enumerate(radii.T):
        apart = OVERLAP * (radius[:, None] + radii[image, others[j]])
        use = (beside[j] & (apart > 0) & (j > 0))[..., None]
        places = centers[image, others[j]] + np.where(use, apart[..., None], 0) * directions[j]
        centers[:, j], fits = _synthetic.first_fit(
            np.where(use, places, anywhere[j]), near * radius, centers[:, :j], near * radii[:, :j]
        )
        inside = ((centers[:, j] >= 0) & (centers[:, j] < size)).all(axis=1)
        radii[~(fits & inside & (j < wanted)), j] = -np.inf
    return radii, centers


def _outlines(rng, radii, centers, size):
    """Draw the outlines of the cells, circles with waves, each in its own patch.

    Returns:
        For each pixel of `(N, size, size)`: its depth in the nearest cell, in pixels and negative
        outside; the difference from its depth in the second nearest cell; and the index of the
        nearest cell in the block, starting from 1, or 0 where no cell is near.
    """
    image, _ = there = np.nonzero(radii > 0)
    radii, centers = radii[there].astype(np.float32), centers[there]
    corners = np.floor(centers).astype(int) - REACH
    side = 2 * REACH + 1
    first = (corners - centers + 0.5).astype(np.float32)  # center of a patch's first pixel
    y, x = (first[:, i, None] + np.arange(side, dtype=np.float32) for i in (0, 1))
    z = x[:, None, :] + 1j * y[:, :, None]
    distance = np.abs(z)
    z *= 1 / np.maximum(distance, 1e-3)  # on the unit circle
    outline, power = np.ones_like(distance), z.copy()
    for period in range(2, max(WAVES) + 1):
        power *= z
        wave = rng.uniform(0, WAVES[period], len(z)) * np.exp(2j * np.pi * rng.random(len(z)))
        outline += (wave.astype(np.complex64)[:, None, None] * power).real
    depths = radii[:, None, None] * outline - distance

    field = size + 2 * REACH + 1  # with a margin for cells that extend beyond the image
    depth = np.full((BLOCK, field, field), -2 * REACH, np.float32)
    second = depth.copy()
    nearest = np.zeros(depth.shape, np.int32)
    for k, (top, left) in enumerate(corners + REACH):
        patch, window = depths[k], np.s_[image[k], top : top + side, left : left + side]
        np.copyto(nearest[window], k + 1, where=patch > depth[window])
        np.maximum(second[window], np.minimum(depth[window], patch), out=second[window])
        np.maximum(depth[window], patch, out=depth[window])
    inner = np.s_[:, REACH : REACH + size, REACH : REACH + size]
    return depth[inner], depth[inner] - second[inner], nearest[inner]


def _separated(cells):
    """Number the cells of each image, starting from 1, without the pixels where they touch.

    Returns:
        The numbers and a mask of the pixels where cells touch, both `(N, size, size)`.
    """
    border = np.zeros(cells.shape, bool)
    for one, other in NEIGHBORS:
        touch = (cells[one] > 0) & (cells[other] > 0) & (cells[one] != cells[other])
        border[one] |= touch
        border[other] |= touch
    instances = np.zeros_like(cells)
    for own, mask in zip(instances, (cells > 0) & ~border, strict=True):
        parts, _ = ndimage.label(mask, np.ones((3, 3)))
        kept = np.bincount(parts.ravel()) >= FRAGMENT
        kept[0] = False
        own[:] = (np.cumsum(kept) * kept)[parts]
    return instances, border


def _photograph(rng, depth, clearance, nearest, noise):
    """Stain, illuminate and photograph the cells; return images `(N, size, size, 1)`."""
    size = depth.shape[1]
    stain = np.append(0, rng.uniform(*STAIN, nearest.max())).astype(np.float32)
    body = CYTOPLASM + NUCLEUS / (1 + np.exp((NUCLEUS_DEPTH - depth) / 0.6))
    body += _synthetic.smooth_noise(rng, BLOCK, size, *GRAINS)
    body /= 1 + np.exp(-depth / 0.6)  # half of it at the outline, …
    body *= 1 - 0.45 * np.exp(-((clearance / 2.2) ** 2))  # … and less where cells touch
    images = stain[nearest] * body

    passed = 0
    for part, spread in OPTICS:
        low = _synthetic.low_pass(size, spread)
        passed += part * np.outer(low, low)
    images = GLOW + fft.idctn(passed * fft.dctn(images, axes=(1, 2)), axes=(1, 2))
    light = 1 + _synthetic.smooth_noise(rng, BLOCK, size, (UNEVEN, size / 4))
    images *= np.clip(light, 0.5, 1.4)
    # The variance of the number of photons equals its mean.
    grain = rng.standard_normal(images.shape, dtype=np.float32)
    images += noise * np.sqrt(np.maximum(images, 0) / MIDDLE) * grain
    return np.clip(images, 0, 1)[..., None]
