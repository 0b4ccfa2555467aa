"""Gradients of kernels that oneDNN computes wrongly, of one pixel or larger than their volumes."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from kerascnn._gradients import mend


@pytest.fixture(autouse=True)
def mended():
    mend()


class Own(layers.Conv2D):
    """A convolution whose code is not that of Keras."""

    def convolution_op(self, inputs, kernel):
        return 2 * super().convolution_op(inputs, kernel)


def lifted(layer):
    """A layer for single images, applied to sequences of one image."""
    wrapped = layers.TimeDistributed(layer)
    return lambda x: wrapped(x[:, None])[:, 0], layer


def row(layer):
    """A layer for signals, applied to images of one row."""
    return lambda x: layer(x[:, 0])[:, None], layer


def plain(layer):
    return layer, layer


# Each a function of images, the layer in it, and by what it multiplies the result
LAYERS = {
    "convolution": lambda: (*plain(layers.Conv2D(4, 1, strides=2)), 1),
    "same": lambda: (*plain(layers.Conv2D(4, 1, strides=(3, 1), padding="same")), 1),
    "own": lambda: (*plain(Own(4, 1, strides=2)), 2),
    "wrapped": lambda: (*lifted(layers.Conv2D(4, 1, strides=2)), 1),
    "signals": lambda: (*row(layers.Conv1D(4, 1, strides=2, padding="causal")), 1),
    "transposed": lambda: (*plain(layers.Conv2DTranspose(4, 1, strides=2)), 1),
    "output padding": lambda: (
        *plain(layers.Conv2DTranspose(4, 1, strides=3, output_padding=1)),
        1,
    ),
    "transposed signals": lambda: (*row(layers.Conv1DTranspose(4, 1, strides=2)), 1),
}


def strides_of(layer):
    return (1, *layer.strides) if len(layer.strides) == 1 else layer.strides


@pytest.mark.parametrize("compiled", [True, False])
@pytest.mark.parametrize("name", LAYERS)
def test_a_kernel_of_one_pixel(name, compiled, rng):
    """Each weight's gradient is the sum of the products of two pixels."""
    function, layer, factor = LAYERS[name]()
    images = rng.random((2, 1 if "signals" in name else 6, 7, 3), "float32")
    outputs = function(images)
    upstream = rng.random(outputs.shape, "float32")

    def gradients(images, upstream):
        with tf.GradientTape() as tape:
            tape.watch(images)
            outputs = function(images)
        return tape.gradient(outputs, [images, layer.kernel.value], upstream)

    step = tf.function(gradients)
    arguments = tf.constant(images), tf.constant(upstream)
    by_image, by_kernel = (step if compiled else gradients)(*arguments)
    (high, wide), kernel = strides_of(layer), layer.kernel.numpy().reshape(layer.kernel.shape[-2:])
    if "Transpose" in type(layer).__name__:
        seen = upstream[:, ::high, ::wide]
        assert_close(by_kernel, np.einsum("nhwo,nhwi->oi", seen, images))
        assert_close(by_image, np.einsum("nhwo,oi->nhwi", seen, kernel))
    else:
        seen, expected = images[:, ::high, ::wide], np.zeros_like(images)
        assert_close(by_kernel, factor * np.einsum("nhwi,nhwo->io", seen, upstream))
        expected[:, ::high, ::wide] = factor * np.einsum("nhwo,io->nhwi", upstream, kernel)
        assert_close(by_image, expected)
    graph = step.get_concrete_function(*arguments).graph
    kernels = [op for op in graph.get_operations() if op.type == "Conv2DBackpropFilter"]
    assert [max(op.get_attr("strides")) for op in kernels] == [1]


@pytest.mark.parametrize("padding", ["valid", "same"])
def test_a_depthwise_kernel_of_one_pixel(padding, rng):
    """Of one channel, it is an ordinary convolution; of more, the gradient is TensorFlow's own."""
    for channels in (1, 2):
        layer = layers.DepthwiseConv2D(1, strides=2, depth_multiplier=3, padding=padding)
        images = rng.random((2, 6, 7, channels), "float32")
        upstream = rng.random(layer(images).shape, "float32")

        @tf.function
        def gradients(images, upstream, layer=layer):
            with tf.GradientTape() as tape:
                tape.watch(images)
                outputs = layer(images)
            return tape.gradient(outputs, [images, layer.kernel.value], upstream)

        arguments = tf.constant(images), tf.constant(upstream)
        by_image, by_kernel = gradients(*arguments)
        each = upstream.reshape(*upstream.shape[:3], channels, 3)
        assert_close(by_kernel, np.einsum("nhwi,nhwio->io", images[:, ::2, ::2], each))
        expected, kernel = np.zeros_like(images), layer.kernel.numpy()[0, 0]
        expected[:, ::2, ::2] = np.einsum("nhwio,io->nhwi", each, kernel)
        assert_close(by_image, expected)
        operations = gradients.get_concrete_function(*arguments).graph.get_operations()
        own = [op for op in operations if op.type == "DepthwiseConv2dNativeBackpropFilter"]
        assert len(own) == channels - 1


def assert_close(found, expected):
    np.testing.assert_allclose(np.reshape(found, expected.shape), expected, rtol=1e-5, atol=1e-5)


def test_other_kernels_are_left_alone(rng):
    """Those of several pixels or many channels; the gradient is TensorFlow's own."""
    for channels, size in ((3, 3), (16, 1)):
        layer = layers.Conv2D(4, size, strides=2)
        images = tf.constant(rng.random((2, 7, 7, channels), "float32"))
        layer(images)

        @tf.function
        def gradient(images, layer=layer):
            with tf.GradientTape() as tape:
                outputs = layer(images)
            return tape.gradient(outputs, layer.kernel.value)

        operations = gradient.get_concrete_function(images).graph.get_operations()
        (found,) = [op for op in operations if op.type == "Conv2DBackpropFilter"]
        assert found.get_attr("strides") == [1, 2, 2, 1]


def test_explicit_padding(rng):
    """Which TensorFlow knows, and Keras does not use."""
    images = tf.constant(rng.random((1, 5, 6, 2), "float32"))
    kernel = tf.constant(rng.random((1, 1, 2, 3), "float32"))

    def gradients(images, kernel, pads):
        with tf.GradientTape() as tape:
            tape.watch([images, kernel])
            outputs = tf.nn.conv2d(images, kernel, 2, pads)
        return tape.gradient(outputs, [images, kernel], outputs)

    pads = [[0, 0], [1, 2], [3, 0], [0, 0]]
    by_image, by_kernel = gradients(images, kernel, pads)
    padded, expected = gradients(tf.pad(images, pads), kernel, "VALID")
    assert_close(by_kernel, expected.numpy())
    assert_close(by_image, padded[:, 1:-2, 3:].numpy())


LOOPED = {
    "convolution": lambda x, w: tf.nn.conv2d(x[:, 0], w[0], 2, "SAME"),
    "transposed": lambda x, w: tf.nn.conv2d_transpose(x[:, 0], w[0], (2, 8, 8, 2), 2, "SAME"),
    "volumes": lambda x, w: tf.nn.conv3d(
        *(tf.cast(z, "bfloat16") for z in (x, w)), [1] * 5, "SAME"
    ),
    "transposed volumes": lambda x, w: tf.nn.conv3d_transpose(
        *(tf.cast(z, "bfloat16") for z in (x, w)), (2, 1, 4, 4, 2), [1] * 5, "SAME"
    ),
    "pooling": lambda x, w: tf.nn.max_pool3d(x, 2, 2, "SAME") * tf.reduce_sum(w),
}


@pytest.mark.parametrize("name", LOOPED)
def test_in_a_compiled_loop(name, rng):
    """Tensors from outside of the loop, which other operations use, too."""
    size = (3, 1, 1) if "volumes" in name else (1, 1, 1)
    x = tf.constant(rng.random((2, 1, 4, 4, 2), "float32"))
    w = tf.constant(rng.random((*size, 2, 2), "float32"))

    def gradients(x, w, steps):
        with tf.GradientTape() as tape:
            tape.watch([x, w])
            total = tf.constant(0.0)
            for _ in steps:
                y = tf.cast(LOOPED[name](x, w), "float32")
                total += tf.reduce_sum(y**2) + tf.reduce_sum(x**2) + tf.reduce_sum(w**2)
        return tape.gradient(total, [x, w])

    looped = tf.function(lambda x, w: gradients(x, w, tf.range(2)))(x, w)
    for found, expected in zip(looped, gradients(x, w, range(2)), strict=True):
        np.testing.assert_allclose(found, expected, rtol=0.02 if "volumes" in name else 1e-5)


VOLUMES = {
    "convolution": lambda: layers.Conv3D(3, 3, padding="same"),
    "transposed": lambda: layers.Conv3DTranspose(3, 3, padding="same"),
    "wrapped": lambda: layers.TimeDistributed(layers.Conv3D(3, 3, padding="same")),
}


@pytest.mark.parametrize("known", [True, False])
@pytest.mark.parametrize("name", VOLUMES)
def test_a_kernel_larger_than_its_volumes_in_bfloat16(name, known, rng):
    """The gradients are those in single precision, up to rounding to 8 bits."""
    volumes = rng.normal(size=(2, 2, 8, 8, 2)).astype("float32")
    volumes = volumes[:, None] if name == "wrapped" else volumes
    shape = volumes.shape[1:] if known else (*volumes.shape[1:-4], None, None, None, 2)

    def net(dtype):
        keras.utils.set_random_seed(0)
        inputs = keras.Input(shape, dtype="float32")
        before = keras.config.dtype_policy()
        keras.config.set_dtype_policy(dtype)
        try:
            return keras.Model(inputs, VOLUMES[name]()(inputs))
        finally:
            keras.config.set_dtype_policy(before)

    def of(dtype):
        model = net(dtype)
        junk = [np.full((3, 3, 3, 2, 3), np.nan, "float16") for _ in range(99)]
        del junk  # NaN in the memory that is free

        @tf.function(input_signature=[tf.TensorSpec((2, *shape))])
        def gradients(volumes):
            with tf.GradientTape() as tape:
                outputs = keras.ops.cast(model(volumes), "float32")
            weights = [v.value for v in model.trainable_variables]
            return tape.gradient(outputs, weights, outputs)

        return gradients(volumes)

    for found, expected in zip(of("mixed_bfloat16"), of("float32"), strict=True):
        np.testing.assert_allclose(found, expected, atol=0.03 * np.abs(expected).max())
