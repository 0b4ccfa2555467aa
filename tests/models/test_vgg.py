"""VGG against keras.applications, and its widths."""

import keras
import numpy as np
import pytest

import kerascnn as kc

IMAGES = np.random.default_rng(0).random((2, 32, 48, 3), "float32")


@pytest.mark.parametrize(
    ("ours", "theirs", "parameters"),
    [
        (kc.build_vgg16, keras.applications.VGG16, 14_714_688),
        (kc.build_vgg19, keras.applications.VGG19, 20_024_384),
    ],
)
def test_is_keras_applications(ours, theirs, parameters, no_values, random_weights, call):
    with no_values():
        theirs = theirs(include_top=False, weights=None, input_shape=(32, 48, 3))
        ours = ours(include_top=False, input_shape=(32, 48, 3))
    assert [layer.name for layer in ours.layers[1:]] == [layer.name for layer in theirs.layers[1:]]
    assert ours.count_params() == parameters
    weights = list(random_weights(theirs))
    expected = call(theirs, weights, IMAGES)
    assert np.ptp(expected) > 0  # not all silent
    np.testing.assert_allclose(call(ours, weights, IMAGES), expected, rtol=1e-5, atol=1e-7)


def test_top_has_the_layers_of_keras_applications(no_values):
    with no_values():
        model = kc.build_vgg16(input_shape=(32, 32, 3))
    assert [layer.name for layer in model.layers[-4:]] == ["flatten", "fc1", "fc2", "predictions"]
    for rate in (0.5, np.float32(0.5)):
        with no_values():
            with_dropout = kc.build_vgg16(input_shape=(32, 32, 3), dropout=rate)
        rates = [layer.rate for layer in with_dropout.layers if hasattr(layer, "rate")]
        assert rates == [0.5, 0.5]
    for rate in (1, -0.1, "half"):
        with pytest.raises(ValueError, match="dropout must be a number of at least 0 and below 1"):
            kc.build_vgg16(dropout=rate)


@pytest.mark.parametrize(("build", "layers"), [(kc.build_vgg11, 11), (kc.build_vgg13, 13)])
def test_depth_is_the_name(build, layers, no_values):
    with no_values():
        model = build()
    kinds = (keras.layers.Conv2D, keras.layers.Dense)
    assert sum(isinstance(layer, kinds) for layer in model.layers) == layers


def test_width_scales_filters_and_units(no_values):
    with no_values():
        model = kc.build_vgg16(width=0.125, input_shape=(32, 32, 3))
    convolutions = [model.get_layer(f"block{b}_conv1").filters for b in (1, 2, 3, 4, 5)]
    assert convolutions == [8, 16, 32, 64, 64]
    assert model.get_layer("fc1").units == 512
    with no_values():
        model = kc.build_vgg16(width=0.3, input_shape=(32, 32, 3))
    convolutions = [model.get_layer(f"block{b}_conv1").filters for b in (1, 2, 3, 4, 5)]
    assert convolutions == [19, 38, 77, 154, 154]  # of 19.2, 38.4, 76.8 and 153.6
    for width in (0, -1, "narrow", True, float("nan")):
        with pytest.raises(ValueError, match="width must be a positive number"):
            kc.build_vgg16(width=width)


def test_batch_normalization_as_in_torchvision(no_values):
    with no_values():
        model = kc.build_vgg16(batch_normalization=True, dropout=0.5)
    trainable = sum(int(np.prod(weight.shape)) for weight in model.trainable_weights)
    assert trainable == 138_365_992  # torchvision's documentation of vgg16_bn
    names = [layer.name for layer in model.layers[1:4]]
    assert names == ["block1_conv1", "block1_conv1_bn", "block1_conv1_relu"]
    assert model.get_layer("block1_conv1").activation is keras.activations.linear
    assert model.get_layer("block1_conv1_relu").activation is keras.activations.relu


def test_hidden_units(no_values):
    with no_values():
        model = kc.build_vgg16(width=0.125, hidden=256, input_shape=(32, 32, 3))
    assert model.get_layer("fc2").units == 32


@pytest.mark.parametrize("build", [kc.build_vgg11, kc.build_fcn8s])
@pytest.mark.parametrize("hidden", [0, 2.5])
def test_hidden_units_are_counted(build, hidden):
    with pytest.raises(ValueError, match=f"hidden must be a whole number .* received {hidden}"):
        build(width=1 / 64, hidden=hidden)
