"""Read an image file as an array in [0, 1], or check that it is an image."""

import logging
import math
import re
from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import BinaryIO

import numpy as np
from PIL import ExifTags, Image

from .dicom import check_dicom, is_dicom, read_dicom, size_of_dicom
from .errors import InWords, Notes, PictureError
from .limits import LARGE, check_size, one_large_image, reduced
from .pillow import Stored, labels_of, load, open_image, plain, takes_memory, with_values
from .tiff import Tiff, inspect
from .values import windowed

MODES = {1: "L", 3: "RGB"}  # Pillow's, by number of channels
LUMA = np.array([[0.299], [0.587], [0.114]], np.float32)  # ITU-R BT.601, as Pillow's "L"

TURNS = {  # the transpose that undoes each EXIF orientation
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
SIDEWAYS = (5, 6, 7, 8)  # the orientations that swap height and width

for _library in ("PIL", "tifffile"):  # silence their logs: errors here are one line
    logging.getLogger(_library).addHandler(logging.NullHandler())


@dataclass
class _Decoded:
    """A decoded image: one plane of mode "L" or "RGB", or one plane of mode "F" per channel."""

    planes: list[Image.Image]
    white: int
    orientation: int
    notes: Notes


@InWords()
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
        path: file in a format that Pillow or tifffile supports, or DICOM.
        fit: function that resizes a Pillow image of mode "L", "RGB" or "F".
        channels: 3, or 1 for grayscale.
        at_least: length in pixels of the shorter side that `fit` needs. A very large image is
            first reduced by an integer factor, a JPEG during decoding, but not below this length.
        window: values of the file that become black and white; `None`: as a DICOM file asks to be
            shown, 0 and the maximum of the data type (1 for floats), or percentiles of the
            values if they do not use that range.

    Returns:
        (H, W, channels) float32 in [0, 1], possibly read-only, and notes.

    Raises:
        PictureError: If the file does not exist, is not an image, is damaged, or is too large.
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


@InWords()
def read_labels(path: str | PathLike) -> np.ndarray:
    """Read the values of a mask, upright: (H, W), `bool` for one bit, or (H, W, 3) for colors.

    Unlike `read`, it returns the values in the file, and the indices of a palette.

    Raises:
        PictureError: As for `read`, or if the file contains more than one image.
    """
    with Path(path).open("rb") as file, ExitStack() as alone:
        if is_dicom(file):
            dicom = read_dicom(file, colors=False)
            values, orientation, pages = dicom.values, 1, dicom.pages
        else:
            tiff, found = _stored(file, None, alone, colors=False)
            values, orientation = labels_of(found, tiff.white_is_zero), found.orientation
            pages = tiff.pages
    if pages:
        raise PictureError(f"{re.split('[,;]', pages)[0]}; save the mask by itself")
    values = values.swapaxes(0, 1) if orientation in SIDEWAYS else values
    rows = -1 if orientation in (3, 4, 7, 8) else 1
    columns = -1 if orientation in (2, 3, 6, 7) else 1
    return values[::rows, ::columns]


@InWords()
def size_of(path: str | PathLike) -> tuple[int, int]:
    """Return the height and width of an image file, upright, from its start.

    Raises:
        PictureError: As for `check`, or if the image is too large.
    """
    with Path(path).open("rb") as file:
        if is_dicom(file):
            return size_of_dicom(file)
        tiff = inspect(file)
        if tiff.size is not None:
            (height, width), orientation = tiff.size, tiff.orientation
        else:
            file.seek(0)
            image, orientation = open_image(file), 1
            width, height = image.size
            check_size(image, file, None)  # Pillow may decode a PNG for its orientation
            with suppress(Exception):  # as in `load`
                orientation = image.getexif().get(ExifTags.Base.Orientation, 1)
    return (width, height) if orientation in SIDEWAYS else (height, width)


@InWords()
def check(path: str | PathLike) -> None:
    """Check from the start of a file that it is an image.

    Raises:
        PictureError: If it is not. Damage further into the file is found when it is read.
    """
    with Path(path).open("rb") as file:
        if is_dicom(file):
            check_dicom(file)
            return
        if inspect(file).readable:
            return
        file.seek(0)
        open_image(file)


def _decoded(
    file: BinaryIO,
    channels: int,
    at_least: int | None,
    window: tuple[float, float] | None,
    alone: ExitStack,
) -> _Decoded:
    if is_dicom(file):
        dicom = read_dicom(file)
        notes = Notes(pages=dicom.pages)
        values, window = dicom.values, window or dicom.window
        if window is None and dicom.shown is not None:
            values, window = dicom.shown, (0.0, 1.0)
        scaled = windowed(values, window, dicom.inverted, notes)
        return _Decoded([reduced(plane, at_least) for plane in scaled], 1, 1, notes)
    tiff, found = _stored(file, at_least, alone)
    notes = Notes(pages=tiff.pages)
    if found.image is not None:
        if window is None:
            image = plain(found.image, MODES[channels], at_least)
            return _Decoded([image], 255, found.orientation, notes)
        found = with_values(found, tiff.white_is_zero, at_least)
    assert found.values is not None
    scaled = windowed(
        found.values, window, tiff.white_is_zero, notes,
        opacity=found.opacity, premultiplied=found.premultiplied, largest=found.largest,
    )  # fmt: skip
    planes = [reduced(plane, at_least) for plane in scaled]
    return _Decoded(planes, 1, found.orientation, notes)


def _stored(
    file: BinaryIO, at_least: int | None, alone: ExitStack, *, colors: bool = True
) -> tuple[Tiff, Stored]:
    """Decode a file that is not DICOM; `colors` is false for the indices of a palette."""
    tiff = inspect(file, alone, colors=colors)
    if tiff.problem:
        raise PictureError(tiff.problem)
    if tiff.values is not None:
        return tiff, Stored(tiff.values, None, tiff.orientation, tiff.opacity, tiff.premultiplied)
    file.seek(0)
    image = open_image(file, unknown=tiff.kind)
    check_size(image, file, at_least, heavy=takes_memory(image))
    if math.prod(image.size) > LARGE and not tiff.readable:
        alone.enter_context(one_large_image)
    return tiff, load(image, file, tiff.dtype)
