"""DICOM files, which pydicom reads: their values, and how they ask to be shown."""

from dataclasses import dataclass
from typing import Any, BinaryIO

import numpy as np

from .errors import PictureError

START, MAGIC = 128, b"DICM"  # PS3.10, Section 7.1
CONVERT = "convert it to PNG or TIFF"
EXTRA = 'pip install "kerascnn[medical]"'


@dataclass
class Dicom:
    """The values of an image.

    Attributes:
        values: (H, W), after the modality's rescaling, such as Hounsfield units; or (H, W, 3).
        shown: (H, W) in [0, 1], the values as a table or curve of the file shows them, or `None`.
        window: the values that become black and white as the file says, or `None`.
        inverted: whether the largest value is black.
        pages: note on further frames, or "".
    """

    values: np.ndarray
    shown: np.ndarray | None
    window: tuple[float, float] | None
    inverted: bool
    pages: str


def is_dicom(file: BinaryIO) -> bool:
    """Whether a file is DICOM; it is at its start afterwards."""
    file.seek(START)
    found = file.read(len(MAGIC)) == MAGIC
    file.seek(0)
    return found


def read_dicom(file: BinaryIO, *, colors: bool = True) -> Dicom:
    """Read the first image of a DICOM file; `colors` is false for the indices of a palette.

    Raises:
        PictureError: If pydicom is not installed, or the file has no pixels.
    """
    data = _opened(file)
    _use_first_frame(data)
    count = int(data.get("NumberOfFrames", 1) or 1)
    values = np.asarray(data.pixel_array)
    if count > 1:
        values = values[0]
    shown, window, inverted = None, None, False
    if values.ndim == 3:  # colors; those of JPEG are converted by pydicom
        if data.PhotometricInterpretation.startswith("YBR"):
            from pydicom.pixels.processing import convert_color_space

            values = convert_color_space(values, data.PhotometricInterpretation, "RGB")
    elif data.PhotometricInterpretation == "PALETTE COLOR":
        if colors:
            values = _palette_colors(values, data)
            window = (0, int(np.iinfo(values.dtype).max))
    else:
        from pydicom.pixels.processing import apply_modality_lut

        values = np.asarray(apply_modality_lut(values, data))
        shown, window = _voi(values, data)
        inverted = data.PhotometricInterpretation == "MONOCHROME1"
    pages = f"it contains {count} frames, of which the first is used" if count > 1 else ""
    return Dicom(values, shown, window, inverted, pages)


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


def _use_first_frame(data: Any) -> None:
    """Give a file the rescaling and window of its first frame: PS3.3, Section C.7.6.16.

    Enhanced images have them in sequences, for all frames or for each.
    """
    for groups in ("SharedFunctionalGroupsSequence", "PerFrameFunctionalGroupsSequence"):
        for group in (data.get(groups) or [])[:1]:
            for name in ("PixelValueTransformationSequence", "FrameVOILUTSequence"):
                for item in (group.get(name) or [])[:1]:
                    data.update(item)


def _palette_colors(indices: np.ndarray, data: Any) -> np.ndarray:
    """Replace the indices of a palette with its colors, (H, W, 3)."""
    from pydicom.pixels.processing import apply_color_lut

    entries, _, bits = data.RedPaletteColorLookupTableDescriptor
    colors = apply_color_lut(indices, data)[..., :3]
    if colors.dtype == np.uint8 and (entries or 2**16) > 256:  # pydicom's indices overflow
        raise PictureError(f"its palette has {entries or 2**16} colors of 8 bits; {CONVERT}")
    if bits == 8 and colors.max() < 256:  # of which each may take two bytes
        return colors.astype(np.uint8)
    return colors


def _voi(values: np.ndarray, data: Any) -> tuple[np.ndarray | None, tuple[float, float] | None]:
    """Return what the first table or curve of a file shows, in [0, 1], or its window.

    PS3.3, Section C.11.2; if there is both, the table.
    """
    if tables := data.get("VOILUTSequence"):
        return _by_table(values, tables[0], data), None
    centres, widths = data.get("WindowCenter"), data.get("WindowWidth")
    if centres in (None, "") or widths in (None, ""):
        return None, None
    centre, width = (float(np.atleast_1d(x)[0]) for x in (centres, widths))
    function = str(data.get("VOILUTFunction") or "LINEAR").upper()
    if function == "LINEAR":
        centre, width = centre - 0.5, width - 1
    if not width > 0:
        return None, None
    if function == "SIGMOID":
        with np.errstate(over="ignore"):
            return 1 / (1 + np.exp(-4 * (values - centre) / width)), None
    return None, (centre - width / 2, centre + width / 2)


def _by_table(values: np.ndarray, table: Any, data: Any) -> np.ndarray:
    entries, first, bits = table.LUTDescriptor
    entries = entries or 2**16
    if first >= 2**15 and values.min() < 0:  # a negative number that was read as unsigned
        first -= 2**16
    levels = table.LUTData
    if isinstance(levels, bytes):
        order = "<" if data.file_meta.TransferSyntaxUID.is_little_endian else ">"
        levels = np.frombuffer(levels, "u1" if len(levels) < 2 * entries else f"{order}u2")
    levels = np.atleast_1d(levels)[:entries] / (2**bits - 1)
    return levels[np.clip(np.rint(values) - first, 0, len(levels) - 1).astype(int)]
