"""Read an image file as an array in [0, 1], or check that it is an image."""

import logging
import math
from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import BinaryIO

import numpy as np
from PIL import ExifTags, Image

from .dicom import check_dicom, is_dicom, read_dicom
from .errors import InWords, Notes, PictureError
from .limits import LARGE, check_size, one_large_image, reduced
from .pillow import clear_color, numbers_of, opacity_by, open_image, plain
from .tiff import inspect
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
        window: values of the file that become black and white; `None`: those that a DICOM file
            asks for, 0 and the maximum of the data type (1 for floats), or percentiles of the
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
        scaled = windowed(dicom.values, window or dicom.window, dicom.inverted, notes)
        return _Decoded([reduced(plane, at_least) for plane in scaled], 1, 1, notes)
    tiff = inspect(file, alone)
    if tiff.problem:
        raise PictureError(tiff.problem)
    numbers, orientation, inverted = tiff.values, tiff.orientation, tiff.white_is_zero
    opacity = tiff.opacity
    if numbers is None:
        file.seek(0)
        image = open_image(file, unknown=tiff.kind)
        check_size(image, file, at_least)
        if math.prod(image.size) > LARGE and not tiff.readable:
            alone.enter_context(one_large_image)
        color = clear_color(image)
        image.load()
        orientation = 1
        with suppress(Exception):  # damaged EXIF data; the image itself may be intact
            orientation = image.getexif().get(ExifTags.Base.Orientation, 1)
        numbers = numbers_of(image, tiff.dtype)
        if color is not None:
            opacity = opacity_by(color, image, file)
        if numbers is None:
            if opacity is not None:
                image.putalpha(Image.fromarray(np.uint8(255 * opacity)))
                opacity = None
            image = plain(image, MODES[channels], at_least)
            if window is None:
                return _Decoded([image], 255, orientation, Notes(pages=tiff.pages))
            numbers, inverted = np.asarray(image), False  # Pillow has inverted them already
        del image
    notes = Notes(pages=tiff.pages)
    scaled = windowed(
        numbers, window, inverted, notes, opacity=opacity, premultiplied=tiff.premultiplied
    )
    planes = [reduced(plane, at_least) for plane in scaled]
    return _Decoded(planes, 1, orientation, notes)
