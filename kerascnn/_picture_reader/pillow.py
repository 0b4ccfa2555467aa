"""Images that Pillow reads."""

import struct
from contextlib import suppress
from typing import Any, BinaryIO

import numpy as np
from PIL import Image

from .errors import PictureError
from .limits import reduced


def open_image(file: BinaryIO, unknown: str = "unknown file format") -> Image.Image:
    """Open an image like `Image.open`, but without its size limit, which `check_size` refines.

    EPS files are skipped: they are programs, which Pillow would run in Ghostscript.
    """
    Image.init()
    start = file.read(16)
    for kind in Image.ID:
        if kind == "EPS":
            continue
        factory, accept = Image.OPEN[kind]
        with suppress(SyntaxError, IndexError, TypeError, struct.error):
            accepted = accept is None or accept(start)
            if accepted and not isinstance(accepted, str):
                file.seek(0)
                return factory(file, "")  # not by name: memory mapping would break rotated TIFFs
    raise PictureError(unknown)


def numbers_of(image: Image.Image, dtype: np.dtype | None) -> np.ndarray | None:
    """Return the values of an image, in the file's data type, unless they are 8-bit unsigned."""
    if image.mode == "RGB" and dtype == np.uint16:  # of which Pillow keeps the upper eight bits
        return np.asarray(image) * np.uint16(257)
    wide = image.mode == "F" or image.mode.startswith("I")
    if not (wide or dtype == np.int8):  # Pillow reads int8 as unsigned
        return None
    values = np.asarray(image)
    if image.mode == "I" and image.format in ("PNG", "PPM"):
        return values.astype(np.uint16)  # 16-bit values, which some versions of Pillow widen
    if dtype is not None and dtype.kind in "iu" and dtype.itemsize == values.dtype.itemsize:
        return values.astype(values.dtype.newbyteorder("=")).view(dtype.newbyteorder("="))
    return values


def clear_color(image: Image.Image) -> int | tuple[int, ...] | None:
    """Return the value or color of 16 bits that is transparent in a PNG; `None` if there is none.

    Pillow compares it with 8-bit values. The image must not be decoded yet.
    """
    tiles: Any = getattr(image, "tile", None)
    deep = image.format == "PNG" and bool(tiles) and str(tiles[0][3]).endswith(";16B")
    return image.info.get("transparency") if deep else None


def opacity_by(color: int | tuple[int, ...], image: Image.Image, file: BinaryIO) -> np.ndarray:
    """Return (H, W), 0 where a decoded PNG of 16 bits has a color, and 1 elsewhere."""
    values = np.atleast_3d(np.asarray(image))
    if image.mode == "RGB":  # the upper eight bits; the lower ones come first in the other order
        file.seek(0)
        lower: Any = open_image(file)
        lower.tile = [(*tile[:3], "RGB;16L") for tile in lower.tile]
        values = values * np.uint16(256) + np.asarray(lower)
    return (values != color).any(axis=-1).astype(np.float32)


def plain(image: Image.Image, mode: str, at_least: int | None) -> Image.Image:
    """Convert an image to grayscale or RGB on a white background, and reduce it."""
    if image.has_transparency_data:
        image = reduced(image.convert("RGBA"), at_least)
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    elif image.mode in ("1", "P"):  # whose values cannot be averaged
        image = image.convert("L" if image.mode == "1" else "RGB")
    return reduced(image, at_least).convert(mode)
