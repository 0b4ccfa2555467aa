"""Images that Pillow reads."""

import re
import struct
import sys
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, BinaryIO

import numpy as np
from PIL import ExifTags, Image

from .errors import PictureError
from .limits import reduced
from .values import opacity_of

# Contents of which Pillow decodes the upper eight bits: names of channels, and order of the bytes.
DEEP = re.compile("(LA|RGB|RGBX|RGBA|RGBa);16[BLN]")
FULL = 2**16 - 1  # to which Pillow scales values of 9 to 16 bits
CONVERT = "convert it to a TIFF in gray or RGB"


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


@dataclass
class Stored:
    """A decoded image, and its values as they are in the file.

    Attributes:
        values: (H, W) or (H, W, 3); `None`: those of `image`, of eight bits or fewer.
        image: `None` if there are `values`.
        orientation: that of EXIF.
        opacity: (H, W), in [0, 1]; `None`: opaque, or that of `image`.
        premultiplied: whether the values have been multiplied by the opacity.
        largest: the value of white; `None`: the largest of the data type.
        shortened: whether `image` contains eight bits of 16.
    """

    values: np.ndarray | None
    image: Image.Image | None = None
    orientation: int = 1
    opacity: np.ndarray | None = None
    premultiplied: bool = False
    largest: int | None = None
    shortened: bool = False


def takes_memory(image: Image.Image) -> bool:
    """Return whether `load` needs more memory than Pillow for an image, not decoded yet."""
    return DEEP.fullmatch(_contents(image)) is not None or (_largest_of_pnm(image) or 0) > 255


def load(image: Image.Image, file: BinaryIO, dtype: np.dtype | None) -> Stored:
    """Decode an image that has been opened; `dtype` is the data type of a TIFF."""
    contents, clear = _contents(image), image.info.get("transparency")
    largest, full = _largest_of_pnm(image), FULL  # Pillow scales the former to the latter
    if image.format == "JPEG2000" and (bits := _bits_of_jpeg_2000(file)) > 8:
        if image.mode != "I;16" or bits > 16:  # Pillow shows white in black
            raise PictureError(f"colors of {bits} bits cannot be read from JPEG 2000; {CONVERT}")
        largest = 2**bits - 1
        full = largest << 16 - bits
    if DEEP.fullmatch(contents):
        found, image = _sixteen_bits(contents, file)
    else:
        image.load()
        found = Stored(_wide(image, dtype, largest))
    with suppress(Exception):  # damaged EXIF data; the image itself may be intact
        found.orientation = image.getexif().get(ExifTags.Base.Orientation, 1)
    found.largest, found.shortened = largest, re.search(";16[BLN]$", contents) is not None
    if found.values is None:
        found.image = image
    elif largest is not None:
        found.values = _unscaled(found.values, largest, full)
    elif image.format == "PNG" and clear is not None:  # Pillow compares it with 8-bit values
        other = np.atleast_3d(found.values) != clear
        found.opacity = other.any(axis=-1).astype(np.float32)
    return found


def with_values(found: Stored, inverted: bool, at_least: int | None) -> Stored:
    """Return an image of eight bits or fewer, reduced, with its values from 0 to 255 of the file.

    Args:
        found: the decoded image.
        inverted: whether Pillow has inverted the values.
        at_least: as for `reduced`.
    """
    assert found.image is not None
    if found.shortened:
        raise PictureError(f"{found.image.mode} of 16 bits cannot be read with a window; {CONVERT}")
    image, opacity = _opened_up(found.image), None
    if image.has_transparency_data:
        image = reduced(image.convert("RGBA"), at_least)
        opacity = np.asarray(image.getchannel("A")) / np.float32(255)
    image = reduced(image.convert("L" if image.mode in ("1", "L") else "RGB"), at_least)
    values = np.asarray(image)
    values = ~values if inverted else values
    if found.largest is not None:
        values = _unscaled(values, found.largest, 255)
    return Stored(values, None, found.orientation, opacity, largest=found.largest)


def labels_of(found: Stored, inverted: bool) -> np.ndarray:
    """Return the values of a mask as in the file: indices of a palette, `bool` for one bit.

    Of a GIF, they are colors, since programs leave out those that do not occur in an image.
    """
    image = found.image
    if image is None:
        return np.asarray(found.values)
    if image.mode in ("LA", "La", "PA"):
        image = image.getchannel(0)
    elif image.format == "GIF" or image.mode not in ("1", "L", "P", "RGBA"):
        image = image.convert("RGB")
    values = np.asarray(image)
    values = values[..., :3] if values.ndim == 3 else values
    return ~values if inverted else values


def _contents(image: Image.Image) -> str:
    """Return what an image that is not decoded yet contains, in Pillow's words: "RGB;16B"."""
    tiles: Any = getattr(image, "tile", None)
    arguments = tiles[0][3] if tiles else ""
    return str(arguments[0] if isinstance(arguments, tuple) and arguments else arguments)


def _largest_of_pnm(image: Image.Image) -> int | None:
    """Return the value of white in a PGM or PPM, not decoded yet, that Pillow scales."""
    tiles: Any = getattr(image, "tile", None)
    if not tiles or tiles[0][0] not in ("ppm", "ppm_plain") or image.mode == "1":
        return None
    largest = tiles[0][3][-1]
    return None if largest == 255 else largest


def _bits_of_jpeg_2000(file: BinaryIO) -> int:
    """Return the largest number of bits of a channel: Part 1, Section A.5.1."""
    file.seek(0)
    _, _, size = file.read().partition(b"\xff\x4f\xff\x51")  # the markers SOC and SIZ
    channels = int.from_bytes(size[36:38], "big")
    return max(((depth & 0x7F) + 1 for depth in size[38 : 38 + 3 * channels : 3]), default=8)


def _sixteen_bits(contents: str, file: BinaryIO) -> tuple[Stored, Image.Image]:
    """Return the values of an image, and the image; see `DEEP`."""
    kind, order = contents.split(";16")
    if kind == "LA":  # in a PNG: Pillow may take the four bytes of a pixel for four channels
        image = _opened_as("RGBA", file)
        pairs = np.asarray(image)
        values = pairs[..., ::2] * np.uint16(256) + pairs[..., 1::2]
    else:
        plain = kind.replace("a", "A")  # otherwise, Pillow divides by the opacity
        big = order == "B" or (order == "N" and sys.byteorder == "big")
        upper, lower = "BL" if big else "LB"  # the lower bits come first in the other order
        values = np.asarray(_opened_as(f"{plain};16{upper}", file)) * np.uint16(256)
        image = _opened_as(f"{plain};16{lower}", file)
        values += np.asarray(image)
    opacity = None
    if kind in ("LA", "RGBA", "RGBa"):
        values, opacity = values[..., :-1], opacity_of(values[..., -1])
    values = values[..., 0] if kind == "LA" else values[..., :3]
    return Stored(values, opacity=opacity, premultiplied=kind == "RGBa"), image


def _opened_as(contents: str, file: BinaryIO) -> Image.Image:
    """Open an image again, to be decoded as if it contained something else."""
    file.seek(0)
    image: Any = open_image(file)
    tiles = []
    for tile in image.tile:
        arguments = contents if isinstance(tile[3], str) else (contents, *tile[3][1:])
        tiles.append(getattr(tile, "_make", tuple)((*tile[:3], arguments)))
    image.tile = tiles
    image.load()
    return image


def _wide(image: Image.Image, dtype: np.dtype | None, largest: int | None) -> np.ndarray | None:
    """Return the values of a decoded image, unless they are unsigned and of eight bits."""
    if image.mode == "RGB" and (largest or 0) > 255:  # a PPM, of which eight bits are left
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


def _unscaled(values: np.ndarray, largest: int, full: int) -> np.ndarray:
    """Undo that Pillow has scaled values from 0…largest to 0…full, and rounded them."""
    scaled = values.astype(np.uint32) * np.uint32(largest) + np.uint32(full // 2)
    return (scaled // np.uint32(full)).astype(np.uint16)


def plain(image: Image.Image, mode: str, at_least: int | None) -> Image.Image:
    """Convert an image to grayscale or RGB on a white background, and reduce it."""
    image = _opened_up(image)
    if image.has_transparency_data:
        image = reduced(image.convert("RGBA"), at_least)
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    elif image.mode in ("1", "P"):  # whose values cannot be averaged
        image = image.convert("L" if image.mode == "1" else "RGB")
    return reduced(image, at_least).convert(mode)


def _opened_up(image: Image.Image) -> Image.Image:
    """Divide gray by its opacity; Pillow converts such images to nothing else."""
    return image.convert("LA") if image.mode == "La" else image
