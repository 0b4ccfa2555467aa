"""What is computed counts, not what it is called: a user's `relu` is not Keras's."""

import warnings

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers, ops

from kerascnn import train, visualize
from kerascnn._graph import flatten
from kerascnn._heads import is_binary, last_activation
from kerascnn._known import is_known
from kerascnn.training import recipe


def relu(z):
    return ops.maximum(z, 0.5 * z)


def relu6(z):
    return ops.minimum(ops.relu(z), 0.1)


def leaky_relu(z):
    return ops.where(z > 0, z, 0.9 * z)


def linear(z):
    return z * z


def sigmoid(z):
    return 1 - ops.sigmoid(z)


def softmax(z):
    return z


class ReLU(layers.Layer):
    """Not the ReLU of Keras."""

    def call(self, z):
        return ops.maximum(z, -0.7 * z)


class Softmax(layers.Layer):
    """Not the softmax of Keras."""

    def call(self, z):
        return ops.softmax(z * ops.convert_to_tensor([1.0, 5.0, -3.0]))


class Identity(layers.Identity):
    """Not the identity."""

    def call(self, z):
        return -3 * z


class Resizing(layers.Layer):
    """Has none of the attributes of Keras's."""

    def call(self, z):
        return 2 * z


def net(*ends, activation="relu"):
    x = image = keras.Input((6, 6, 2))
    keras.utils.set_random_seed(0)
    x = layers.Conv2D(3, 3, activation=activation, name="first")(x)
    x = layers.GlobalAveragePooling2D()(x)
    for end in ends:
        x = end(x)
    return keras.Model(image, x)


def gradient(model, images, unit):
    """The gradient of one output of a model, by a tape."""
    images = tf.convert_to_tensor(images)
    with tf.GradientTape() as tape:
        tape.watch(images)
        score = model(images)[:, unit]
    return tape.gradient(score, images).numpy()


@pytest.mark.parametrize("activation", [relu, relu6, leaky_relu, linear, ReLU()])
def test_an_activation_of_the_users_has_no_rule_whatever_its_name(activation, rng):
    model, images = net(layers.Dense(2), activation=activation), rng.random((1, 6, 6, 2), "float32")
    for method in (visualize.lrp, visualize.deep_lift):
        with pytest.raises(ValueError, match=r"there is none for 'first' \(Conv2D with custom "):
            method(model, images, 0)
    with pytest.raises(ValueError, match="it has none, or only inside 'first', which is not"):
        visualize.guided_backprop(model, images, 0)
    found = visualize.saliency(model, images, 0, reduce=None)
    np.testing.assert_allclose(found, gradient(model, images, 0), atol=1e-6)


@pytest.mark.parametrize("end", [Softmax(), Identity(), layers.Lambda(softmax), Resizing()])
def test_an_end_of_the_users_is_explained_as_it_is(end, rng):
    model = net(layers.Dense(3, activation="softmax"), end)
    images = rng.random((1, 6, 6, 2), "float32")
    with pytest.warns(UserWarning, match="whose function is unknown, so its output is used"):
        found = visualize.saliency(model, images, 2, reduce=None)
    np.testing.assert_allclose(found, gradient(model, images, 2), atol=1e-6)


def test_a_sigmoid_of_the_users_does_not_say_which_class_is_1():
    model = net(layers.Dense(1, activation=sigmoid))
    assert not is_binary(flatten(model))
    with pytest.raises(ValueError, match="ends in one unit without a sigmoid"):
        visualize.saliency(model, np.zeros((1, 6, 6, 2), "float32"), 1)


@pytest.mark.parametrize("function", [softmax, sigmoid, linear])
def test_no_loss_follows_from_a_function_of_the_users(function, tmp_path):
    model = net(layers.Dense(3, activation=function))
    data = np.zeros((4, 6, 6, 2), "float32"), np.arange(4) % 3
    with pytest.raises(ValueError, match=f"received 'custom {function.__name__}': pass loss="):
        train(model, data, recipe=recipe("adam", epochs=1, batch_size=4))


@pytest.mark.parametrize(
    ("function", "name"),
    [
        (tf.nn.softmax, "softmax"),
        (tf.nn.sigmoid, "sigmoid"),
        (ops.softmax, "softmax"),
        (keras.activations.softmax, "softmax"),
        (layers.Softmax(), "softmax"),
        ("linear", "linear"),
    ],
)
def test_functions_of_keras_and_tensorflow_are_known(function, name):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert last_activation(net(layers.Dense(2, activation=function))) == name
        assert last_activation(net(layers.Dense(2), layers.Activation(function))) == name


@pytest.mark.parametrize("function", [tf.nn.relu, tf.nn.leaky_relu, ops.relu6, layers.ReLU()])
def test_relus_of_keras_and_tensorflow_are_known(function, rng):
    model = net(layers.Dense(2), activation=function)
    visualize.guided_backprop(model, rng.random((1, 6, 6, 2), "float32"), 0)


def test_a_saved_lambda_is_still_the_users(tmp_path, rng):
    """Keras takes its code into a module of Keras's."""
    net(layers.Lambda(lambda z: abs(z)), layers.Dense(3)).save(tmp_path / "it.keras")
    model = keras.models.load_model(tmp_path / "it.keras", safe_mode=False)
    function = model.layers[-2].function
    assert function.__module__.startswith("keras.")
    assert not is_known(function)
    with pytest.warns(UserWarning, match="not applied to ReLUs inside 'lambda"):
        visualize.guided_backprop(model, rng.random((1, 6, 6, 2), "float32"), 0)


class Centered(layers.Conv2D):
    """Weight standardization, without the division."""

    def convolution_op(self, inputs, kernel):
        mean = ops.mean(kernel, axis=(0, 1, 2), keepdims=True)
        return super().convolution_op(inputs, kernel - mean)


class Positive(layers.Dense):
    """A dense layer without negative weights."""

    @property
    def kernel(self):
        return ops.softplus(super().kernel)


class Doubled(layers.Dense):
    """What it returns is not what it computes."""

    def __call__(self, *args, **kwargs):
        return 2 * super().__call__(*args, **kwargs)


class Hidden(layers.Conv2D):
    """Its activation is not the one that it is given."""

    @property
    def activation(self):
        return self._given

    @activation.setter
    def activation(self, value):
        self._given = lambda z: value(z) ** 2


class Mixin:
    """What a convolution computes, in a class of its own."""

    def convolution_op(self, inputs, kernel):
        return 2 * ops.conv(inputs, kernel)


class Mixed(Mixin, layers.Conv2D):
    """A convolution with it."""


class Made(layers.Conv2D):
    """A convolution that only differs in how it is made, described and saved."""

    rank = 2  # as in Keras

    def __init__(self, *args, **options):
        super().__init__(*args, **{"padding": "same", **options})

    def build(self, shape):
        super().build(shape)

    def get_config(self):
        return super().get_config()

    def compute_output_shape(self, shape):
        return super().compute_output_shape(shape)

    @property
    def area(self):
        return np.prod(self.kernel_size)

    def halve(self):
        self.kernel.assign(self.kernel / 2)


class Own(layers.BatchNormalization):
    """A batch normalization by another name."""


CHANGED = {
    "convolution_op": Centered(3, 3, activation="relu", name="own"),
    "in a mixin": Mixed(3, 3, name="own"),
    "__call__": Doubled(3, name="own"),
    "kernel": Positive(3, activation="relu", name="own"),
    "activation": Hidden(3, 3, activation="relu", name="own"),
}


def around(layer, end=None):
    image = keras.Input((6, 6, 2))
    features = layers.GlobalAveragePooling2D()(layer(image))
    return keras.Model(image, layers.Dense(2, end)(features))


@pytest.mark.parametrize("name", CHANGED)
def test_layers_that_compute_otherwise_have_no_rule(name, rng):
    """Each rule replaces the kernel, which the layer would change once more."""
    model, images = around(CHANGED[name]), rng.random((1, 6, 6, 2), "float32")
    for method in (visualize.lrp, visualize.deep_lift):
        with pytest.raises(ValueError, match="there is none for 'own'"):
            method(model, images, 0)
    found = visualize.saliency(model, images, 0, reduce=None)
    np.testing.assert_allclose(found, gradient(model, images, 0), atol=1e-6)


def test_the_head_of_a_changed_layer_is_known_but_has_no_rule(rng):
    image = keras.Input((3,))
    model = keras.Model(image, Positive(2, activation="softmax", name="own")(image))
    assert last_activation(model) == "softmax"
    with pytest.raises(ValueError, match="there is none for 'own'"):
        visualize.lrp(model, rng.random((1, 3), "float32"), 0)
    found = visualize.saliency(model, rng.random((1, 3), "float32"), 1, reduce=None)
    np.testing.assert_allclose(found[0], np.asarray(model.layers[-1].kernel)[:, 1], atol=1e-6)


@pytest.mark.parametrize("method", [visualize.lrp, visualize.deep_lift])
def test_layers_that_are_only_made_otherwise_keep_their_rule(method, rng):
    model = around(keras.Sequential([Made(3, 3, activation="relu"), Own()]))
    plain = around(
        keras.Sequential([
            layers.Conv2D(3, 3, padding="same", activation="relu"), layers.BatchNormalization()
        ])
    )  # fmt: skip
    plain.set_weights(model.get_weights())
    images = rng.random((1, 6, 6, 2), "float32")
    ours, theirs = (method(each, images, 0).attributions for each in (model, plain))
    np.testing.assert_allclose(ours, theirs, atol=1e-7)
