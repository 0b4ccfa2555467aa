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
WHITE_IS_ZERO, BLACK_IS_ZERO, RGB, PALETTE, CMYK = 0, 1, 2, 3, 5
GRAY = (WHITE_IS_ZERO, BLACK_IS_ZERO)
UNSPECIFIED, PREMULTIPLIED, ALPHA = 0, 1, 2


@dataclass
class Tiff:
    """What tifffile knows about a file, and its values if Pillow does not read them correctly."""

    readable: bool = False
    size: tuple[int, int] | None = None  # height and width, before it is turned
    values: np.ndarray | None = None  # (H, W) or (H, W, 3)
    opacity: np.ndarray | None = None  # (H, W), in [0, 1]
    premultiplied: bool = False
    dtype: np.dtype | None = None
    orientation: int = 1
    white_is_zero: bool = False
    pages: str = ""
    problem: str = ""
    kind: str = "unknown file format"


def inspect(file: BinaryIO, alone: ExitStack | None = None, *, colors: bool = True) -> Tiff:
    """Inspect a file with tifffile. What it cannot read is left to Pillow.

    Values are only read if `alone`, which holds the lock for large images, is given. Those of a
    palette are its colors, or the indices if `colors` is false.
    """
    found = Tiff()
    if file.read(4) not in TIFF:
        return found
    from tifffile import TiffFile

    file.seek(0)
    with suppress(Exception), TiffFile(file) as tiff:
        page = tiff.pages.first
        found.dtype = page.dtype
        found.size = page.imagelength, page.imagewidth
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
        if page.photometric in GRAY and page.extrasamples == (UNSPECIFIED,):
            found.pages = "it has 2 samples per pixel; only the first is read"
        is_palette = page.photometric == PALETTE
        count = page.nbytes * (3 if is_palette else 1)
        if found.readable and count > MOST_BYTES:
            most = MOST_BYTES / count * page.imagewidth * page.imagelength
            found.problem = too_large((page.imagewidth, page.imagelength), most)
        elif found.readable and alone is not None:
            if page.size > LARGE:
                alone.enter_context(one_large_image)
            values = page.asarray(maxworkers=1)
            values = np.moveaxis(values, 0, -1) if page.axes == "SYX" else values
            if _is_transparent(page):
                found.premultiplied = page.extrasamples == (PREMULTIPLIED,)
                found.opacity = opacity_of(values[..., -1])
            if _has_more(page):
                values = values[..., 0] if page.samplesperpixel == 2 else values[..., :-1]
            if is_palette and colors:
                values = np.moveaxis(np.asarray(page.colormap)[:, values], 0, -1)
            found.values = values
        elif not found.readable and _is_misread(page):
            found.problem = found.kind
    return found


def _is_for_tifffile(page: "TiffPage") -> bool:
    """Return whether Pillow does not support the data type of a page that needs little memory."""
    if page.dtype is None or page.dtype.kind not in "iuf" or page.dtype == np.uint8:
        return False
    if page.photometric == PALETTE:
        table = page.colormap
        if page.dtype != np.uint16 or table is None or table.shape != (3, 2**16):
            return False
    elif page.photometric not in (*GRAY, RGB):
        return False  # a mosaic, or another color space
    if page.axes not in ("YX", "YXS", "SYX"):
        return False
    if page.samplesperpixel - _has_more(page) != (3 if page.photometric == RGB else 1):
        return False
    parts, pixels = math.prod(page.chunked), math.prod(page.chunks)
    if parts != len(page.databytecounts) or not parts * pixels <= MOST_PIXELS:
        return False  # damaged: strips or tiles are missing or larger than the page
    # A compressed segment of a damaged or malicious file can be far larger than it should be.
    largest = max(page.databytecounts) * DEFLATE
    return page.compression == RAW or (page.compression in PACKED and largest <= MOST_BYTES)


def _has_more(page: "TiffPage") -> bool:
    """Return whether pixels have a sample besides gray or RGB: the opacity, or something unknown.

    Some programs do not say that the fourth sample is the opacity.
    """
    samples = (page.photometric == RGB, page.samplesperpixel)
    return len(page.extrasamples) == 1 or (samples == (True, 4) and not page.extrasamples)


def _is_transparent(page: "TiffPage") -> bool:
    return _has_more(page) and page.extrasamples != (UNSPECIFIED,)


def _is_misread(page: "TiffPage") -> bool:
    """Return whether Pillow misreads a page with separate planes: as 8-bit values or as RGB."""
    apart = page.planarconfig == SEPARATE and page.samplesperpixel > 1
    return apart and not (page.dtype == np.uint8 and page.photometric in (RGB, CMYK))
