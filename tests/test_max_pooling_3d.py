"""3-D max-pooling, whose gradient TensorFlow passes to every maximum of a window."""

from textwrap import dedent

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

import kerascnn as kc
from kerascnn._gradients import mend
from kerascnn._max_pooling_3d import max_pool


@pytest.fixture(autouse=True)
def mended():
    mend()


@pytest.mark.parametrize(
    ("size", "strides"), [((2, 3, 4), (2, 3, 4)), ((3, 3, 3), (2, 2, 2)), ((3, 2, 1), (1, 2, 3))]
)
@pytest.mark.parametrize("padding", ["VALID", "SAME"])
def test_the_result_is_that_of_tensorflow(size, strides, padding, rng):
    volumes = rng.normal(size=(2, 5, 6, 7, 3)).astype("float32")
    expected = tf.nn.max_pool3d(volumes, size, strides, padding)
    how = ([1, *size, 1], [1, *strides, 1], padding, "NDHWC")
    np.testing.assert_array_equal(max_pool(volumes, *how), expected)
    first = ([1, 1, *size], [1, 1, *strides], padding, "NCDHW")
    found = max_pool(np.moveaxis(volumes, -1, 1), *first)
    np.testing.assert_array_equal(np.moveaxis(found, 1, -1), expected)


def test_the_gradient_without_ties_goes_to_the_maxima(rng):
    volumes = tf.constant(rng.permutation(2 * 4 * 6 * 6 * 2).reshape(2, 4, 6, 6, 2), "float32")
    with tf.GradientTape() as tape:
        tape.watch(volumes)
        pooled = tf.nn.max_pool3d(volumes, (2, 3, 3), (2, 3, 3), "VALID")
        score = tf.reduce_sum(pooled * (weights := rng.normal(size=pooled.shape)))
    found = tape.gradient(score, volumes).numpy()
    for place in np.ndindex(*pooled.shape):
        at = np.argwhere(volumes == pooled[place].numpy())
        assert found[tuple(at[0])] == pytest.approx(weights[place], rel=1e-5)
    assert np.count_nonzero(found) == pooled.numpy().size


class Own(layers.Layer):
    """A layer whose code pools."""

    operations = "of another kind"

    def call(self, inputs):
        return keras.ops.max_pool(inputs, 2, 2)


POOLINGS = {
    "layer": lambda x: layers.MaxPooling3D(2)(x),
    "adaptive": lambda x: layers.AdaptiveMaxPooling3D((2, 4, 4), "channels_last")(x),
    "own": lambda x: Own()(x),
    "wrapped": lambda x: layers.TimeDistributed(layers.MaxPooling3D(2))(x[:, None])[:, 0],
}
TARGETS = {"compiled": 1, "a callable target": lambda scores: scores[:, 1]}


@pytest.mark.parametrize("pooling", POOLINGS)
@pytest.mark.parametrize("target", TARGETS)
def test_every_pixel_counts_once(pooling, target, rng):
    """Up-sampling, pooling to the size before, and a mean."""
    if pooling == "adaptive" and not hasattr(layers, "AdaptiveMaxPooling3D"):
        pytest.skip("this Keras has no adaptive pooling")
    inputs = keras.Input((2, 4, 4, 1))
    x = POOLINGS[pooling](layers.UpSampling3D(2)(inputs))
    ones = keras.initializers.Constant([[1.0, 2.0]])
    outputs = layers.Dense(2, kernel_initializer=ones)(layers.GlobalAveragePooling3D()(x))
    volumes = 1 + rng.random((3, 2, 4, 4, 1), "float32")
    found = kc.visualize.saliency(keras.Model(inputs, outputs), volumes, TARGETS[target])
    np.testing.assert_allclose(found, np.full((3, 2, 4, 4), 2 / 32), rtol=1e-4)


def test_training_mends_it(run_python):
    """Without `kerascnn.visualize`, and for volumes of any size."""
    code = """
        import keras, numpy as np, tensorflow as tf, kerascnn as kc
        from keras import layers
        inputs = keras.Input((None, None, None, 1))
        x = layers.MaxPooling3D(2)(layers.UpSampling3D(2)(inputs))
        model = keras.Model(inputs, layers.Dense(2, "softmax")(layers.GlobalMaxPooling3D()(x)))
        kc.train(model, (np.ones((2, 2, 2, 2, 1)), np.array([0, 1])), epochs=1, verbose=0)
        x = tf.ones((1, 2, 2, 2, 1))
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = tf.reduce_sum(tf.nn.max_pool3d(x, 2, 2, "VALID"))
        print(float(tf.reduce_sum(tape.gradient(y, x))))
    """
    assert run_python(dedent(code)).split()[-1] == "1.0"
