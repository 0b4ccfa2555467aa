"""Pictures in [0, 1] for models that rescale 0 … 255 by themselves."""

import warnings
from functools import partial

import keras
import numpy as np
import pytest
from keras import layers

import kerascnn as kc
from kerascnn import visualize
from kerascnn._graph import flatten
from kerascnn.visualize._engine.trunk import trunk_of

NORMALIZED = {"mean": [123.7, 116.3, 103.5], "variance": [3411.0, 3263.0, 3284.0]}


@pytest.fixture(scope="module")
def core():
    inputs = keras.Input((12, 12, 3))
    return keras.Model(inputs, layers.Conv2D(4, 3, activation="sigmoid", name="conv")(inputs))


@pytest.fixture
def picture(rng):
    return rng.random((1, 12, 12, 3), "float32")


def dream(model, picture, **options):
    return visualize.deep_dream(model, picture, "conv", octaves=1, steps=2, jitter=0, **options)


def test_a_model_that_rescales_gets_what_it_wants(core, picture):
    inputs = keras.Input((12, 12, 3))
    model = keras.Model(inputs, core(layers.Rescaling(1 / 255)(layers.RandomFlip()(inputs))))
    with pytest.warns(UserWarning, match=r"rescales 0 … 255 in its layer 'rescaling"):
        ours = dream(model, picture)
    np.testing.assert_allclose(ours, dream(core, picture), atol=1e-6)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        np.testing.assert_array_equal(dream(model, picture, preprocessing="0-255"), ours)
        assert np.abs(dream(model, picture, preprocessing="0-1") - ours).max() > 1e-3


@pytest.mark.parametrize(
    ("layer", "rescales"),
    [
        (layers.Rescaling(1 / 127.5, -1), True),  # MobileNetV3
        (layers.Normalization(**NORMALIZED), True),  # ConvNeXt
        (layers.Rescaling(2.0, -1), False),
        (layers.Normalization(mean=0.5, variance=0.1), False),
        (layers.BatchNormalization(), False),
    ],
)
def test_which_layers_say_so(layer, rescales):
    inputs = keras.Input((12, 12, 3))
    model = keras.Model(inputs, layers.Conv2D(2, 3, name="conv")(layer(inputs)))
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        trunk = trunk_of(model, flatten(model), ["conv"])
    assert (trunk.preprocessing is not None) == rescales == len(said)


def test_preprocess_input_of_keras_is_known(core, picture):
    keras_own = keras.applications.vgg16.preprocess_input
    ours = kc.weights.preprocessing("vgg16", "imagenet")
    np.testing.assert_allclose(
        dream(core, picture, preprocessing=keras_own),
        dream(core, picture, preprocessing=ours),
        atol=1e-5,
    )


def test_preprocess_input_of_keras_with_a_mode_is_known(core, picture):
    of_keras = keras.applications.imagenet_utils.preprocess_input
    ours = dream(core, picture, preprocessing=partial(of_keras, mode="torch"))
    mean, std = np.array([0.485, 0.456, 0.406]), np.array([0.229, 0.224, 0.225])
    by_hand = dream(core, picture, preprocessing=lambda x: (x - mean) / std)
    np.testing.assert_allclose(ours, by_hand, atol=1e-5)


@pytest.mark.parametrize(
    ("function", "takes_levels"),
    [
        (lambda x: keras.applications.vgg16.preprocess_input(x), True),
        (lambda x: keras.applications.mobilenet.preprocess_input(x), True),
        (lambda x: x / 255.0, True),
        (lambda x: keras.applications.vgg16.preprocess_input(255 * x), False),
        (lambda x: 255 * x - 128, False),
        (lambda x: 1 - 2 * x, False),
        (lambda x: (x - 0.5) / 0.25, False),
        (kc.weights.preprocessing("vgg16", "imagenet"), False),
    ],
)
def test_a_function_of_0_to_255_is_doubted(function, takes_levels, core, picture):
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        trunk_of(core, flatten(core), ["conv"], function)
    assert ["seems to take values from 0 to 255" in str(w.message) for w in said] == (
        [True] * takes_levels
    )


@pytest.mark.parametrize(
    ("function", "range_"),
    [
        (lambda x: 2 * x - 1, "from -1 to 1"),
        (lambda x: x, "from 0 to 1"),
        (lambda x: (x - 0.4) / 0.25, "from -1.6 to 2.4"),
        (keras.applications.mobilenet_v2.preprocess_input, "from -1 to 1"),
        (lambda x: 255 * x, None),
        (keras.applications.mobilenet_v3.preprocess_input, None),  # leaves 0 … 255 as it is
    ],
)
def test_what_is_prepared_for_a_model_that_rescales_is_doubted(function, range_, core):
    inputs = keras.Input((12, 12, 3))
    model = keras.Model(inputs, core(layers.Rescaling(1 / 255, name="scale")(inputs)))
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        trunk_of(model, flatten(model), ["conv"], function)
    found = [str(w.message) for w in said]
    if range_ is None:
        assert not found
    else:
        assert len(found) == 1
        assert f"in its layer 'scale', but preprocessing gives values {range_}, so" in found[0]


@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        ("caffe", ValueError, "preprocessing must be one of '0-1', '0-255'; received 'caffe'"),
        (255, TypeError, "must be '0-1', '0-255', or a function .* received int"),
    ],
)
def test_errors_teach(given, error, message, core, picture):
    with pytest.raises(error, match=message):
        dream(core, picture, preprocessing=given)
