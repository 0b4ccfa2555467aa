"""DICOM files, which pydicom reads: their values, and the window that they ask for."""

from dataclasses import dataclass
from typing import Any, BinaryIO

import numpy as np

from .errors import PictureError

START, MAGIC = 128, b"DICM"  # PS3.10, Section 7.1
EXTRA = 'pip install "kerascnn[medical]"'


@dataclass
class Dicom:
    """The values of an image.

    Attributes:
        values: (H, W), after the modality's rescaling, such as Hounsfield units; or (H, W, 3).
        window: the values that become black and white as the file says, or `None`.
        inverted: whether the largest value is black.
        pages: note on further frames, or "".
    """

    values: np.ndarray
    window: tuple[float, float] | None
    inverted: bool
    pages: str


def is_dicom(file: BinaryIO) -> bool:
    """Whether a file is DICOM; it is at its start afterwards."""
    file.seek(START)
    found = file.read(len(MAGIC)) == MAGIC
    file.seek(0)
    return found


def read_dicom(file: BinaryIO) -> Dicom:
    """Read the first image of a DICOM file.

    Raises:
        PictureError: If pydicom is not installed, or the file has no pixels.
    """
    data = _opened(file)
    count = int(data.get("NumberOfFrames", 1) or 1)
    values = np.asarray(data.pixel_array)
    if count > 1:
        values = values[0]
    if values.ndim == 3:  # colors; those of JPEG are converted by pydicom
        if data.PhotometricInterpretation.startswith("YBR"):
            from pydicom.pixels.processing import convert_color_space

            values = convert_color_space(values, data.PhotometricInterpretation, "RGB")
        window, inverted = None, False
    else:
        from pydicom.pixels.processing import apply_modality_lut

        values = np.asarray(apply_modality_lut(values, data))
        window, inverted = _window(data), data.PhotometricInterpretation == "MONOCHROME1"
    pages = f"it contains {count} frames, of which the first is used" if count > 1 else ""
    return Dicom(values, window, inverted, pages)


def size_of_dicom(file: BinaryIO) -> tuple[int, int]:
    """Return the height and width of a DICOM image, from its header.

    Raises:
        PictureError: As for `read_dicom`.
    """
    data = _opened(file, only_check=True)
    return int(data.Rows), int(data.Columns)


def check_dicom(file: BinaryIO) -> None:
    """Check that a DICOM file has an image.

    Raises:
        PictureError: As for `read_dicom`.
    """
    _opened(file, only_check=True)


def _opened(file: BinaryIO, *, only_check: bool = False) -> Any:
    try:
        from pydicom import dcmread
    except ImportError:
        raise PictureError(
            f"it is a DICOM file, for which pydicom must be installed: {EXTRA}"
        ) from None
    file.seek(0)
    data = dcmread(file, stop_before_pixels=only_check)
    if "Rows" not in data or not (only_check or "PixelData" in data):
        raise PictureError("it is a DICOM file without pixels, such as a report or a structure set")
    return data


def _window(data: Any) -> tuple[float, float] | None:
    """Return black and white of the first window, as PS3.3, Section C.11.2.1.2.1 defines them."""
    centres, widths = data.get("WindowCenter"), data.get("WindowWidth")
    if centres in (None, "") or widths in (None, ""):
        return None
    centre, width = (float(np.atleast_1d(x)[0]) for x in (centres, widths))
    if width <= 1:
        return None
    return centre - 0.5 - (width - 1) / 2, centre - 0.5 + (width - 1) / 2
