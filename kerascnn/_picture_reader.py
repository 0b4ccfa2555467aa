"""Read image files, for the command line and for data sets.

Photos have eight bits per channel, which Pillow reads. Medical and scientific images have 16 or 32
bits, signed integers or floats, mostly in TIFFs: tifffile reads those that Pillow does not. Their
range is that of the data type or, if this would show nothing, a window of their values.
"""

import logging
import math
import struct
from collections.abc import Callable, Iterator
from contextlib import ContextDecorator, ExitStack, suppress
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, BinaryIO

import numpy as np
from PIL import ExifTags, Image

if TYPE_CHECKING:
    from tifffile import TiffPage

MODES = {1: "L", 3: "RGB"}  # Pillow's, by number of channels
LUMA = np.float32([[0.299], [0.587], [0.114]])  # ITU-R BT.601, as Pillow's "L"

# Decoding takes up to 8 bytes per pixel, or 16 for formats whose decoders keep several copies.
MOST_PIXELS = 2**27
MOST_OF_HEAVY = 2**26
HEAVY = ("WEBP", "AVIF", "JPEG2000")
MOST_BYTES = 2**29  # of decoded values
JPEG = ("JPEG", "MPO")
ENOUGH = 2**24  # pixels to return at most; larger images are reduced first
LARGE = 2**23  # images with more pixels are decoded one at a time, even with several threads

_large = Lock()

PERCENTILES = (0.5, 99.5)  # as nnU-Net clips CT: Isensee et al. 2021
DARK = 4  # if no value exceeds 1 / DARK of the data type's range, it is not the image's range
ROUNDING = 1e-3  # by which floats may exceed [0, 1]
SAMPLE = 2**20  # number of values for the percentiles
ROWS = 256  # rows scaled at a time

TIFF = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
SEPARATE = 2  # value of the tag PlanarConfiguration
RAW, PACKED = 1, (8, 32946)  # values of the tag Compression that tifffile itself decodes
DEFLATE = 1032  # largest compression ratio of these
# Values of the tags PhotometricInterpretation and ExtraSamples.
WHITE_IS_ZERO, BLACK_IS_ZERO, RGB, CMYK = 0, 1, 2, 5
PREMULTIPLIED, ALPHA = 1, 2

TURNS = {  # the transpose that undoes each EXIF orientation
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}

for _library in ("PIL", "tifffile"):  # silence their logs: errors here are one line
    logging.getLogger(_library).addHandler(logging.NullHandler())


class PictureError(Exception):
    """A file cannot be read; the message says why in a few words."""


@dataclass
class Notes:
    """Warnings about how an image was read; "" if there are none.

    Attributes:
        window: the range of its values is unknown, or they use little of it.
        numbers: some of its values are not finite.
        pages: the file contains more images than the one that was read.
    """

    window: str = ""
    numbers: str = ""
    pages: str = ""


@dataclass
class _Decoded:
    """A decoded image: one plane of mode "L" or "RGB", or one plane of mode "F" per channel."""

    planes: list[Image.Image]
    white: int
    orientation: int
    notes: Notes


class _InWords(ContextDecorator):
    """Convert any exception that a library raises for a damaged file to a `PictureError`."""

    def __enter__(self) -> None:
        pass

    def __exit__(self, _kind: object, error: BaseException | None, _traceback: object) -> None:
        if isinstance(error, MemoryError):
            raise PictureError("it does not fit in memory") from None
        if isinstance(error, Exception) and not isinstance(error, PictureError):
            said = getattr(error, "strerror", None) or str(error)
            reason = " ".join(said.split()).rstrip(".")[:200] or type(error).__name__
            raise PictureError(reason) from None


@_InWords()
def read(
    path: str | PathLike,
    fit: Callable[[Image.Image], Image.Image] = lambda image: image,
    *,
    channels: int = 3,
    at_least: int | None = None,
    window: tuple[float, float] | None = None,
) -> tuple[np.ndarray, Notes]:
    """Read the first image of a file, upright, with transparent areas in white.

    Args:
        path: file in a format that Pillow or tifffile supports.
        fit: function that resizes a Pillow image of mode "L", "RGB" or "F".
        channels: 3, or 1 for grayscale.
        at_least: length in pixels of the shorter side that `fit` needs. A very large image is
            first reduced by an integer factor, a JPEG during decoding, but not below this length.
        window: values of the file that become black and white; `None`: 0 and the maximum of the
            data type (1 for floats), or percentiles of the values if they do not use that range.

    Returns:
        (H, W, channels) float32 in [0, 1], possibly read-only, and notes.

    Raises:
        PictureError: if the file does not exist, is not an image, is damaged, or is too large.
    """
    with Path(path).open("rb") as file, ExitStack() as alone:
        decoded = _decoded(file, channels, at_least, window, alone)
    turn, planes = TURNS.get(decoded.orientation), []
    while decoded.planes:  # one at a time, since they may be large
        plane = decoded.planes.pop(0)
        plane = fit(plane if turn is None else plane.transpose(turn))
        planes.append(np.atleast_3d(np.asarray(plane, np.float32)))
    values = planes[0] if len(planes) == 1 else np.concatenate(planes, axis=-1)
    # Bicubic and Lanczos resampling overshoot the range; 8-bit values are clipped already.
    values = np.clip(values, 0, 1) if decoded.white == 1 else values / np.float32(decoded.white)
    if values.shape[-1] > channels:
        values = values @ LUMA
    return np.broadcast_to(values, (*values.shape[:2], channels)), decoded.notes


@_InWords()
def check(path: str | PathLike) -> None:
    """Check from the start of a file that it is an image.

    Raises:
        PictureError: if it is not. Damage further into the file is found when it is read.
    """
    with Path(path).open("rb") as file:
        if _tiff(file).readable:
            return
        file.seek(0)
        _opened(file)


def _decoded(
    file: BinaryIO,
    channels: int,
    at_least: int | None,
    window: tuple[float, float] | None,
    alone: ExitStack,
) -> _Decoded:
    tiff = _tiff(file, alone)
    if tiff.problem:
        raise PictureError(tiff.problem)
    numbers, orientation, inverted = tiff.values, tiff.orientation, tiff.white_is_zero
    opacity = tiff.opacity
    if numbers is None:
        file.seek(0)
        image = _opened(file, unknown=tiff.kind)
        _check_size(image, file, at_least)
        if math.prod(image.size) > LARGE and not tiff.readable:
            alone.enter_context(_large)
        image.load()
        orientation = 1
        with suppress(Exception):  # damaged EXIF data; the image itself may be intact
            orientation = image.getexif().get(ExifTags.Base.Orientation, 1)
        numbers = _numbers(image, tiff.dtype)
        if numbers is None:
            image = _plain(image, MODES[channels], at_least)
            if window is None:
                return _Decoded([image], 255, orientation, Notes(pages=tiff.pages))
            numbers, inverted = np.asarray(image), False  # Pillow has inverted them already
    notes = Notes(pages=tiff.pages)
    scaled = _windowed(numbers, window, inverted, notes)
    if opacity is not None:
        scaled = (_on_white(channel, opacity, tiff.premultiplied) for channel in scaled)
    planes = [_reduced(Image.fromarray(channel), at_least) for channel in scaled]
    return _Decoded(planes, 1, orientation, notes)


# -- Pillow -------------------------------------------------------------------------------------


def _opened(file: BinaryIO, unknown: str = "unknown file format") -> Image.Image:
    """Open an image like `Image.open`, but without its size limit, which `_check_size` refines.

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
                return factory(file)  # not by name: memory mapping would break rotated TIFFs
    raise PictureError(unknown)


def _check_size(image: Image.Image, file: BinaryIO, at_least: int | None) -> None:
    """Reject images that need too much memory before decoding; reduce large JPEGs."""
    most = MOST_OF_HEAVY if image.format in HEAVY else MOST_PIXELS
    width, height = image.size
    if image.format in JPEG and (width * height <= most or _is_of_one_scan(image, file)):
        wanted = min(width, height) // _factor(image.size, at_least)
        image.draft(None, (min(wanted, at_least or wanted),) * 2)
    if math.prod(image.size) > most:
        raise PictureError(_too_large((width, height), most))


def _too_large(size: tuple[int, int], most: float) -> str:
    return (
        f"it has {'x'.join(map(str, size))} pixels, more than the {most / 1e6:.0f} million that "
        "can be decoded in this format; make it smaller"
    )


def _is_of_one_scan(image: Image.Image, file: BinaryIO) -> bool:
    """Whether a JPEG is decoded row by row; otherwise all coefficients are kept in memory."""
    file.seek(0)
    return "progressive" not in image.info and file.read().count(b"\xff\xda") == 1


def _factor(size: tuple[int, int], at_least: int | None) -> int:
    """Compute the integer factor by which an image is reduced."""
    factor = math.ceil(math.sqrt(math.prod(size) / ENOUGH))
    return max(1, factor if at_least is None else min(factor, min(size) // at_least))


def _reduced(image: Image.Image, at_least: int | None) -> Image.Image:
    factor = _factor(image.size, at_least)
    return image if factor == 1 else image.reduce(factor)


def _numbers(image: Image.Image, dtype: np.dtype | None) -> np.ndarray | None:
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


def _plain(image: Image.Image, mode: str, at_least: int | None) -> Image.Image:
    """Convert an image to grayscale or RGB on a white background, and reduce it."""
    if image.has_transparency_data:
        image = _reduced(image.convert("RGBA"), at_least)
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    elif image.mode in ("1", "P"):  # whose values cannot be averaged
        image = image.convert("L" if image.mode == "1" else "RGB")
    return _reduced(image, at_least).convert(mode)


# -- tifffile -----------------------------------------------------------------------------------


@dataclass
class _Tiff:
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


def _tiff(file: BinaryIO, alone: ExitStack | None = None) -> _Tiff:
    """Inspect a file with tifffile. What it cannot read is left to Pillow.

    Values are only read if `alone`, which holds the lock for large images, is given.
    """
    found = _Tiff()
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
        names = ", ".join(str(getattr(tag, "name", tag)) for tag in tags)
        found.kind = f"unsupported TIFF ({page.dtype}, {samples}, {names})"
        with suppress(Exception):
            if not tiff.pages[1].is_reduced:  # otherwise a thumbnail
                found.pages = "it has more than one page; only the first is read"
        if found.readable and page.nbytes > MOST_BYTES:
            most = MOST_BYTES / page.nbytes * page.imagewidth * page.imagelength
            found.problem = _too_large((page.imagewidth, page.imagelength), most)
        elif found.readable and alone is not None:
            if page.size > LARGE:
                alone.enter_context(_large)
            values = page.asarray(maxworkers=1)
            values = np.moveaxis(values, 0, -1) if page.axes == "SYX" else values
            if _is_transparent(page):
                found.premultiplied = page.extrasamples[-1] == PREMULTIPLIED
                found.opacity, values = _opacity(values[..., -1]), values[..., :-1]
                values = values[..., 0] if values.shape[-1] == 1 else values
            found.values = values
        elif not found.readable and _is_misread(page):
            found.problem = found.kind
    return found


def _is_for_tifffile(page: "TiffPage") -> bool:
    """Whether a page has a data type that Pillow does not support, and needs little memory."""
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
    """Whether Pillow reads a page wrongly: as 8-bit values, or as RGB, where planes are apart."""
    apart = page.planarconfig == SEPARATE and page.samplesperpixel > 1
    return apart and not (page.dtype == np.uint8 and page.photometric in (RGB, CMYK))


def _opacity(alpha: np.ndarray) -> np.ndarray:
    """Scale an alpha channel to [0, 1], by its data type."""
    largest = 1 if alpha.dtype.kind == "f" else np.iinfo(alpha.dtype).max
    return np.nan_to_num(np.clip(alpha.astype(np.float32) / np.float32(largest), 0, 1))


def _on_white(channel: np.ndarray, opacity: np.ndarray, premultiplied: bool) -> np.ndarray:
    if premultiplied:
        return np.minimum(channel + (1 - opacity), 1)
    return 1 - opacity * (1 - channel)


# -- values to [0, 1] ---------------------------------------------------------------------------


def _windowed(
    values: np.ndarray,
    window: tuple[float, float] | None,
    inverted: bool,
    notes: Notes,
) -> Iterator[np.ndarray]:
    """Scale the values of an image, (H, W) or (H, W, 3), to [0, 1]; yield (H, W) per channel."""
    number = np.isfinite(values)
    count = int(number.sum())
    if count == 0:
        raise PictureError("it has no finite values")
    low, high = window or _window(values, number, notes)
    if count < values.size:
        notes.numbers = (
            f"{values.size - count:,} of its {values.size:,} values are not finite; NaN is shown "
            "in black, infinities as the ends of the range"
        )
    del number
    for channel in np.moveaxis(np.atleast_3d(values), -1, 0):
        with np.errstate(all="ignore"):
            scaled = np.empty(channel.shape, np.float32)
            for start in range(0, len(scaled), ROWS):  # in float64, a few rows at a time
                rows = channel[start : start + ROWS].astype(np.float64)
                rows = np.clip((rows - low) / (high - low), 0, 1)
                scaled[start : start + ROWS] = 1 - rows if inverted else rows
        yield np.nan_to_num(scaled, copy=False)


def _window(values: np.ndarray, number: np.ndarray, notes: Notes) -> tuple[float, float]:
    """Find the values for black and white; add a note if the data type does not define them."""
    kind, name = values.dtype.kind, values.dtype.name
    if kind == "f":
        low = float(values.min(where=number, initial=math.inf))
        high, largest = float(values.max(where=number, initial=-math.inf)), 1.0
    else:
        low, high = float(values.min()), float(values.max())
        largest = float(np.iinfo(values.dtype).max) if kind == "u" else None
    why = "have an unknown range"
    if largest is not None and low >= -ROUNDING and high <= largest + ROUNDING:
        if high > largest / DARK or high == low:
            return 0.0, largest
        why = "use little of their range"
    few = values.reshape(-1)[:: -(-values.size // SAMPLE)]
    few = few[np.isfinite(few)].astype(np.float64)
    black, white = np.percentile(few, PERCENTILES) if few.size else (low, high)
    if black == white:
        black, white = low, max(high, low + 1)
    notes.window = (
        f"its {name} values, {low:.6g} to {high:.6g}, {why}; "
        f"{black:.6g} is shown in black and {white:.6g} in white"
    )
    return float(black), float(white)
