"""Shared by the experiments on explanations: shortcuts that are planted in images."""

import numpy as np

from ._experiment import must

PLACES = ("in place", "elsewhere")
CAST = (1.0, 0.85, 0.6)  # factors of red, green and blue: warm light
SMALLEST = 4  # size of a tag that still shows a letter
HEIGHT, TICKS = 3, 4  # of the ruler, and the distance of its ticks, in pixels


def plant(
    shortcut: str,
    images: np.ndarray,
    where: bool | np.ndarray = True,
    *,
    place: str = "in place",
    tag_size: int = 6,
) -> tuple[np.ndarray, np.ndarray]:
    """Plant a shortcut in some images.

    The tag is a white L on black at the lower left, as on radiographs, or elsewhere at the upper
    right. The ruler lies along the lower or the upper edge, as in photos of skin. The color cast
    is that of warm light and has no place.

    Args:
        shortcut: One of `SHORTCUTS`.
        images: (N, H, W, C) float in [0, 1].
        where: Booleans (N,), which images; `True`: all.
        place: One of `PLACES`.
        tag_size: Height and width of the tag in pixels.

    Returns:
        The images, and where the shortcut is in them, booleans (H, W).
    """
    height, width = images.shape[1:3]
    planted, mask = images.copy(), np.zeros((height, width), bool)
    if shortcut == "color cast":
        planted *= np.array(CAST, images.dtype)
        mask[:] = True
    else:
        patch = tag(tag_size) if shortcut == "tag" else ruler(width)
        rows, columns = patch.shape
        margin = int(shortcut == "tag")
        if place == "in place":
            top, left = height - margin - rows, margin
        else:
            top, left = margin, width - margin - columns
        inside = np.s_[top : top + rows, left : left + columns]
        planted[:, *inside] = patch[..., None]
        mask[inside] = True
    chosen = np.broadcast_to(where, len(images))[:, None, None, None]
    return np.where(chosen, planted, images), mask


def tag(size):
    """Draw a white L on black, (size, size)."""
    patch = np.zeros((size, size), "float32")
    patch[1:-1, 1] = patch[-2, 1:-1] = 1
    return patch


def ruler(length):
    """Draw a white ruler with black ticks, (HEIGHT, length)."""
    patch = np.ones((HEIGHT, length), "float32")
    patch[:-1, ::TICKS] = 0
    return patch


SHORTCUTS = ("tag", "ruler", "color cast")


def check_planting(shortcut, shape, tag_size):
    """Check that a shortcut fits into images of a shape (H, W, C).

    Raises:
        ValueError: If the tag is larger than the image, or gray images cannot have a color cast.
    """
    most = min(shape[:2]) - 2  # with a margin of one pixel
    words = f"from {SMALLEST} to {most}, so that it fits into images of {shape[0]}×{shape[1]}"
    must(SMALLEST <= tag_size <= most, "tag_size", words, tag_size)
    if shortcut == "color cast" and shape[2] != len(CAST):
        raise ValueError(
            "shortcut must not be 'color cast' unless images have red, green and blue; received "
            f"images of {shape[2]} channel(s)."
        )


def given_away(labels, reliability, rng):
    """Choose the images that get the shortcut: a share of class 1, and the rest of class 0.

    Args:
        labels: (N,) zeros and ones.
        reliability: Share of class 1 with the shortcut, and of class 0 without it.
        rng: Random numbers.

    Returns:
        (N,) booleans. The shares are exact up to one image.
    """
    chosen = np.zeros(len(labels), bool)
    for label, share in ((1, reliability), (0, 1 - reliability)):
        rows = rng.permutation(np.flatnonzero(labels == label))
        chosen[rows[: round(share * len(rows))]] = True
    return chosen
