import keras
import numpy as np
import pytest
from keras import layers

import kerascnn as kc


def chain(*more, shape=(8, 8, 3)):
    return keras.Sequential([keras.Input(shape), *more])


def test_one_picture_for_each_filter():
    layer = layers.Conv2D(4, (3, 5), name="conv")
    model = chain(layer, layers.Conv2D(2, 1))
    kernel = np.arange(3 * 5 * 3 * 4, dtype="float32").reshape(3, 5, 3, 4)
    layer.set_weights([kernel, np.zeros(4)])
    for ours in (kc.visualize.filters(model), kc.visualize.filters(model, layer)):
        assert ours.shape == (4, 3, 5, 3)
        assert ours[2, 1, 4, 0] == kernel[1, 4, 0, 2]


def test_depthwise_and_transposed():
    depthwise, transposed = layers.DepthwiseConv2D(3), layers.Conv2DTranspose(5, 2)
    model = chain(depthwise, transposed)
    assert kc.visualize.filters(model, depthwise).shape == (3, 3, 3, 1)
    ours = kc.visualize.filters(model, transposed)
    assert ours.shape == (5, 2, 2, 3)  # five output channels, each made of three
    assert ours[4, 1, 0, 2] == transposed.get_weights()[0][1, 0, 4, 2]


def test_nested_and_mixed_precision(policy):
    policy("mixed_float16")
    inner = chain(layers.Conv2D(4, 3, name="deep"))
    model = chain(inner, layers.Flatten(), layers.Dense(2))
    assert kc.visualize.filters(model, "deep").dtype == np.float32
    assert kc.visualize.filters(model).shape == (4, 3, 3, 3)


def test_filters_are_a_copy():
    model = chain(layers.Conv2D(1, 1))
    kc.visualize.filters(model)[:] = 7
    assert not (model.get_weights()[0] == 7).any()


@pytest.mark.parametrize("layer", ["pool", "dense"])
def test_layers_without_filters_are_refused(layer):
    model = chain(
        layers.Conv2D(1, 1, name="conv"),
        layers.MaxPooling2D(name="pool"),
        layers.Flatten(),
        layers.Dense(2, name="dense"),
    )
    with pytest.raises(
        ValueError, match=f"'{layer}' is a layer of type .*first convolution is 'conv'"
    ):
        kc.visualize.filters(model, layer)


def test_models_without_convolutions_are_refused():
    with pytest.raises(ValueError, match="layer"):
        kc.visualize.filters(chain(layers.Dense(2), shape=(4,)))


@pytest.mark.parametrize(
    ("wrapper", "shape", "convolution"),
    [
        (layers.TimeDistributed, (2, 8, 8, 3), layers.Conv2D),
        (layers.TimeDistributed, (2, 8, 8, 3), layers.SeparableConv2D),
        (layers.SpectralNormalization, (8, 8, 3), layers.Conv2D),
        (layers.SpectralNormalization, (8, 8, 3), layers.Conv2DTranspose),
    ],
)
def test_filters_in_a_wrapper(wrapper, shape, convolution):
    own = convolution(4, 3)
    wrapped = keras.Sequential([keras.Input(shape), wrapper(own, name="w")])
    alone = keras.Sequential([keras.Input((8, 8, 3)), own])
    for layer in (None, "w"):
        found = kc.visualize.filters(wrapped, layer)
        np.testing.assert_array_equal(found, kc.visualize.filters(alone))


def test_filters_of_a_separable_convolution_do_what_it_does(rng):
    layer = layers.SeparableConv2D(4, 3, depth_multiplier=2, use_bias=False, name="sep")
    model = keras.Sequential([keras.Input((5, 6, 3)), layer])
    images = rng.random((2, 5, 6, 3)).astype("float32")
    kernel = np.moveaxis(kc.visualize.filters(model, "sep"), 0, -1)
    assert kernel.shape == (3, 3, 3, 4)
    np.testing.assert_allclose(keras.ops.conv(images, kernel), model(images), atol=1e-5)


def test_filters_with_low_rank_adaptation(rng):
    """W + α/r · A B (Hu et al. 2021, arXiv:2106.09685), as the convolution itself computes."""
    model = keras.Sequential([keras.Input((5, 6, 3)), layers.Conv2D(4, 3, name="c")])
    layer = model.get_layer("c")
    before = kc.visualize.filters(model)
    layer.enable_lora(2)
    layer.lora_kernel_b.assign(rng.random(layer.lora_kernel_b.shape))
    kernel = np.moveaxis(kc.visualize.filters(model), 0, -1)
    assert np.abs(np.moveaxis(kernel, -1, 0) - before).max() > 0.01
    images = rng.random((2, 5, 6, 3)).astype("float32")
    np.testing.assert_allclose(keras.ops.conv(images, kernel), model(images), atol=1e-5)
