"""Local response normalization against the paper, by hand, and against TensorFlow."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from kerascnn.layers import LocalResponseNormalization


@pytest.fixture
def activations():
    return np.random.default_rng(0).normal(0, 20, (2, 5, 4, 11)).astype("float32")


def test_by_hand():
    # Channel 1 of 0, 3, 4 with a window of three: 3 / (2 + 0.1 · (0 + 9 + 16))^1 = 3 / 4.5.
    layer = LocalResponseNormalization(size=3, k=2.0, alpha=0.1, beta=1.0)
    b = np.asarray(layer(np.array([[[[0.0, 3.0, 4.0]]]])))[0, 0, 0]
    np.testing.assert_allclose(b, [0.0, 3 / 4.5, 4 / 4.5], rtol=1e-6)


def test_square_root_of_beta_by_hand():
    # 2 / (1 + 2 · 4)^0.5 = 2 / 3
    layer = LocalResponseNormalization(size=1, k=1.0, alpha=2.0, beta=0.5)
    assert float(layer(np.array([[2.0]]))[0, 0]) == pytest.approx(2 / 3)


def test_paper_is_tensorflow_with_radius_two(activations):
    expected = tf.nn.local_response_normalization(
        activations, depth_radius=2, bias=2, alpha=1e-4, beta=0.75
    )
    np.testing.assert_allclose(LocalResponseNormalization()(activations), expected, rtol=1e-5)


def test_caffe_divides_alpha_by_the_size(activations):
    expected = tf.nn.local_response_normalization(
        activations, depth_radius=2, bias=1, alpha=2e-5, beta=0.75
    )
    layer = LocalResponseNormalization(k=1.0, convention="caffe")
    np.testing.assert_allclose(layer(activations), expected, rtol=1e-5)


def test_gradient_is_that_of_tensorflow(activations):
    def gradient(normalize):
        x = tf.constant(activations)
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = tf.reduce_sum(tf.sin(normalize(x)))
        return tape.gradient(y, x)

    expected = gradient(lambda x: tf.nn.local_response_normalization(x, 2, 2, 1e-4, 0.75))
    ours = gradient(LocalResponseNormalization())
    np.testing.assert_allclose(ours, expected, rtol=1e-3, atol=1e-5)


def test_window_larger_than_the_channels():
    layer = LocalResponseNormalization(size=5, k=1.0, alpha=1.0, beta=1.0)
    b = np.asarray(layer(np.array([[1.0, 2.0]])))
    np.testing.assert_allclose(b, [[1 / 6, 2 / 6]], rtol=1e-6)


def test_serialization(activations):
    layer = LocalResponseNormalization(3, 1.5, 0.01, 0.5, "caffe", name="norm1")
    again = keras.layers.deserialize(keras.layers.serialize(layer))
    assert type(again) is LocalResponseNormalization
    assert again.get_config() == layer.get_config()
    np.testing.assert_array_equal(again(activations), layer(activations))


def test_mixed_precision():
    layer = LocalResponseNormalization(dtype="mixed_float16")
    x = np.random.default_rng(0).uniform(-4, 4, (2, 3, 3, 7))
    half = layer(x)
    assert keras.backend.standardize_dtype(half.dtype) == "float16"
    np.testing.assert_allclose(half, LocalResponseNormalization()(x), rtol=2e-3, atol=1e-3)


def test_shape_stays():
    x = keras.Input((None, None, 96))
    assert LocalResponseNormalization()(x).shape == (None, None, None, 96)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"size": 4}, "odd number"),
        ({"size": 0}, "odd number"),
        ({"size": 2.5}, "odd number"),
        ({"k": 0}, "k must be above 0"),
        ({"k": -1.0}, "k must be above 0"),
        ({"convention": "torch"}, "convention must be one of 'paper', 'caffe'"),
    ],
)
def test_errors_teach(wrong, message):
    with pytest.raises(ValueError, match=message):
        LocalResponseNormalization(**wrong)


def test_squares_may_exceed_half_precision():
    """300² is above 65,504, the largest number in float16."""
    x = tf.constant([[1.0, 200.0, 300.0]])

    @tf.function(jit_compile=True)
    def gradient(layer, x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = layer(x)
        return y, tape.gradient(y, x)

    half = gradient(LocalResponseNormalization(dtype="float16"), tf.cast(x, "float16"))
    for found, expected in zip(half, gradient(LocalResponseNormalization(), x), strict=True):
        np.testing.assert_allclose(found, expected, rtol=5e-3, atol=1e-3)
