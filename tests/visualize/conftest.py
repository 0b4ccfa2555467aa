"""What the tests of the methods share."""

import pytest


@pytest.fixture
def images(rng):
    """Three that are not square, of two channels."""
    return rng.random((3, 12, 8, 2), "float32")
