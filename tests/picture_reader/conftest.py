import warnings

import numpy as np
import pytest

from kerascnn.cli._pictures import read_picture
from kerascnn.datasets import ImageFiles


@pytest.fixture(scope="session")
def both():
    """The function that reads a picture by the command line and by a data set."""

    def read(path, **options):
        """The grey of a picture as the command line and as a data set read it, and what is said."""
        said = []
        picture = read_picture(path, say=said.append, **options)
        height, width, _ = picture.shape
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            image = ImageFiles([path], image_size=(height, width), **options)[0]
        np.testing.assert_allclose(image, picture, atol=1e-6)
        assert len(caught) == len(said)
        np.testing.assert_array_equal(picture[..., 0], picture[..., 2])
        return picture[..., 0], " ".join(said)

    return read
