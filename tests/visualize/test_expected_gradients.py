"""Expected gradients, gradient times input and blur IG: known answers, and sums."""

import keras
import numpy as np
import pytest
from keras import layers, ops
from scipy.ndimage import gaussian_filter

from kerascnn.visualize import (
    blur_integrated_gradients,
    expected_gradients,
    gradient_times_input,
    integrated_gradients,
)


@pytest.fixture(scope="module")
def shared():
    return keras.Sequential(
        [
            keras.Input((12, 8, 2)), layers.Conv2D(6, 3, activation="relu"),
            layers.MaxPooling2D(2), layers.Flatten(), layers.Dense(4, "softmax"),
        ]
    )  # fmt: skip


@pytest.fixture(scope="module")
def square():
    """F(x) = Σ x²."""
    inputs = keras.Input((4, 4, 1))
    return keras.Model(inputs, ops.sum(inputs**2, axis=(1, 2)))


def the_square(y):
    return y[:, 0]


def test_gradient_times_input(square, rng):
    """x · 2x, whose sum is twice the score."""
    x = rng.random((2, 4, 4, 1), "float32")
    result = gradient_times_input(square, x, the_square)
    np.testing.assert_allclose(result.attributions, 2 * x**2, rtol=1e-5)
    np.testing.assert_allclose(result.gap, (x**2).sum(axis=(1, 2, 3)), rtol=1e-5)


def test_expected_gradients_of_a_square(square, rng):
    """(x − x′) · 2(x′ + α(x − x′)) on average; with every baseline as often, for α as drawn."""
    x, starts = rng.random((2, 4, 4, 1), "float32"), rng.random((5, 4, 4, 1), "float32")
    result = expected_gradients(square, x, the_square, baselines=starts, samples=10, seed=3)
    draws = np.random.default_rng(3)
    order = np.concatenate([draws.permutation(5) for _ in range(10)])[:10]
    alphas = draws.random(10, "float32")
    terms = [
        (x - starts[i]) * 2 * (starts[i] + a * (x - starts[i]))
        for i, a in zip(order, alphas, strict=True)
    ]
    np.testing.assert_allclose(result.attributions, np.mean(terms, axis=0), rtol=1e-4, atol=1e-5)
    change = (x**2).sum(axis=(1, 2, 3)) - np.mean([(starts[i] ** 2).sum() for i in order])
    total = result.attributions.sum(axis=(1, 2, 3))
    np.testing.assert_allclose(result.gap, total - change, rtol=1e-3, atol=1e-4)


def test_expected_gradients_tend_to_the_mean_of_integrated_gradients(model, images, rng):
    starts = rng.random((4, 12, 8, 2), "float32")
    many = expected_gradients(model, images, 1, baselines=starts, samples=800, batch_size=300)
    each = [
        integrated_gradients(model, images, 1, baseline=start, steps=20).attributions
        for start in starts
    ]
    mean = np.mean(each, axis=0)
    assert np.abs(many.attributions - mean).max() < 0.1 * np.abs(mean).max()
    assert np.abs(many.gap).max() < 0.1 * np.abs(mean.sum(axis=(1, 2, 3))).max() + 0.02


def test_baselines_fit(model, images):
    with pytest.raises(ValueError, match="images must have the shape"):
        expected_gradients(model, images, 1, baselines=np.zeros((2, 3, 3, 2)))


def test_blur_ig_of_a_square(square, rng):
    """The trapezoid rule is exact for x², on any path: x² − blurred², pixel by pixel."""
    x = rng.random((2, 4, 4, 1), "float32")
    result = blur_integrated_gradients(square, x, the_square, sigma=2.0, steps=3)
    blurred = gaussian_filter(x, (0, 2, 2, 0), mode="reflect")
    np.testing.assert_allclose(result.attributions, x**2 - blurred**2, rtol=1e-3, atol=1e-5)
    np.testing.assert_allclose(result.gap, 0, atol=1e-4)


def test_blur_ig_sums_to_the_difference(model, images):
    result = blur_integrated_gradients(model, images, 1, steps=40)
    total = np.abs(result.attributions.sum(axis=(1, 2, 3)))
    assert np.abs(result.gap).max() < 0.05 * total.max()
    with pytest.raises(ValueError, match="sigma must be a number of pixels above 0"):
        blur_integrated_gradients(model, images, 1, sigma=0)
