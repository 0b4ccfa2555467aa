"""Strided 1x1 convolutions, whose gradients TensorFlow must not compute with strides."""

import keras
import numpy as np
import pytest
from keras import layers

import kerascnn as kc
from kerascnn._strided_pointwise import strides_made_safe


@pytest.fixture
def steps_of(monkeypatch):
    """The strides of each convolution that Keras computes, and the side of its kernel."""
    steps, conv = [], keras.ops.conv

    def spy(inputs, kernel, strides=1, **options):
        steps.append((kernel.shape[0], max(strides) if isinstance(strides, list) else strides))
        return conv(inputs, kernel, strides=strides, **options)

    monkeypatch.setattr(keras.ops, "conv", spy)
    monkeypatch.setattr("keras.src.layers.convolutional.base_conv.ops.conv", spy)
    return steps


def net(*, strides=2, channels=3, **options):
    inputs = keras.Input((7, 8, channels))
    x = layers.Conv2D(4, 1, strides=strides, activation="relu", name="shortcut", **options)(inputs)
    x = layers.Conv2D(3, 3, strides=2, padding="same")(x)
    return keras.Model(inputs, layers.Dense(2, "softmax")(layers.Flatten()(x)))


@pytest.mark.parametrize("strides", [2, (3, 1)])
@pytest.mark.parametrize("padding", ["same", "valid"])
def test_the_result_is_that_of_keras(strides, padding, rng):
    model = net(strides=strides, padding=padding)
    images = rng.random((3, 7, 8, 3), "float32")
    expected = model(images).numpy()
    np.testing.assert_allclose(
        kc.visualize.activations(model, images, model.layers[-1].name), expected, rtol=1e-5
    )
    with strides_made_safe(model):
        np.testing.assert_allclose(model(images), expected, rtol=1e-5)
    assert "convolution_op" not in vars(model.get_layer("shortcut"))


def test_signals_are_rows_of_pixels(rng, steps_of):
    """TensorFlow computes Conv1D as Conv2D."""
    inputs = keras.Input((9, 3))
    x = layers.Conv1D(4, 1, strides=2, padding="causal", name="shortcut")(inputs)
    model = keras.Model(inputs, layers.Dense(2)(layers.Flatten()(x)))
    expected = model(signals := rng.random((3, 9, 3), "float32"))
    steps_of.clear()
    with strides_made_safe(model):
        np.testing.assert_allclose(model(signals), expected, rtol=1e-5)
    assert steps_of == [(1, 1)]


METHODS = {
    "train": lambda model, images: kc.train(
        model, (images, np.array([0, 1, 1])), epochs=1, batch_size=3, verbose=0
    ),
    "weight_gradients": lambda m, images: kc.visualize.weight_gradients(
        m, images, lambda y: y[:, 0]
    ),
    "a callable target": lambda m, images: kc.visualize.saliency(m, images, lambda y: y[:, 0]),
    "lrp": lambda m, images: kc.visualize.lrp(m, images, lambda y: y[:, 0], composite="zero"),
}


@pytest.mark.parametrize("method", METHODS)
def test_tensorflow_computes_no_such_gradient(method, rng, steps_of):
    images = rng.random((3, 7, 8, 3), "float32")
    model = net()
    steps_of.clear()
    METHODS[method](model, images)
    assert (3, 2) in steps_of
    assert (1, 1) in steps_of
    assert (1, 2) not in steps_of
    steps_of.clear()
    METHODS[method](net(channels=16), images.repeat(6, axis=-1)[..., :16])  # is safe as it is
    assert (1, 2) in steps_of


def test_a_convolution_of_ones_own_is_left_alone(rng):
    class Doubled(layers.Conv2D):
        def convolution_op(self, inputs, kernel):
            return 2 * super().convolution_op(inputs, kernel)

    model = keras.Sequential([keras.Input((4, 4, 2)), Doubled(3, 1, strides=2, name="own")])
    images = rng.random((1, 4, 4, 2), "float32")
    with strides_made_safe(model):
        expected = model(images)
    np.testing.assert_allclose(kc.visualize.activations(model, images, "own"), expected, rtol=1e-6)


@pytest.mark.parametrize("method", ["train", "weight_gradients", "a callable target"])
def test_a_transposed_convolution_is_refused(method, rng):
    x = inputs = keras.Input((4, 4, 3))
    x = layers.Conv2DTranspose(2, 1, strides=2, name="up")(x)
    model = keras.Model(inputs, layers.Dense(2, "softmax")(layers.Flatten()(x)))
    images = rng.random((3, 4, 4, 3), "float32")
    with pytest.raises(NotImplementedError, match="'up' safely, a transposed 1x1 convolution"):
        METHODS[method](model, images)
    assert kc.visualize.saliency(model, images, 1).shape == (3, 4, 4)  # compiled


def test_a_run_that_is_refused_writes_nothing(rng, tmp_path):
    x = layers.Conv2DTranspose(2, 1, strides=2, name="up")(inputs := keras.Input((4, 4, 3)))
    model = keras.Model(inputs, layers.Dense(2, "softmax")(layers.Flatten()(x)))
    data = rng.random((3, 4, 4, 3), "float32"), np.array([0, 1, 1])
    with pytest.raises(NotImplementedError, match="'up' safely"):
        kc.train(model, data, epochs=1, batch_size=3, run_dir=tmp_path / "run", verbose=0)
    assert not (tmp_path / "run").exists()
