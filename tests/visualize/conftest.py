"""What the tests of the methods share."""

import keras
import pytest


@pytest.fixture
def images(rng):
    """Three that are not square, of two channels."""
    return rng.random((3, 12, 8, 2), "float32")


@pytest.fixture
def model(shared):
    """The model that a module shares, and with it what is compiled; its weights are put back."""
    weights = shared.get_weights()
    yield shared
    shared.set_weights(weights)


@pytest.fixture
def fresh(shared):
    """A copy of the model that a module shares, for which nothing is compiled yet."""
    copy = keras.models.clone_model(shared)
    copy.set_weights(shared.get_weights())
    return copy
