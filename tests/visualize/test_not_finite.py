"""NaN and infinity, which are drawn as empty pictures, are said by every kind of method."""

import keras
import numpy as np
import pytest
from keras import layers

from kerascnn.visualize import (
    activations,
    integrated_gradients,
    maximize_activation,
    occlusion,
    saliency,
)


@pytest.fixture
def half_net(policy):
    policy("float16")
    return keras.Sequential(
        [
            keras.Input((8, 8, 1)),
            layers.Conv2D(2, 3, name="conv"),
            layers.GlobalAveragePooling2D(),
            layers.Dense(2, dtype="float32"),
        ]
    )


@pytest.mark.parametrize(
    ("method", "options"),
    [
        (saliency, {"target": 0}),
        (integrated_gradients, {"target": 0, "steps": 2}),
        (activations, {"layer": "conv"}),
        (occlusion, {"target": 0, "size": 8}),
    ],
)
def test_an_image_that_overflows_is_named(half_net, method, options):
    half_net.layers[0].kernel.assign(np.ones((3, 3, 1, 2)))
    half_net.layers[-1].kernel.assign([[1, 2], [-1, -2]])  # infinity minus infinity
    images = np.ones((2, 8, 8, 1), "float32")
    images[1] = 60_000  # a sum of nine is beyond 65504
    if method is saliency:  # the mean is linear; this squares the values
        half_net = keras.Model(half_net.inputs, half_net.outputs[0] ** 2)
    with pytest.warns(UserWarning, match="for 1 of 2 images, first for number 1"):
        method(half_net, images, **options)


def test_a_generated_image_of_a_broken_network(half_net):
    half_net.layers[0].kernel.assign(np.full((3, 3, 1, 2), np.nan))
    with pytest.warns(UserWarning, match="1 of 1 generated images.*Check its weights"):
        maximize_activation(half_net, layer="conv", units=[0], size=8, steps=1)
