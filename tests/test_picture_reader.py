"""One reader for the command line and for data sets: every data type, and never much memory."""

import numpy as np
import pytest
import tifffile
from PIL import Image

from kerascnn._picture_reader import Notes, PictureError, check, read
from kerascnn._pictures import read_picture
from kerascnn.datasets import ImageFiles

RAMP = np.linspace(0, 1, 24).reshape(4, 6)


def both(path, **window):
    """A picture as the command line and as a data set read it, and what the command line says."""
    said = []
    with pytest.warns() if said else np.testing.suppress_warnings() as caught:
        del caught
    raise NotImplementedError
