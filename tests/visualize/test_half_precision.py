"""Gradients in float16, where small ones vanish and scaled ones overflow."""

import keras
import numpy as np
import pytest
from keras import layers

from kerascnn.visualize import deep_lift, grad_cam, lrp, saliency


@pytest.fixture
def net(policy):
    policy("mixed_float16")
    keras.utils.set_random_seed(0)
    return keras.Sequential(
        [
            keras.Input((12, 10, 3)),
            layers.Conv2D(4, 3, activation="relu"),
            layers.GlobalAveragePooling2D(),
            layers.Dense(3, dtype="float32"),
        ]
    )


@pytest.mark.parametrize("method", [saliency, grad_cam])
@pytest.mark.parametrize("factor", [2.0**-12, 2.0**12])
def test_a_factor_of_the_score_is_a_factor_of_the_map(net, rng, method, factor):
    images = rng.random((2, 12, 10, 3), "float32")
    maps = method(net, images, lambda scores: scores[:, 1])
    scaled = method(net, images, lambda scores: factor * scores[:, 1])
    assert maps.max() > 0
    np.testing.assert_allclose(scaled / factor, maps, rtol=0.02, atol=0.02 * maps.max())


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
@pytest.mark.parametrize("method", [deep_lift, lrp])
def test_relevance_of_a_model_whose_weights_are_in_half_precision(policy, dtype, method, rng):
    """It is computed in single precision, with the rounded weights."""

    def net():
        return keras.Sequential(
            [
                keras.Input((8, 7, 2)),
                layers.Conv2D(4, 3, activation="relu"),
                layers.GlobalAveragePooling2D(),
                layers.Dense(3),
            ]
        )

    single = net()
    policy(dtype)
    half = net()
    half.set_weights(single.get_weights())
    single.set_weights([w.astype("float32") for w in half.get_weights()])
    images = rng.random((2, 8, 7, 2), "float32")
    expected = getattr(method(single, images, 1), "attributions", None)
    found = getattr(method(half, images, 1), "attributions", None)
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("method", [deep_lift, lrp])
def test_relevance_from_branches_of_two_precisions(policy, method, rng):
    """A layer passes it back in single precision, an operation in that of its values."""
    policy("mixed_float16")
    half = keras.Input((2,), dtype="float16")
    both = [keras.ops.pad(half, [(0, 0), (0, 1)]), layers.Dense(2, activation="relu")(half)]
    nested = keras.Model(half, layers.Concatenate()(both))
    x = keras.Input((2,))
    model = keras.Model(x, layers.Dense(3, dtype="float32")(nested(x)))
    images = rng.random((2, 2), "float32")
    found = method(model, images, 1)
    scores = np.asarray(model(images))[:, 1]
    if method is deep_lift:
        scores = scores - np.asarray(model(np.zeros_like(images)))[:, 1]
    np.testing.assert_allclose(found.attributions.sum(axis=1) - found.gap, scores, atol=0.01)
