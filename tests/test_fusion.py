"""TensorFlow with oneDNN fuses operations of compiled graphs into others, at times wrong ones."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers, ops

import kerascnn as kc
from kerascnn._fusion import avoid_wrong_fusions

OPTIONS = tf.config.optimizer


@pytest.fixture(autouse=True)
def fusion():
    """Turn fusion on, as it is in a new process; elsewhere, a test may have turned it off."""
    before = OPTIONS.get_experimental_options().get("remapping", True)
    OPTIONS.set_experimental_options({"remapping": True})
    yield
    OPTIONS.set_experimental_options({"remapping": before})


def steep(x):
    return ops.maximum(x, 2 * x)


class Steep(layers.Layer):
    def call(self, x):
        return steep(x)

    def compute_output_shape(self, shape):
        return shape


@pytest.mark.parametrize(
    "apply",
    [
        steep,
        lambda x: layers.Maximum()([x, 2 * x]),
        layers.Lambda(steep),
        layers.Activation(steep),
        layers.TimeDistributed(Steep()),
    ],
    ids=["operation", "layer", "Lambda", "activation", "in TimeDistributed"],
)
def test_a_maximum_is_not_fused_into_a_minimum(apply):
    inputs = keras.Input((4, 4, 1))
    model = keras.Model(inputs, apply(inputs))
    x = np.linspace(-1, 1, 16, dtype="float32").reshape(1, 4, 4, 1)
    expected = np.maximum(x, 2 * x)
    np.testing.assert_allclose(kc.visualize.activations(model, x, "all").popitem()[1], expected)
    np.testing.assert_allclose(model.predict(x, verbose=0), expected)


def test_evaluate_computes_the_right_maximum():
    inputs = keras.Input((1, 2, 1))
    scores = layers.Dense(2, use_bias=False)
    model = keras.Model(inputs, scores(steep(layers.Flatten()(inputs))))
    scores.kernel.assign([[1, 0], [1, 0]])
    images = np.array([1, -1], "float32").reshape(1, 1, 2, 1)
    # The score of class 0 is 2 - 1; of minima, it would be 1 - 2, below the 0 of class 1.
    assert kc.evaluate(model, (images, np.array([0])), input_range=None).accuracy == 1


@pytest.mark.parametrize(
    "pad", [layers.ZeroPadding3D(1), lambda x: ops.pad(x, [[0, 0], *3 * [[1, 1]], [0, 0]])]
)
def test_a_volume_may_be_padded_twice(pad):
    """All ones times all ones: 27 products in the middle, 8 at a corner of the padded volume."""
    inputs = keras.Input((4, 4, 4, 1))
    outputs = layers.Conv3D(1, 3, padding="same", kernel_initializer="ones", name="sums")(
        pad(inputs)
    )
    model = keras.Model(inputs, outputs)
    maps = kc.visualize.activations(model, np.ones((1, 4, 4, 4, 1), "float32"), "sums")[0, ..., 0]
    assert maps.shape == (6, 6, 6)
    assert (maps[0, 0, 0], maps[1, 1, 1], maps[2, 2, 2]) == (1, 8, 27)


def test_other_models_are_still_fused():
    avoid_wrong_fusions(kc.build_lenet5())
    avoid_wrong_fusions(kc.build_resnet20())
    avoid_wrong_fusions(
        keras.Sequential([keras.Input((3,)), layers.Dense(2, activation="leaky_relu")])
    )
    assert OPTIONS.get_experimental_options()["remapping"]
