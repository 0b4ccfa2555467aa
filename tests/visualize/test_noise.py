"""Noise on whole numbers."""

import keras
import numpy as np
import pytest
from keras import layers

from kerascnn.visualize import occlusion
from kerascnn.visualize._engine.noise import noisy
from kerascnn.visualize.metrics import infidelity, road, sensitivity_max


def rescaling(dtype):
    inputs = keras.Input((8, 8, 1), dtype=dtype)
    weights = np.random.default_rng(1).normal(size=(64, 2))
    start = keras.initializers.Constant(weights / 8)
    head = layers.Dense(2, activation="softmax", kernel_initializer=start)
    return keras.Model(inputs, head(layers.Flatten()(layers.Rescaling(1 / 255)(inputs))))


def occluded(model, images, target):
    return occlusion(model, images, target, size=2, stride=2, fill=0)


METRICS = {
    "infidelity": lambda *to: infidelity(*to, occluded(*to, 1), 1, perturbation="noise", noise=0.1),
    "road": lambda *to: road(*to, occluded(*to, 1), 1, noise=0.1).most_first,
    "sensitivity": lambda *to: sensitivity_max(*to, occluded, target=1, radius=0.1, samples=3),
}


@pytest.mark.parametrize(
    ("metric", "rough"), [("infidelity", 0.6), ("road", 0.1), ("sensitivity", 0.6)]
)
def test_noise_on_whole_numbers_does_not_wrap_around(metric, rough, rng):
    """What lay beyond 0 or 255 came back at the other end; it is cut off, unlike that of floats."""
    images = rng.integers(0, 2, (2, 8, 8, 1)).astype("uint8") * 255
    found = METRICS[metric](rescaling("uint8"), images)
    of_floats = METRICS[metric](rescaling("float32"), images.astype("float32"))
    np.testing.assert_allclose(found, of_floats, rtol=rough)


def test_noisy_whole_numbers_stay_between_those_of_the_image():
    """Otherwise an index would be that of no word; noise without a limit is rounded."""
    words = np.array([[5, 2, 3, 4, 4], [7, 7, 7, 7, 7]])
    (found,) = noisy([words], 0.5, 0)
    (expected,) = noisy([words.astype("float32")], 0.5, 0)
    assert found.dtype == words.dtype
    np.testing.assert_array_equal(found[0], np.round(expected[0]).clip(2, 5))
    np.testing.assert_array_equal(found[1], words[1])
    assert (expected[0] < 1.5).any() or (expected[0] > 5.5).any()
    truths = np.array([[True, False, False, True]])
    (found,) = noisy([truths], 0.01, 0)
    np.testing.assert_array_equal(found, truths)
