"""Heatmaps of layers whose maps do not cover the images."""

import re
import warnings

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

import kerascnn as kc
from kerascnn import visualize


def means(*, padding="valid", before=0):
    """Eight means over 5x5 pixels; without padding, the maps lack 16 pixels at each side."""
    inputs = x = keras.Input((64, 56, 1))
    if before:
        x = layers.ZeroPadding2D(before)(x)
    for i in range(8):
        kernel = {"kernel_initializer": keras.initializers.Constant(1 / 25)}
        x = layers.Conv2D(1, 5, activation="relu", padding=padding, name=f"c{i}", **kernel)(x)
    return keras.Model(inputs, layers.Dense(2)(layers.GlobalAveragePooling2D()(x)))


@pytest.fixture(scope="module")
def valid():
    keras.utils.set_random_seed(0)
    model = means()
    model.layers[-1].set_weights([np.array([[-1.0, 1.0]]), np.zeros(2)])
    return model


@pytest.fixture(scope="module")
def pixel():
    """One bright pixel, in row 20 and column 36."""
    image = np.zeros((1, 64, 56, 1), "float32")
    image[0, 20, 36] = 1
    return image


COVER = "the maps of 'c7' cover rows 16 to 48 of 64 and columns 16 to 40 of 56 of the images"
CAMS = ("ablation_cam", "finer_cam", "grad_cam", "hires_cam", "layer_cam")


@pytest.mark.parametrize("name", CAMS)
def test_the_peak_lies_where_the_pixel_is(name, valid, pixel):
    with pytest.warns(UserWarning, match=COVER):
        heatmap = getattr(visualize, name)(valid, pixel, 1)
    assert np.unravel_index(heatmap[0].argmax(), heatmap[0].shape) == (4, 20)
    large = visualize.upsample(valid, pixel, heatmap)[0]
    assert np.unravel_index(large.argmax(), large.shape) == (20, 36)
    np.testing.assert_allclose(large[16:48, 16:40], heatmap[0], rtol=1e-6)
    large[15:49, 15:41] = 0
    assert not large.any()


def test_maps_are_larger_than_padded_images(pixel):
    model = means(padding="same", before=40)
    model.layers[-1].set_weights([np.array([[-1.0, 1.0]]), np.zeros(2)])
    with pytest.warns(UserWarning, match=r"rows -40 to 104 of 64 and columns -40 to 96 of 56"):
        heatmap = visualize.grad_cam(model, pixel, 1)
    large = visualize.upsample(model, pixel, heatmap, "c7")
    np.testing.assert_allclose(large, heatmap[:, 40:104, 40:96], rtol=1e-6)


def test_guided_grad_cam_places_them(valid, pixel):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        heatmap = visualize.grad_cam(valid, pixel, 1)
    expected = np.zeros((1, 64, 56, 1), "float32")
    expected[0, 16:48, 16:40, 0] = heatmap[0]
    expected[:, 15], expected[:, 48] = expected[:, 16], expected[:, 47]  # as far as one unit
    expected[:, :, 15], expected[:, :, 40] = expected[:, :, 16], expected[:, :, 39]
    expected *= visualize.guided_backprop(valid, pixel, 1)
    assert expected.any()
    ours = visualize.guided_grad_cam(valid, pixel, 1)
    np.testing.assert_allclose(ours, expected, rtol=1e-5, atol=1e-12)


def test_score_cam_masks_with_placed_maps(rng):
    """Algorithm 1 of Wang et al. 2020, by hand."""
    keras.utils.set_random_seed(0)
    inputs = keras.Input((40, 40, 1))
    x = layers.Conv2D(3, 21, bias_initializer="ones", name="maps")(inputs)
    model = keras.Model(inputs, layers.Dense(2)(layers.GlobalAveragePooling2D()(x)))
    image = rng.random((1, 40, 40, 1)).astype("float32")
    with pytest.warns(UserWarning, match="rows 10 to 30 of 40"):
        ours = visualize.score_cam(model, image, 1)
    maps = visualize.activations(model, image, "maps")
    masks = maps[0].transpose(2, 0, 1)
    low, high = (f(masks, axis=(1, 2), keepdims=True) for f in (np.min, np.max))
    masks = (masks - low) / (high - low)
    masks = np.pad(masks, ((0, 0), (1, 1), (1, 1)), mode="edge")
    masks = np.pad(masks, ((0, 0), (9, 9), (9, 9)))  # the image is hidden where no unit lies
    scores = model(masks[..., None] * image).numpy()[:, 1] - model(0 * image).numpy()[:, 1]
    alpha = np.exp(scores) / np.exp(scores).sum()
    np.testing.assert_allclose(ours, np.maximum(maps @ alpha, 0), rtol=1e-4, atol=1e-7)


def test_the_advice_names_the_input_if_there_are_several(rng):
    inputs = [keras.Input((40, 40, 1), name=name) for name in "ab"]
    x = layers.Conv2D(2, 21, name="maps")(layers.Concatenate()(inputs))
    model = keras.Model(inputs, layers.Dense(2)(layers.GlobalAveragePooling2D()(x)))
    images = list(rng.random((2, 1, 40, 40, 1)).astype("float32"))
    with pytest.warns(UserWarning, match="rows 10 to 30 of 40") as said:
        heatmaps = visualize.grad_cam(model, images, 1)
    advice = str(said[0].message).partition("them with kerascnn.visualize.")[2].rstrip(".")
    scope = {"upsample": visualize.upsample, "model": model, "images": images, "heatmaps": heatmaps}
    assert eval(advice, scope).shape == (1, 40, 40)


def test_metrics_take_them_placed(valid, pixel):
    """Also of methods that are named."""
    with pytest.warns(UserWarning, match=COVER):
        heatmaps = visualize.grad_cam(valid, pixel, 1)
    placed = visualize.upsample(valid, pixel, heatmaps)
    expected = visualize.metrics.sparseness(placed)
    table = visualize.evaluate(["grad_cam"], valid, pixel, ["sparseness"], target=1)
    np.testing.assert_allclose(table.values["grad_cam"]["sparseness"].ravel(), expected, rtol=1e-5)


def test_maps_that_cover_the_images_are_stretched(rng):
    """As in the papers; also if the first unit sees one pixel, and all see the whole image."""
    model = kc.build_resnet20(input_shape=(32, 32, 3))
    images = rng.random((2, 32, 32, 3)).astype("float32")
    heatmaps = visualize.grad_cam(model, images, 1)
    expected = tf.image.resize(heatmaps[..., None], (32, 32), "bilinear").numpy()[..., 0]
    np.testing.assert_allclose(visualize.upsample(model, images, heatmaps), expected, atol=1e-7)
    inputs = keras.Input((64, 64, 1))
    x = layers.Conv2D(2, 7, strides=32, padding="valid", name="maps")(
        layers.ZeroPadding2D(3)(inputs)
    )
    x = layers.Conv2D(2, 3, padding="same", name="wide")(x)
    model = keras.Model(inputs, layers.Dense(2)(layers.Flatten()(x)))
    visualize.eigen_cam(model, rng.random((1, 64, 64, 1)))


def test_heatmaps_of_another_layer_are_refused(valid, pixel):
    message = "heatmaps must be those of 'c7', whose maps are 32x24; received (1, 60, 52)."
    with pytest.raises(ValueError, match=re.escape(message)):
        visualize.upsample(valid, pixel, np.zeros((1, 60, 52)))
