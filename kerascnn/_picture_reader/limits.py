"""Limits on the number of pixels and on large images decoded at the same time."""

import math
from threading import Lock
from typing import BinaryIO

from PIL import Image

from .errors import PictureError

# Decoding takes up to 8 bytes per pixel, or 16 for formats whose decoders keep several copies.
MOST_PIXELS = 2**27
MOST_OF_HEAVY = 2**26
HEAVY = ("WEBP", "AVIF", "JPEG2000")
MOST_BYTES = 2**29  # of decoded values
JPEG = ("JPEG", "MPO")
ENOUGH = 2**24  # pixels to return at most; larger images are reduced first
MOST_LEFT = 2**26  # pixels left at most by this
LARGE = 2**23  # images with more pixels are decoded one at a time, even with several threads

one_large_image = Lock()  # held while a large image is decoded


def check_size(
    image: Image.Image, file: BinaryIO, at_least: int | None, *, heavy: bool = False
) -> None:
    """Reject images that need too much memory before decoding; reduce large JPEGs.

    `heavy` is for images that need much even if their format does not.
    """
    most = MOST_OF_HEAVY if heavy or image.format in HEAVY else MOST_PIXELS
    width, height = image.size
    if image.format in JPEG and (width * height <= most or _is_of_one_scan(image, file)):
        wanted = min(width, height) // _factor(image.size, at_least)
        side = min(wanted, at_least or wanted)
        image.draft(None, (side, side))
    if math.prod(image.size) > most:
        raise PictureError(too_large((width, height), most))
    # Very narrow images cannot be reduced as much.
    if math.prod(image.size) > MOST_LEFT * _factor(image.size, at_least) ** 2:
        raise PictureError(too_large((width, height), MOST_LEFT))


def too_large(size: tuple[int, int], most: float) -> str:
    """Return the message for an image with too many pixels to decode."""
    return (
        f"it has {'x'.join(map(str, size))} pixels, more than the {most / 1e6:.0f} million that "
        "can be decoded in this format; make it smaller"
    )


def _is_of_one_scan(image: Image.Image, file: BinaryIO) -> bool:
    """Return whether a JPEG is decoded row by row, not with all coefficients in memory."""
    file.seek(0)
    return "progressive" not in image.info and file.read().count(b"\xff\xda") == 1


def _factor(size: tuple[int, int], at_least: int | None) -> int:
    """Compute the integer factor by which an image is reduced."""
    factor = math.ceil(math.sqrt(math.prod(size) / ENOUGH))
    return max(1, factor if at_least is None else min(factor, min(size) // at_least))


def reduced(image: Image.Image, at_least: int | None) -> Image.Image:
    """Reduce a very large image by an integer factor."""
    factor = _factor(image.size, at_least)
    return image if factor == 1 else image.reduce(factor)
