"""No method warns of the way in which arrays are made of a model's weights."""

import warnings

import keras
import numpy as np
import pytest
from keras import layers

import kerascnn as kc
from kerascnn import visualize


@pytest.fixture(scope="module")
def model():
    return keras.Sequential(
        [
            keras.Input((8, 8, 2)),
            layers.Conv2D(2, 3, name="conv"),
            layers.SeparableConv2D(2, 3, name="separable"),
            layers.BatchNormalization(),
            layers.Flatten(),
            layers.Dense(3),
        ]
    )


@pytest.mark.parametrize(
    "call",
    [
        lambda model, _images: visualize.filters(model, "conv"),
        lambda model, _images: visualize.filters(model, "separable"),
        lambda _model, _images: visualize.weight_templates(kc.build_logistic_regression()),
        lambda model, images: visualize.randomization_test(model, images, of_red, layers=["conv"]),
        lambda model, images: visualize.weight_gradients(model, images, keras.ops.sum),
        lambda model, _images: kc.describe(model),
    ],
    ids=["filters", "separable", "templates", "randomization", "gradients", "describe"],
)
def test_numpy_has_nothing_to_warn_of(call, model):
    images = np.random.default_rng(0).random((1, 8, 8, 2), "float32")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        call(model, images)


def of_red(model, images, _target):
    """A heatmap that depends on the model and on the first channel."""
    return images[..., 0] * model.predict_on_batch(images)[0, 0]
