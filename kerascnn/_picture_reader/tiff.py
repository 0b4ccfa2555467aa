"""TIFFs of 16 or 32 bits, signed integers and floats, which tifffile reads and Pillow does not."""

import math
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np

from .limits import LARGE, MOST_BYTES, MOST_PIXELS, one_large_image, too_large
from .values import opacity_of

if TYPE_CHECKING:
    from tifffile import TiffPage

TIFF = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
SEPARATE = 2  # value of the tag PlanarConfiguration
RAW, PACKED = 1, (8, 32946)  # values of the tag Compression that tifffile itself decodes
DEFLATE = 1032  # largest compression ratio of these
# Values of the tags PhotometricInterpretation and ExtraSamples.
WHITE_IS_ZERO, BLACK_IS_ZERO, RGB, CMYK = 0, 1, 2, 5
PREMULTIPLIED, ALPHA = 1, 2


@dataclass
class Tiff:
    """What tifffile knows about a file, and its values if Pillow does not read them correctly."""

    readable: bool = False
    values: np.ndarray | None = None  # (H, W) or (H, W, 3)
    opacity: np.ndarray | None = None  # (H, W), in [0, 1]
    premultiplied: bool = False
    dtype: np.dtype | None = None
    orientation: int = 1
    white_is_zero: bool = False
    pages: str = ""
    problem: str = ""
    kind: str = "unknown file format"


def inspect(file: BinaryIO, alone: ExitStack | None = None) -> Tiff:
    """Inspect a file with tifffile. What it cannot read is left to Pillow.

    Values are only read if `alone`, which holds the lock for large images, is given.
    """
    found = Tiff()
    if file.read(4) not in TIFF:
        return found
    from tifffile import TiffFile

    file.seek(0)
    with suppress(Exception), TiffFile(file) as tiff:
        page = tiff.pages.first
        found.dtype = page.dtype
        found.readable = _is_for_tifffile(page)
        found.white_is_zero = page.photometric == WHITE_IS_ZERO
        found.orientation = page.tags.valueof("Orientation", 1)
        samples = f"{page.samplesperpixel} sample(s) per pixel"
        tags = (page.photometric, page.compression, page.planarconfig)
        names = ", ".join(getattr(tag, "name", "unknown") for tag in tags)
        found.kind = f"unsupported TIFF ({page.dtype}, {samples}, {names})"
        with suppress(Exception):
            second: Any = tiff.pages[1]
            if not second.is_reduced:  # otherwise a thumbnail
                found.pages = "it has more than one page; only the first is read"
        if page.imagedepth > 1:
            found.pages = f"it has {page.imagedepth} slices in one page; only the first is read"
        if found.readable and page.nbytes > MOST_BYTES:
            most = MOST_BYTES / page.nbytes * page.imagewidth * page.imagelength
            found.problem = too_large((page.imagewidth, page.imagelength), most)
        elif found.readable and alone is not None:
            if page.size > LARGE:
                alone.enter_context(one_large_image)
            values = page.asarray(maxworkers=1)
            values = np.moveaxis(values, 0, -1) if page.axes == "SYX" else values
            if _is_transparent(page):
                found.premultiplied = page.extrasamples[-1] == PREMULTIPLIED
                found.opacity, values = opacity_of(values[..., -1]), values[..., :-1]
                values = values[..., 0] if values.shape[-1] == 1 else values
            found.values = values
        elif not found.readable and _is_misread(page):
            found.problem = found.kind
    return found


def _is_for_tifffile(page: "TiffPage") -> bool:
    """Return whether Pillow does not support the data type of a page that needs little memory."""
    if page.dtype is None or page.dtype.kind not in "iuf" or page.dtype == np.uint8:
        return False
    if page.photometric not in (WHITE_IS_ZERO, BLACK_IS_ZERO, RGB):
        return False  # a palette, a mosaic, or another color space
    if page.axes not in ("YX", "YXS", "SYX"):
        return False
    if page.samplesperpixel - _is_transparent(page) not in (1, 3):
        return False
    parts, pixels = math.prod(page.chunked), math.prod(page.chunks)
    if parts != len(page.databytecounts) or not parts * pixels <= MOST_PIXELS:
        return False  # damaged: strips or tiles are missing or larger than the page
    # A compressed segment of a damaged or malicious file can be far larger than it should be.
    largest = max(page.databytecounts) * DEFLATE
    return page.compression == RAW or (page.compression in PACKED and largest <= MOST_BYTES)


def _is_transparent(page: "TiffPage") -> bool:
    return page.extrasamples[-1:] in ((PREMULTIPLIED,), (ALPHA,))


def _is_misread(page: "TiffPage") -> bool:
    """Return whether Pillow misreads a page with separate planes: as 8-bit values or as RGB."""
    apart = page.planarconfig == SEPARATE and page.samplesperpixel > 1
    return apart and not (page.dtype == np.uint8 and page.photometric in (RGB, CMYK))
