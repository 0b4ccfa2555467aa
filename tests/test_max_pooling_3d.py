"""3-D max-pooling, whose gradient TensorFlow passes to every maximum of a window."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

import kerascnn as kc
from kerascnn import _max_pooling_3d
from kerascnn._safe_gradients import gradients_made_safe

SHAPES = {"channels_last": (2, 5, 6, 7, 3), "channels_first": (2, 3, 5, 6, 7)}


@pytest.mark.parametrize("data_format", SHAPES)
@pytest.mark.parametrize(("size", "strides"), [((2, 3, 4), None), (3, 2), ((3, 2, 1), (1, 2, 3))])
@pytest.mark.parametrize("padding", ["valid", "same"])
def test_the_result_is_that_of_keras(data_format, size, strides, padding, rng):
    volumes = rng.normal(size=SHAPES[data_format]).astype("float32")
    options = (size, strides, padding, data_format)
    np.testing.assert_array_equal(
        _max_pooling_3d.max_pool(volumes, *options), keras.ops.max_pool(volumes, *options)
    )


def net(pooling, *, shape=(2, 4, 4, 1)):
    """Up-sampling, pooling to the size before, and a sum: each pixel counts once."""
    inputs = keras.Input(shape)
    x = pooling(layers.UpSampling3D(2)(inputs))
    x = layers.GlobalAveragePooling3D()(x)
    ones = keras.initializers.Constant([[1.0, 2.0]])
    return keras.Model(inputs, layers.Dense(2, kernel_initializer=ones)(x))


POOLINGS = {
    "layer": lambda x: layers.MaxPooling3D(2)(x),
    "operation": lambda x: keras.ops.max_pool(x, 2, 2),
}
METHODS = {
    "compiled": lambda model, x: kc.visualize.saliency(model, x, 1),
    "a callable target": lambda model, x: kc.visualize.saliency(model, x, lambda y: y[:, 1]),
    "deep_lift": lambda model, x: (
        kc.visualize.deep_lift(model, x, 1).attributions.sum(axis=-1) / x[..., 0]
    ),
}


@pytest.mark.parametrize("pooling", POOLINGS)
@pytest.mark.parametrize("method", METHODS)
def test_every_pixel_counts_once(pooling, method, rng):
    model = net(POOLINGS[pooling])
    volumes = 1 + rng.random((3, 2, 4, 4, 1), "float32")
    found = METHODS[method](model, volumes)
    np.testing.assert_allclose(found, np.full((3, 2, 4, 4), 2 / 32), rtol=1e-4)


@pytest.mark.parametrize("pooling", POOLINGS)
def test_the_gradients_of_weights_and_of_training(pooling, rng):
    """Also outside of a compiled graph, and for sizes that are not known before."""
    model = net(POOLINGS[pooling], shape=(None, None, None, 1))
    volumes = 1 + rng.random((3, 2, 4, 4, 1), "float32")
    with gradients_made_safe(model), tf.GradientTape() as tape:
        x = tf.convert_to_tensor(volumes)
        tape.watch(x)
        score = model(x)[:, 0]
    np.testing.assert_allclose(tape.gradient(score, x), np.full(volumes.shape, 1 / 32), rtol=1e-4)
    assert all("call" not in vars(each) for each in model.operations)


def test_other_poolings_are_left_alone():
    class Own(layers.MaxPooling3D):
        def call(self, inputs):
            return 2 * super().call(inputs)

    for operation in (layers.MaxPooling2D(), layers.AveragePooling3D(2), Own()):
        assert _max_pooling_3d.safe_methods(operation) == {}
