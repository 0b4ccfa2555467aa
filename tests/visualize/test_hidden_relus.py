"""ReLUs that the rules of guided backpropagation and of the deconvnet do not reach are named."""

import warnings

import keras
import numpy as np
import pytest
import tensorflow as tf
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


def rectifying():
    """A model without weights that applies a ReLU, of `keras.ops`."""
    inputs = keras.Input((6, 6, 4))
    return keras.Model(inputs, ops.maximum(inputs, 0))


rows = layers.Reshape((6, 24))
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
    "bidirectional": (
        rows,
        layers.Bidirectional(layers.SimpleRNN(3, activation="relu"), name="last"),
    ),
    "recurrent activation": (rows, layers.GRU(3, recurrent_activation="relu", name="last")),
    "pipeline": (layers.Pipeline([layers.ReLU()], name="last"),),
    "lambda of a model": (layers.Lambda(rectifying(), name="last"),),
    "activation of a model": (layers.Activation(rectifying(), name="last"),),
    "convolution with a model": (convolution(activation=rectifying()),),
    "model in a wrapper": (
        layers.Reshape((1, 6, 6, 4)),
        layers.TimeDistributed(rectifying(), name="last"),
    ),
    "function in a wrapper": (
        layers.TimeDistributed(layers.Dense(3, lambda x: ops.maximum(x, 0)), name="last"),
    ),
    "map": (lambda x: named(ops.map(ops.relu, x), "last"),),
    "hard tanh": (layers.Activation("hard_tanh", name="last"),),
}


def named(tensor, name):
    """Name the operation that computes a tensor."""
    tensor._keras_history.operation.name = name
    return tensor


@pytest.mark.parametrize("kind", CLOSED)
def test_what_is_not_reached_is_named(kind, rng):
    model = net(*CLOSED[kind])
    with pytest.warns(UserWarning, match=r"rule 'guided' .*'last'"):
        visualize.guided_backprop(model, rng.random((1, 6, 6, 2), "float32"), 0)


def test_layers_without_a_relu_are_passed_in_silence(rng):
    inner = keras.Sequential([keras.Input((4,)), layers.Dense(3, "tanh")])
    model = net(
        layers.Reshape((36, 4)),
        layers.Pipeline([layers.Dropout(0.1)]),
        layers.TimeDistributed(inner),
        layers.Bidirectional(layers.GRU(3, return_sequences=True)),
        layers.LSTM(4),
        layers.Activation("tanh"),
    )
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        visualize.guided_backprop(model, rng.random((1, 6, 6, 2), "float32"), 0)


def test_a_network_of_tensorflow_is_named(tmp_path, rng):
    class Rectifier(tf.Module):
        @tf.function(input_signature=[tf.TensorSpec((None, 6, 6, 4))])
        def serve(self, x):
            return tf.nn.relu(x)

    module = Rectifier()
    tf.saved_model.save(module, str(tmp_path), signatures={"serve": module.serve})
    layer = layers.TFSMLayer(str(tmp_path), call_endpoint="serve", name="last")
    model = net(layer)
    with pytest.warns(UserWarning, match=r"inside 'last', which pass the plain gradient"):
        visualize.guided_backprop(model, rng.random((1, 6, 6, 2), "float32"), 0)


def test_nothing_but_hidden_ones_is_refused(rng):
    inputs = keras.Input((6, 6, 2))
    model = keras.Model(inputs, layers.GlobalAveragePooling2D()(Block(name="block")(inputs)))
    with pytest.raises(ValueError, match=r"it has none, or only inside 'block'"):
        visualize.guided_backprop(model, rng.random((1, 6, 6, 2), "float32"), 0)


def stacked(x, axis):
    return ops.stack([x, ops.zeros_like(x)], axis)


def pooled(x):
    """Each value and 0 are neighbors, of which the pooling takes the larger one."""
    pairs = ops.reshape(stacked(ops.reshape(x, (-1, 144)), 2), (-1, 288, 1))
    return ops.reshape(layers.MaxPooling1D(2)(pairs), (-1, 6, 6, 4))


def dot(x, y):
    return layers.Multiply()([x, y])


WRITTEN_OUT = {  # with the name of the operation that the warning has
    "max": (lambda x: ops.max(stacked(x, 0), axis=0), "max"),
    "amax": (lambda x: ops.amax(ops.stack([x, 0 * x], -1), axis=-1), "amax"),
    "minimum": (lambda x: -ops.min(ops.stack([-x, 0 * x], -1), axis=-1), "min"),
    "constants": (lambda x: ops.max(ops.stack([x, np.zeros((1, 6, 6, 4))], 1), 1), "max"),
    "concatenated": (
        lambda x: ops.max(layers.Concatenate()([ops.reshape(x, (-1, 144, 1)), ops.reshape(
            0 * x, (-1, 144, 1))]), -1), "max"),
    "sorted": (lambda x: ops.sort(stacked(x, -1), -1)[..., 1], "sort"),
    "top_k": (lambda x: ops.top_k(stacked(x, -1), 1)[0][..., 0], "top_k"),
    "max pooling": (pooled, "max_pooling1d"),
    "global max pooling": (
        lambda x: layers.GlobalMaxPooling1D()(stacked(ops.reshape(x, (-1, 144)), 1)),
        "global_max_pooling1d"),
    "logsumexp": (lambda x: ops.logsumexp(stacked(x, 1), axis=1), "logsumexp"),
    "root of the square": (lambda x: (x + ops.sqrt(x * x)) / 2, "sqrt"),
    "power of the square": (lambda x: (x + (x**2) ** 0.5) / 2, "power"),
    "smooth": (lambda x: (x + ops.sqrt(ops.square(x) + 0.1)) / 2, "sqrt"),
    "swish": (lambda x: x * ops.sigmoid(x), "multiply"),
    "swish by layers": (lambda x: dot(x, layers.Activation("sigmoid")(2 * x)), "multiply"),
    "swish by exp": (lambda x: x / (1 + ops.exp(-x)), "true_divide"),
    "steep": (lambda x: x * ops.hard_sigmoid(1e6 * x), "multiply"),
    "hard swish": (lambda x: x * layers.ReLU(6)(x + 3) / 6, "multiply"),
    "gelu": (lambda x: 0.5 * x * (1 + ops.erf(x / 2**0.5)), "multiply"),
    "tanh gelu": (lambda x: x * (1 + ops.tanh(x + 0.04 * x**3)), "multiply"),
    "mish": (lambda x: x * ops.tanh(ops.softplus(x)), "multiply"),
    "softplus": (lambda x: ops.log(1 + ops.exp(x)), "log"),
    "logaddexp": (lambda x: ops.logaddexp(x, 0.0), "logaddexp"),
    "logaddexp of tensors": (lambda x: ops.logaddexp(x, ops.zeros_like(x)), "logaddexp"),
}  # fmt: skip


@pytest.mark.parametrize("written", WRITTEN_OUT)
def test_activations_that_are_written_out_are_named_once(written, rng):
    function, name = WRITTEN_OUT[written]
    model = net(convolution(), function)
    with pytest.warns(UserWarning, match=rf"rule 'guided' .* '{name}(_\d+)?'") as said:
        visualize.guided_backprop(model, rng.random((1, 6, 6, 2), "float32"), 0)
    assert len(said) == 1


def squeeze_and_excite(x):
    gate = layers.Dense(4, "sigmoid")(layers.Dense(2, "relu")(layers.GlobalAveragePooling2D()(x)))
    return dot(x, layers.Reshape((1, 1, 4))(gate))


def hard_gate(x):
    return x * ops.hard_sigmoid(layers.Dense(4)(ops.mean(x, axis=(1, 2), keepdims=True)))


def spatial_attention(x):
    """As in CBAM, with the maximum over the channels of two branches."""
    x = layers.Concatenate()([x, layers.Conv2D(4, 3, padding="same")(x)])
    maps = [ops.max(x, axis=-1, keepdims=True), ops.mean(x, axis=-1, keepdims=True)]
    return x * layers.Conv2D(1, 3, padding="same", activation="sigmoid")(ops.concatenate(maps, -1))


def gated(x):
    """As in WaveNet and GLU: one half of the channels is the gate of the other."""
    return ops.tanh(x[..., :2]) * ops.sigmoid(x[..., 2:])


def attention(x):
    x = ops.reshape(x, (-1, 36, 4))
    scores = ops.softmax(x @ ops.transpose(x, (0, 2, 1)) / 2)
    return layers.MultiHeadAttention(1, 2)(x, x) + scores @ x


def normalized(x):
    centered = x - ops.mean(x, axis=(1, 2), keepdims=True)
    variance = ops.mean(centered * centered, axis=(1, 2), keepdims=True)
    return centered / ops.sqrt(variance + 1e-3)


def lengths(x):
    return x / ops.sqrt(ops.sum(x * x, axis=-1, keepdims=True) + 1e-6)


def both_signs(x):
    """Concatenated ReLU (Shang et al. 2016), pooled."""
    return layers.MaxPooling2D()(layers.Concatenate()([layers.ReLU()(x), layers.ReLU()(-x)]))


def pyramid(x):
    maps = [x, layers.MaxPooling2D(3, 1, "same")(x), layers.MaxPooling2D(5, 1, "same")(x)]
    return layers.GlobalMaxPooling2D()(layers.Conv2D(3, 1)(layers.Concatenate()(maps)))


def views(x):
    """The maximum over several views, each of which has a convolution of its own."""
    return ops.max(ops.stack([layers.Conv2D(2, 3)(x) for _ in range(2)], 1), axis=1)


ORDINARY = {
    "maximum": lambda x: ops.max(x, axis=(1, 2)),
    "squares": lambda x: x * x + 2 * x,
    "probabilities": lambda x: ops.sigmoid(x) * (1 - ops.sigmoid(x)),
    "residual": lambda x: layers.MaxPooling2D()(x + layers.BatchNormalization()(x)),
    "weights over places": lambda x: ops.sum(x * ops.softmax(x, axis=1), axis=1),
} | {
    function.__name__: function
    for function in (
        squeeze_and_excite, hard_gate, spatial_attention, gated, attention, normalized, lengths,
        both_signs, pyramid, views,
    )
}  # fmt: skip


@pytest.mark.parametrize("name", ORDINARY)
def test_ordinary_models_are_passed_in_silence(name, rng):
    model = net(convolution(), ORDINARY[name])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        visualize.guided_backprop(model, rng.random((1, 6, 6, 2), "float32"), 0)
