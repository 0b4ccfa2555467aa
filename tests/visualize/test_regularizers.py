"""Penalties and blur by hand, and against TensorFlow's and tf-keras-vis's."""

import warnings

import numpy as np
import pytest
import scipy.ndimage
import tensorflow as tf
from keras import ops

from kerascnn.visualize._engine.regularizers import (
    Penalties,
    blur,
    distance_from_gray,
    total_variation,
)

with warnings.catch_warnings():  # tf-keras-vis imports a module that it calls deprecated
    warnings.simplefilter("ignore", DeprecationWarning)
    from tf_keras_vis.activation_maximization.regularizers import Norm, TotalVariation2D

CORNER = np.zeros((1, 3, 4, 1), "float32")
CORNER[0, 0, 0] = 2  # one step down of 2 in each direction


@pytest.mark.parametrize(
    ("variation", "total"), [("absolute", 2 + 2), ("squared", 4 + 4), ("power", 8**1.25)]
)
def test_three_total_variations_by_hand(variation, total):
    np.testing.assert_allclose(total_variation(CORNER, variation), [total / 12], rtol=1e-5)


def test_absolute_is_tensorflows_by_pixel(rng):
    pictures = rng.random((2, 5, 7, 3), "float32")
    ours = total_variation(pictures, "absolute")
    np.testing.assert_allclose(
        ours, tf.image.total_variation(tf.constant(pictures)) / (5 * 7 * 3), rtol=1e-5
    )
    np.testing.assert_allclose(ours, TotalVariation2D(1.0)(tf.constant(pictures)), rtol=1e-5)


@pytest.mark.parametrize("variation", ["absolute", "squared", "power"])
def test_flat_pictures_have_no_variation(variation):
    with tf.GradientTape() as tape:
        flat = tf.Variable(tf.fill([1, 4, 4, 1], 0.3))
        value = total_variation(flat, variation)
    np.testing.assert_allclose(value, 0, atol=1e-12)
    assert np.isfinite(tape.gradient(value, flat)).all()


def test_distance_from_gray(rng):
    pictures = np.full((2, 3, 3, 1), 0.5, "float32")
    pictures[1] = 0.8
    np.testing.assert_allclose(distance_from_gray(pictures), [0, 0.09], rtol=1e-5)
    other = rng.random((1, 4, 6, 3), "float32")
    norm = Norm(1.0, p=2)(tf.constant(other - 0.5))
    np.testing.assert_allclose(distance_from_gray(other), norm**2, rtol=1e-5)


def test_penalties_are_a_weighted_sum(rng):
    pictures = ops.convert_to_tensor(rng.random((2, 4, 5, 1), "float32"))
    penalties = Penalties(
        2.0, 3.0, "absolute", (lambda x: 7 * x[:, 1, 2, 0], TotalVariation2D(5.0))
    )
    variation = np.array(total_variation(pictures, "absolute"))
    expected = 2 * np.array(distance_from_gray(pictures)) + 8 * variation
    expected += 7 * np.array(pictures)[:, 1, 2, 0]
    np.testing.assert_allclose(penalties(pictures), expected, rtol=1e-5)
    np.testing.assert_array_equal(Penalties()(pictures), [0, 0])


@pytest.mark.parametrize("sigma", [0.5, 1.3])
def test_blur_is_scipys(sigma, rng):
    pictures = rng.random((2, 9, 12, 3), "float32")
    radius = int(np.ceil(3 * sigma))
    expected = scipy.ndimage.gaussian_filter(
        pictures, (0, sigma, sigma, 0), mode="nearest", radius=(0, radius, radius, 0)
    )
    np.testing.assert_allclose(blur(pictures, sigma), expected, atol=1e-6)
