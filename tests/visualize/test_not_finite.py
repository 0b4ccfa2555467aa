"""NaN and infinity, which are drawn as empty pictures, are said by every kind of method."""

import warnings
from functools import partial

import keras
import numpy as np
import pytest
from keras import layers

from kerascnn.visualize import (
    ablation_cam,
    activations,
    eigen_cam,
    finer_cam,
    grad_cam,
    integrated_gradients,
    maximize_activation,
    occlusion,
    saliency,
    top_patches,
    weight_gradients,
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
    with (
        pytest.warns(UserWarning, match="1 of the model's 4 weights contain NaN .*'.*conv/kernel'"),
        pytest.warns(UserWarning, match="NaN or infinite for 1 of 1 generated images"),
    ):
        maximize_activation(half_net, layer="conv", units=[0], size=8, steps=1)


@pytest.mark.parametrize(
    "method",
    [partial(activations, layer=["conv"]), partial(saliency, target=lambda scores: scores[:, 0])],
    ids=["activations", "a target of one's own"],
)
def test_weights_behind_which_a_relu_hides_nan(small_net, method):
    """oneDNN's ReLU of NaN is 0, and so are all maps; without oneDNN, they are NaN."""
    model = small_net((8, 8, 1))
    model.get_layer("conv").kernel.assign(np.full((3, 3, 1, 4), np.nan))
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        method(model, np.ones((1, 8, 8, 1)))
    assert "1 of the model's 4 weights contain NaN" in str(said[0].message)


def test_the_best_patches_are_those_of_finite_images(small_net):
    model = small_net((8, 8, 1), activation=None)
    images = np.ones((9, 8, 8, 1), "float32")
    images[[5, 7]] = 3e38  # a sum of nine is infinite
    model.get_layer("conv").kernel.assign(np.ones((3, 3, 1, 4)))
    with (
        pytest.warns(UserWarning, match="for 1 of 3 images, first for number 5"),
        pytest.warns(UserWarning, match="for 1 of 3 images, first for number 7"),
    ):
        top_patches(model, images, "conv", units=[0], batch_size=3)


def test_a_masked_class_is_no_fault():
    """Its score is minus infinity, which is meant."""
    inputs = keras.Input((8, 8, 1))
    maps = layers.Conv2D(4, 3, activation="relu", name="conv")(inputs)
    scores = layers.Dense(3)(layers.GlobalAveragePooling2D()(maps))
    masked = keras.ops.where(np.array([True, True, False]), scores, -np.inf)
    model = keras.Model(inputs, layers.Softmax()(masked))
    images = np.random.default_rng(0).random((2, 8, 8, 1), "float32")
    for method in (grad_cam, finer_cam, ablation_cam, saliency):
        assert np.isfinite(method(model, images)).all()


def test_an_eigen_cam_of_infinity(small_net):
    model = small_net((8, 8, 1))
    model.get_layer("conv").kernel.assign(np.ones((3, 3, 1, 4)))
    images = np.ones((2, 8, 8, 1), "float32")
    images[1] = 3e38
    with pytest.warns(UserWarning, match="for 1 of 2 images, first for number 1"):
        found = eigen_cam(model, images, "conv")
    assert np.isfinite(found[0]).all()
    assert np.isnan(found[1]).all()


def test_the_gradient_of_a_weight(small_net):
    model = small_net((8, 8, 1))
    with pytest.warns(UserWarning, match="gradients of 4 of 4 weights are NaN .*'.*conv/kernel'"):
        weight_gradients(model, np.ones((1, 8, 8, 1)), lambda y: keras.ops.mean(y) * np.nan)
