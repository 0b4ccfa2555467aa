"""The rise in entropy when all weights are randomized."""

import keras
import numpy as np
import pytest
from keras import layers

from kerascnn.visualize.metrics import efficient_mprt


@pytest.fixture(scope="module")
def shared():
    model = keras.Sequential(
        [
            keras.Input((2, 4, 1)),
            layers.Conv2D(3, 2, name="conv"),
            layers.Flatten(),
            layers.Dense(2, name="head", activation="softmax"),
        ]
    )
    rng = np.random.default_rng(1)
    model.set_weights([0.5 + rng.random(w.shape) for w in model.get_weights()])
    return model


@pytest.fixture
def images(rng):
    return rng.random((2, 2, 4, 1), "float32")


BEFORE = np.array([[0, 0, 0, 0], [9, 9, 9, 3]])
AFTER = np.array([[0, 1, 2, 3], [4, 5, 6, 9]])


def test_by_hand(model, images):
    """Bins of 3: first 4, 1, 3 values of eight, then 3, 3 and 2 of them."""

    def method(net, images, target):
        learnt = np.array_equal(net.get_weights()[0], model.get_weights()[0])
        return np.stack([BEFORE if learnt else AFTER] * 2)

    def entropy(*counts):
        p = np.array(counts) / sum(counts)
        return -(p * np.log(p)).sum()

    expected = (entropy(3, 3, 2) - entropy(4, 1, 3)) / entropy(4, 1, 3)
    np.testing.assert_allclose(efficient_mprt(model, images, method, bins=3), expected, rtol=1e-6)


def test_all_layers_forget_and_the_model_stays(model, images):
    seen, before = [], model.get_weights()

    def method(net, images, target):
        seen.append(net.get_weights())
        return images[..., 0]

    assert efficient_mprt(model, images, method).tolist() == [0, 0]
    for now, first, after in zip(model.get_weights(), *seen, strict=True):
        assert not np.array_equal(first, after)
        assert any(np.array_equal(now, w) for w in before)


def test_a_constant_map_has_no_entropy(model, images):
    assert np.isnan(efficient_mprt(model, images, lambda m, x, t: 0 * x[..., 0])).all()


@pytest.mark.parametrize(
    ("change", "message"), [({"bins": 1}, "bins must be"), ({"seed": -1}, "seed must be")]
)
def test_errors_teach(change, message, model, images):
    with pytest.raises(ValueError, match=message):
        efficient_mprt(model, images, lambda m, x, t: x[..., 0], **change)
