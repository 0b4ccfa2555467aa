"""ReLUs that the rules of guided backpropagation and of the deconvnet do not reach are named."""

import warnings

import keras
import numpy as np
import pytest
from keras import layers, ops

from kerascnn import visualize


class Block(layers.Layer):
    """A convolution with a ReLU, of the user's."""

    def build(self, shape):
        self.kernel = self.add_weight(shape=(3, 3, shape[-1], 4))

    def call(self, x):
        return ops.relu(ops.conv(x, self.kernel, padding="same"))

    def compute_output_shape(self, shape):
        return (*shape[:-1], 4)


class OwnReLU(layers.ReLU):
    """Nothing but another name."""


class Own(layers.Layer):
    """A ReLU, of the user's."""

    def call(self, x):
        return ops.relu(x)


class Rectified(layers.Conv2D):
    """A convolution of the user's that applies a ReLU, whatever its activation is."""

    def call(self, x):
        return ops.relu(super().call(x))


class OwnModel(keras.Model):
    """A model whose graph is not what it computes."""

    def __init__(self, **options):
        inputs = keras.Input((6, 6, 4))
        super().__init__(inputs, layers.Identity()(inputs), **options)

    def call(self, x):
        return ops.relu(x)


def convolution(**options):
    return layers.Conv2D(4, 3, padding="same", name="last", **options)


def net(*ends):
    x = inputs = keras.Input((6, 6, 2))
    for layer in (layers.Conv2D(4, 3, padding="same", activation="relu"), *ends):
        x = layer(x)
    return keras.Model(inputs, layers.Dense(2)(layers.Flatten()(x)))


OPEN = {
    "subclass": (convolution(), OwnReLU()),
    "maximum": (convolution(), lambda x: ops.maximum(x, 0)),
    "maximum, the other way": (convolution(), lambda x: ops.maximum(0.0, x)),
    "lambda": (convolution(), layers.Lambda(keras.activations.relu)),
}


@pytest.mark.parametrize("written", OPEN)
def test_a_relu_is_seen_however_it_is_written(written, rng):
    plain, model = net(convolution(activation="relu")), net(*OPEN[written])
    model.set_weights(plain.get_weights())
    images = rng.random((2, 6, 6, 2), "float32")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        ours = visualize.guided_backprop(model, images, 0)
    np.testing.assert_allclose(ours, visualize.guided_backprop(plain, images, 0), atol=1e-6)


CLOSED = {
    "custom layer": (Block(name="last"),),
    "custom convolution": (Rectified(4, 3, name="last"),),
    "time distributed": (
        layers.Reshape((1, 6, 6, 4)),
        layers.TimeDistributed(layers.Conv2D(4, 3, activation="relu"), name="last"),
    ),
    "wrapper": (layers.SpectralNormalization(convolution(activation="relu"), name="last"),),
    "lambda": (layers.Lambda(lambda x: ops.where(x > 0, x, 0.0), name="last"),),
    "function of the user's": (convolution(activation=lambda x: ops.maximum(x, 0)),),
    "recurrent": (layers.Reshape((6, 24)), layers.SimpleRNN(3, activation="relu", name="last")),
    "a layer of the user's as activation": (convolution(activation=Own()),),
    "minimum": (lambda x: -keras.layers.Minimum(name="last")([-x, 0 * x]),),
    "maximum of layers": (lambda x: layers.Maximum(name="last")([x, 0 * x]),),
    "model with a call of its own": (OwnModel(name="last"),),
    "leaky": (layers.LeakyReLU(name="last"),),
    "prelu": (layers.PReLU(name="last"),),
    "swish": (convolution(activation="swish"),),
    "gelu": (layers.Activation("gelu", name="last"),),
}


@pytest.mark.parametrize("kind", CLOSED)
def test_what_is_not_reached_is_named(kind, rng):
    model = net(*CLOSED[kind])
    with pytest.warns(UserWarning, match=r"rule 'guided' .*'last'"):
        visualize.guided_backprop(model, rng.random((1, 6, 6, 2), "float32"), 0)


def test_layers_without_a_relu_are_passed_in_silence(rng):
    model = net(layers.Reshape((6, 24)), layers.LSTM(4), layers.Activation("tanh"))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        visualize.guided_backprop(model, rng.random((1, 6, 6, 2), "float32"), 0)


def test_nothing_but_hidden_ones_is_refused(rng):
    inputs = keras.Input((6, 6, 2))
    model = keras.Model(inputs, layers.GlobalAveragePooling2D()(Block(name="block")(inputs)))
    with pytest.raises(ValueError, match=r"it has none, or only inside 'block'"):
        visualize.guided_backprop(model, rng.random((1, 6, 6, 2), "float32"), 0)
