"""What the tests of the methods share."""

import keras
import pytest
from keras import layers


def _small_net(shape, *, classes=3, activation="relu"):
    return keras.Sequential(
        [
            keras.Input(shape),
            layers.Conv2D(4, 3, activation=activation, kernel_initializer="he_normal", name="conv"),
            layers.Flatten(),
            layers.Dense(classes, activation="softmax", kernel_initializer="he_normal"),
        ]
    )


@pytest.fixture(scope="session")
def small_net():
    """The function that builds a convolution and a softmax, for images of some shape."""
    return _small_net


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
