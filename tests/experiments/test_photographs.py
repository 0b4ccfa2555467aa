"""What the experiments on small photos share."""

import keras
import numpy as np
import pytest

import kerascnn as kc
from kerascnn.experiments import _photographs


def test_the_first_photographs():
    train, test, classes = _photographs.few_photographs("digits", None, 30, 20)
    digits = kc.datasets.load("digits")
    assert classes == 10
    for part, of_set, count in ((train, digits.train, 30), (test, digits.test, 20)):
        for array, whole in zip(part, of_set, strict=True):
            np.testing.assert_array_equal(array, whole[:count])


@pytest.mark.parametrize(("images", "tests"), [(10_000, 20), (20, 10_000), (-1, 20)])
def test_more_photographs_than_there_are(images, tests):
    with pytest.raises(ValueError, match=r"must be up to \d+, which there are; received"):
        _photographs.few_photographs("digits", None, images, tests)


def test_a_seed_gives_one_start():
    """Nets of the same shapes begin alike, whatever is between their layers."""
    starts = []

    def build(pool):
        layers = [keras.layers.Flatten(), keras.layers.Dense(3, activation="softmax")]
        model = keras.Sequential([keras.Input((4, 4, 1)), pool(2), *layers])
        starts.append(model.get_weights()[0])
        return model

    part = np.linspace(0, 1, 64, dtype="float32").reshape(4, 4, 4, 1), np.array([0, 1, 2, 0])
    for pool in (keras.layers.MaxPooling2D, keras.layers.AveragePooling2D):
        run = _photographs.trained(
            lambda pool=pool: build(pool), part, seed=3, epochs=1, batch_size=4
        )
        assert len(run.history["loss"]) == 1
    np.testing.assert_array_equal(*starts)
