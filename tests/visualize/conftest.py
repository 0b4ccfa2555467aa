"""What the tests of the methods share."""

import gc
import weakref

import keras
import numpy as np
import pytest
from keras import layers


@pytest.fixture
def images(rng):
    """Three that are not square, of two channels."""
    return rng.random((3, 12, 8, 2), "float32")


@pytest.fixture
def leaves_alone():
    """Check that what is done with a model leaves its weights, and that nothing holds it then."""

    def check(use, build=free_net):
        model = build()
        before = [np.copy(w) for w in model.get_weights()]
        use(model)
        for old, new in zip(before, model.get_weights(), strict=True):
            np.testing.assert_array_equal(old, new)
        alive = weakref.ref(model)
        del model
        keras.backend.clear_session()
        gc.collect()
        assert alive() is None

    return check


def free_net():
    """A net for pictures of any size, with layers that would change in training."""
    return keras.Sequential(
        [
            keras.Input((None, None, 3)),
            layers.Conv2D(4, 3, activation="relu", name="conv"),
            layers.BatchNormalization(),
            layers.Dropout(0.5, name="drop"),
        ]
    )
