"""Read image files, for the command line and for data sets.

Photos have eight bits per channel, which Pillow reads. Medical and scientific images have 16 or 32
bits, signed integers or floats, mostly in TIFFs: tifffile reads those that Pillow does not, and
pydicom, where it is installed, DICOM. Their range is that of the data type or, if this would show
nothing, a window of their values.
"""

from .arrays import as_picture
from .errors import Notes, PictureError
from .reader import LUMA, MODES, check, read, read_labels, size_of

__all__ = [
    "LUMA", "MODES", "Notes", "PictureError", "as_picture", "check", "read", "read_labels",
    "size_of",
]  # fmt: skip
