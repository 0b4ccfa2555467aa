"""What the tests of the methods share."""

import keras
import pytest


@pytest.fixture(autouse=True)
def seed():
    """Models begin with the same weights in every run."""
    keras.utils.set_random_seed(0)


@pytest.fixture
def images(rng):
    """Three that are not square, of two channels."""
    return rng.random((3, 12, 8, 2), "float32")
