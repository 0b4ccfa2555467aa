"""Average drop and increase, by hand."""

import keras
import numpy as np
import pytest
from keras import layers

from kerascnn.visualize.metrics import average_drop


@pytest.fixture(scope="module")
def model():
    """The sigmoid of a weighted sum of four pixels."""
    model = keras.Sequential(
        [keras.Input((2, 2, 1)), layers.Flatten(), layers.Dense(1, activation="sigmoid")]
    )
    model.set_weights([np.array([[1.0], [2], [-4], [3]]), np.zeros(1)])
    return model


IMAGES = np.ones((1, 2, 2, 1), "float32")


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


@pytest.mark.parametrize(
    ("heatmap", "shown"),
    [
        ([[0, 5], [10, 0]], 2 * 0.5 - 4),  # scaled to 0, ½, 1, 0
        ([[-1, -1], [-3, -2]], 1 + 2 + 3 * 0.5),
        ([[2, 2], [2, 2]], 0),  # a constant map shows nothing
    ],
)
def test_by_hand(heatmap, shown, model):
    result = average_drop(model, IMAGES, np.array([heatmap], "float32"), 1)
    whole = sigmoid(2)
    assert result.drop[0] == pytest.approx(max(0, whole - sigmoid(shown)) / whole, abs=1e-5)
    assert result.increase.tolist() == [float(sigmoid(shown) > whole)]


def test_what_is_hidden_can_have_a_colour(model):
    heatmap = np.array([[[0.0, 1], [1, 1]]])
    result = average_drop(model, IMAGES, heatmap, 1, fill=-2)
    whole = sigmoid(2)
    assert result.drop[0] == pytest.approx((whole - sigmoid(-2 + 2 - 4 + 3)) / whole, abs=1e-5)


def test_the_other_class_gains(model):
    """Class 0 has the probability 1 - sigmoid; without a target, the predicted class counts."""
    heatmap = np.array([[[0.0, 0], [1, 0]]])
    result = average_drop(model, IMAGES, heatmap, 0)
    assert (result.drop.tolist(), result.increase.tolist()) == ([0], [1])
    predicted = average_drop(model, IMAGES, heatmap)
    assert predicted.drop[0] == pytest.approx((sigmoid(2) - sigmoid(-4)) / sigmoid(2), abs=1e-5)


def test_a_probability_of_zero_cannot_drop(model):
    images = np.zeros((1, 2, 2, 1), "float32")
    images[0, 1, 0] = 100  # -400
    assert np.isnan(average_drop(model, images, np.ones((1, 2, 2)), 1).drop).all()


def test_errors_teach(model):
    with pytest.raises(ValueError, match=r"heatmaps must have the shape \(1, h, w\)"):
        average_drop(model, IMAGES, np.ones((2, 2)))
