"""A copy of a model computes what the model computes, or is refused."""

from types import SimpleNamespace

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from kerascnn import convolutionalize, train
from kerascnn._copies import copied
from kerascnn.explorer._measured import Answers
from kerascnn.trained._without_top import without_top
from kerascnn.training._devices import Placement, placed
from kerascnn.visualize.metrics import efficient_mprt, randomization_test

IMAGES = 100 + 50 * np.random.default_rng(0).random((4, 8, 8, 2), "float32")
LABELS = np.arange(4) % 3


@keras.saving.register_keras_serializable("copies")
class Scale(keras.Layer):
    """A layer whose factor is not in its config."""

    factor = 1.0

    def call(self, x):
        return self.factor * x


@keras.saving.register_keras_serializable("copies")
class Noise(keras.Layer):
    """A layer that computes something else each time."""

    def call(self, x):
        return x + tf.random.normal(tf.shape(x), dtype=x.dtype)


def model(first, size=8):
    inputs = keras.Input((size, size, 2))
    x = layers.Flatten()(layers.Conv2D(4, 3, activation="relu", name="conv")(first(inputs)))
    return keras.Model(inputs, layers.Dense(3, "softmax", kernel_initializer="zeros")(x))


def normalization():
    layer = layers.Normalization()
    layer.adapt(IMAGES)
    return layer


def trained(net):
    run = train(
        net, (IMAGES, LABELS), epochs=1, batch_size=4, augment="none", input_range=(0, 255),
        verbose=0,
    )  # fmt: skip
    return run.best()


def on_a_device(net):
    where = Placement(("CPU:0",), "float32", tf.distribute.MirroredStrategy(["CPU:0"]))
    with placed(net, where) as twin:
        return keras.Model(twin.input, twin.output)


def for_the_explorer(net):
    answers = Answers(net, SimpleNamespace(sources=[]), [IMAGES])
    answers._outputs([0 * weight for weight in net.get_weights()])
    answers._outputs(net.get_weights())
    return answers.copy


COPYING = {
    "copied": copied,
    "best": trained,
    "placed": on_a_device,
    "explorer": for_the_explorer,
    "convolutionalize": convolutionalize,
}


@pytest.mark.parametrize("copy", COPYING.values(), ids=COPYING)
def test_an_adapted_normalization_is_copied(copy):
    net = model(normalization())
    net.layers[-1].set_weights([np.random.default_rng(1).normal(size=(144, 3)) / 9, np.ones(3)])
    other = copy(net)
    assert other is not net
    np.testing.assert_allclose(np.reshape(other(IMAGES), (4, 3)), net(IMAGES), rtol=1e-4)


def maps_of(net):
    return keras.Model(net.input, net.get_layer("conv").output)


@pytest.mark.parametrize("test", [randomization_test, efficient_mprt])
def test_the_first_heatmaps_are_those_of_the_model(test):
    net, maps = model(normalization()), []

    def method(copy, images, target):
        maps.append(np.array(maps_of(copy)(images)))
        return maps[-1][..., 0]

    test(net, IMAGES, method, target=1)
    np.testing.assert_allclose(maps[0], maps_of(net)(IMAGES), rtol=1e-5)


def test_a_normalization_without_its_top():
    net = model(normalization())
    below = without_top(net)
    assert below.input_shape == (None, None, None, 2)
    np.testing.assert_allclose(below(IMAGES), maps_of(net)(IMAGES), rtol=1e-5)


def with_a_factor(wrapper=None):
    layer = Scale(name="scale")
    net = model(layer if wrapper is None else wrapper(layer))
    layer.factor = 3.0
    return net


TESTS = {
    test.__name__: lambda net, test=test: test(net, IMAGES, lambda m, x, t: x[..., 0], target=1)
    for test in (randomization_test, efficient_mprt)
}


@pytest.mark.parametrize("copy", [*COPYING.values(), *TESTS.values()], ids=[*COPYING, *TESTS])
def test_a_layer_that_cannot_be_copied_is_named(copy):
    with pytest.raises(ValueError, match=r"the copy of 'scale' \(Scale\) computes something else"):
        copy(with_a_factor())


@pytest.mark.parametrize(
    "wrapper",
    [
        lambda layer: keras.Sequential([layer, layers.ReLU()]),
        lambda layer: layers.TimeDistributed(keras.Sequential([layer])),
    ],
    ids=["nested", "wrapped"],
)
def test_so_is_one_inside_another(wrapper):
    with pytest.raises(ValueError, match=r"computes something else\. Let its get_config\(\)"):
        copied(with_a_factor(wrapper))


def test_a_model_with_a_layer_that_cannot_be_copied_keeps_its_size():
    net = with_a_factor()
    below = without_top(net)
    assert below.input_shape == (None, 8, 8, 2)
    np.testing.assert_allclose(below(IMAGES), maps_of(net)(IMAGES), rtol=1e-5)


@pytest.mark.parametrize("first", [Scale(), Noise()])
@pytest.mark.parametrize("size", [8, None])
def test_other_layers_of_your_own_are_copied(first, size):
    """Also if what they compute is random, or the model takes images of any size."""
    inputs = keras.Input((size, size, 2))
    x = layers.GlobalAveragePooling2D()(layers.Conv2D(4, 3)(first(inputs)))
    copied(keras.Model(inputs, x))
