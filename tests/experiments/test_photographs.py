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
    with pytest.raises(ValueError, match=r"must be at most \d+, the number .*; received"):
        _photographs.few_photographs("digits", None, images, tests)


def test_a_seed_gives_one_start_and_one_run():
    """Nets of the same shapes begin alike, whatever is between their layers."""
    starts, losses = [], []

    def build(pool):
        layers = [keras.layers.Flatten(), keras.layers.Dense(3, activation="softmax")]
        model = keras.Sequential([keras.Input((4, 4, 1)), pool(2), *layers])
        starts.append(model.get_weights()[0])
        return model

    part = np.linspace(0, 1, 64, dtype="float32").reshape(4, 4, 4, 1), np.array([0, 1, 2, 0])
    pools = keras.layers.MaxPooling2D, keras.layers.AveragePooling2D
    for pool in (pools[0], pools[1], pools[0]):
        run = _photographs.trained(
            lambda pool=pool: build(pool), part, seed=3, epochs=2, batch_size=2
        )
        assert len(run.history["loss"]) == 2
        losses.append(run.history["loss"])
    np.testing.assert_array_equal(starts[1:], starts[:2])
    np.testing.assert_array_equal(losses[2], losses[0])
    assert losses[1] != losses[0]


def test_images_are_averaged():
    images = np.stack([np.arange(16.0).reshape(4, 4, 1), np.zeros((4, 4, 1))])
    small, labels = _photographs.first_shrunk("images", 1, (images, np.array([7, 3])), 2)
    np.testing.assert_array_equal(small[..., 0], [[[2.5, 4.5], [10.5, 12.5]]])
    assert labels.tolist() == [7]


def test_sizes_that_do_not_divide():
    part = np.zeros((2, 4, 4, 3)), np.zeros(2, int)
    with pytest.raises(ValueError, match=r"size must be a divisor of 4, the size .*; received 3\."):
        _photographs.first_shrunk("images", 2, part, 3)
