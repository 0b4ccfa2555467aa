"""Antialiased shapes, contrasting colors and textures for synthetic images."""

from math import cos, pi, radians, sin, sqrt

import numpy as np

from ._synthetic import smooth_noise

# A regular polygon with m corners at distance 1 is the intersection of the half-planes of its m
# edges; the points outside at most one of five half-planes form a star.
STAR_EDGE = cos(radians(72))  # distance of the star's edges from its center
ARM = 0.28  # half the width of the cross's arms
RING = 0.42  # width of the ring


def circle(x, y):
    """Signed distance from the unit circle, negative inside, as for the other shapes."""
    return np.hypot(x, y) - 1


def square(x, y):
    """Signed distance from a square with corners at distance 1."""
    return np.maximum(np.abs(x), np.abs(y)) - sqrt(0.5)


def triangle(x, y):
    """Signed distance from an equilateral triangle with corners at distance 1."""
    return np.maximum.reduce(_edges(x, y, 3)) - 0.5


def star(x, y):
    """Signed distance from a five-pointed star with tips at distance 1."""
    first, *others = _edges(x, y, 5)
    second = np.full_like(first, -np.inf)
    for edge in others:
        second = np.maximum(second, np.minimum(first, edge))
        first = np.maximum(first, edge)
    return second - STAR_EDGE


def cross(x, y):
    """Signed distance from a cross of two bars with corners at distance 1."""
    x, y = np.abs(x), np.abs(y)
    long = sqrt(1 - ARM**2)
    return np.maximum(np.maximum(x, y) - long, np.minimum(x, y) - ARM)


def ring(x, y):
    """Signed distance from a ring with outer radius 1."""
    return np.abs(np.hypot(x, y) - (1 - RING / 2)) - RING / 2


def _edges(x, y, count):
    """Return the projections of points onto the normals of a regular polygon's edges, a list."""
    angles = [pi * (1 + 2 * i) / count for i in range(count)]
    return [x * cos(a) + y * sin(a) for a in angles]


SHAPES = {
    "circle": circle, "square": square, "triangle": triangle,
    "star": star, "cross": cross, "ring": ring,
}  # fmt: skip


def coverage(kinds, centers, radii, angles, size):
    """Compute which fraction of each pixel a shape covers.

    Args:
        kinds: `(N,)` indices into `SHAPES`.
        centers: `(N, 2)` row and column in pixels; the first pixel extends from 0 to 1.
        radii: `(N,)` radius of the circle around each shape, in pixels.
        angles: `(N,)` rotation in radians.
        size: Height and width of the images in pixels.

    Returns:
        `(N, size, size)` float32 in [0, 1].
    """
    centers, radii, angles = (np.asarray(a, np.float32) for a in (centers, radii, angles))
    radii, angles = radii[:, None, None], angles[:, None, None]
    middles = np.arange(size, dtype=np.float32) + 0.5
    y = (middles[:, None] - centers[:, 0, None, None]) / radii
    x = (middles - centers[:, 1, None, None]) / radii
    u = x * np.cos(angles) + y * np.sin(angles)
    v = y * np.cos(angles) - x * np.sin(angles)
    result = np.empty((len(kinds), size, size), np.float32)
    for kind, distance in enumerate(SHAPES.values()):
        (rows,) = np.nonzero(kinds == kind)
        result[rows] = np.clip(0.5 - distance(u[rows], v[rows]) * radii[rows], 0, 1)
    return result


def dull(rng, dark):
    """Draw background colors `(N, 3, 1, 1)`, dark where `dark` `(N,)` is true, else bright."""
    value = np.where(dark, rng.uniform(0.1, 0.35, len(dark)), rng.uniform(0.75, 0.95, len(dark)))
    return rgb(rng.random(len(dark)), rng.uniform(0, 0.45, len(dark)), value)


def vivid(rng, dark):
    """Draw colors `(N, 3, 1, 1)` that contrast with a `dark` `(N,)` or bright background."""
    value = np.where(dark, rng.uniform(0.8, 1, len(dark)), rng.uniform(0.3, 0.5, len(dark)))
    return rgb(rng.random(len(dark)), rng.uniform(0.65, 1, len(dark)), value)


def rgb(hue, saturation, value):
    """Convert HSV in [0, 1], `(N,)` each, to RGB `(N, 3, 1, 1)` float32 (Smith 1978)."""
    k = (6 * hue[:, None] + np.array([5, 3, 1])) % 6
    part = np.clip(np.minimum(k, 4 - k), 0, 1)
    color = value[:, None] * (1 - saturation[:, None] * part)
    return color[:, :, None, None].astype(np.float32)


def textures(rng, count, size, grain):
    """Generate stripes or smooth noise, `(count, 1, size, size)` float32, mostly in [-1, 1]."""
    noise = smooth_noise(rng, count, size, (0.5, grain / 2))
    angle, phase, period = rng.random((3, count, 1, 1), dtype=np.float32)
    angle, phase, period = pi * angle, 2 * pi * phase, grain * (1 + period)
    x = np.arange(size, dtype=np.float32)
    wave = 2 * pi / period * (np.cos(angle) * x + np.sin(angle) * x[:, None]) + phase
    striped = rng.random((count, 1, 1)) < 0.5
    return np.where(striped, np.sin(wave), noise)[:, None]
