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
