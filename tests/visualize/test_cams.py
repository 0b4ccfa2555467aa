"""Grad-CAM++, Layer-CAM, HiRes-CAM and Guided Grad-CAM against equations and tf-keras-vis."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers
from tf_keras_vis.gradcam_plus_plus import GradcamPlusPlus
from tf_keras_vis.layercam import Layercam
from tf_keras_vis.utils.model_modifiers import ReplaceToLinear
from tf_keras_vis.utils.scores import CategoricalScore

import kerascnn as kc
from kerascnn.visualize._engine.answers import gradients_at
from kerascnn.visualize._engine.question import ask

TINY = 1e-7  # tf-keras-vis adds it to the range before it divides


@pytest.fixture(scope="module")
def shared():
    keras.utils.set_random_seed(0)
    inputs = keras.Input((12, 8, 2))
    x = layers.Conv2D(6, 3, activation="relu", padding="same", name="conv")(inputs)
    x = layers.MaxPooling2D(2, name="maps")(x)
    x = layers.Dense(10, activation="relu")(layers.Flatten()(x))
    return keras.Model(inputs, layers.Dense(4, activation="softmax", name="head")(x))


@pytest.fixture
def gradients(monkeypatch):
    """Make a method see maps and gradients that are given."""

    def give(module, maps, grads):
        arrays = [np.asarray(x, "float32") for x in (maps, grads)]
        monkeypatch.setattr(module, "ask", lambda *a: None)
        monkeypatch.setattr(module, "gradients_at", lambda *a, **k: arrays)

    return give


def test_grad_cam_plus_plus_by_hand(gradients):
    """Two maps of 1×2: ΣA = 4 and 2; the gradient -1 counts for nothing."""
    from kerascnn.visualize import _grad_cam_plus_plus as module

    gradients(module, [[[[1, 2], [3, 0]]]], [[[[0.5, -1], [2, 0]]]])
    # α = g²/(2g² + ΣA·g³): 0.25/(0.5 + 4·0.125) = 1/4, 4/(8 + 4·8) = 1/10; w = 1/8 + 1/5 = 0.325
    heatmap = module.grad_cam_plus_plus(None, None)
    np.testing.assert_allclose(heatmap, [[[0.325, 0.975]]], rtol=1e-6)
    # Divided by their sum, 0.35: w = (1/8 + 1/5)/0.35
    normalized = module.grad_cam_plus_plus(None, None, normalize_alpha=True)
    np.testing.assert_allclose(normalized, [[[0.325 / 0.35, 0.975 / 0.35]]], rtol=1e-6)


def test_grad_cam_plus_plus_by_its_equations(model, images):
    maps, g = (x.astype("float64") for x in gradients_at(ask(model, images, 1), "conv"))
    total = maps.sum(axis=(1, 2), keepdims=True)
    alpha = g**2 / np.where(g == 0, 1, 2 * g**2 + total * g**3)
    weights = (alpha * np.maximum(g, 0)).sum(axis=(1, 2), keepdims=True)
    expected = np.maximum((weights * maps).sum(axis=-1), 0)
    assert expected.max() > 0
    ours = kc.visualize.grad_cam_plus_plus(model, images, 1, "conv")
    np.testing.assert_allclose(ours, expected, rtol=1e-4)


def test_grad_cam_plus_plus_is_nearly_grad_cam_with_positive_gradients(model, images):
    """Lerma & Lucas 2022: with small gradients α is ½."""
    model.layers[-1].set_weights([1e-4 * w for w in model.layers[-1].get_weights()])
    maps, g = gradients_at(ask(model, images, 1), "conv")
    weights = 0.5 * np.maximum(g, 0).sum(axis=(1, 2), keepdims=True)
    ours = kc.visualize.grad_cam_plus_plus(model, images, 1, "conv")
    np.testing.assert_allclose(ours, (weights * maps).sum(axis=-1), rtol=1e-2)


def normalized(maps):
    low, high = (f(maps, axis=(1, 2), keepdims=True) for f in (np.min, np.max))
    return (maps - low) / (high - low + TINY)


@pytest.mark.parametrize(
    ("peer", "ours"),
    [
        (GradcamPlusPlus, lambda *a: kc.visualize.grad_cam_plus_plus(*a, normalize_alpha=True)),
        (Layercam, kc.visualize.layer_cam),
    ],
    ids=["grad_cam_plus_plus", "layer_cam"],
)
@pytest.mark.parametrize("layer", ["conv", "maps"])
def test_equals_tf_keras_vis(peer, ours, layer, model, images):
    expected = peer(model, model_modifier=ReplaceToLinear(), clone=True)(
        CategoricalScore([0, 1, 2]), images, penultimate_layer=layer,
        seek_penultimate_conv_layer=False, expand_cam=False,
    )  # fmt: skip
    assert np.ptp(expected) > 0.5
    heatmaps = normalized(ours(model, images, [0, 1, 2], layer))
    np.testing.assert_allclose(heatmaps, expected, atol=1e-3)


def test_layer_cam_by_hand(gradients):
    from kerascnn.visualize import _layer_cam as module

    gradients(module, [[[[1, 2], [3, 4]]]], [[[[0.5, -1], [2, 1]]]])
    np.testing.assert_allclose(module.layer_cam(None, None), [[[0.5, 10]]])


def test_hires_cam_by_hand(gradients):
    from kerascnn.visualize import _hires_cam as module

    gradients(module, [[[[1, 2], [3, 4]]]], [[[[0.5, -1], [2, 1]]]])
    np.testing.assert_allclose(module.hires_cam(None, None), [[[-1.5, 10]]])
    np.testing.assert_allclose(module.hires_cam(None, None, relu=True), [[[0, 10]]])


def test_hires_cam_sums_to_the_score(images):
    """With flattening and one dense layer, up to the bias: only places that were used."""
    inputs = keras.Input((12, 8, 2))
    x = layers.Conv2D(6, 3, activation="relu", name="maps")(inputs)
    head = layers.Dense(4, bias_initializer="ones")
    linear = keras.Model(inputs, head(layers.Flatten()(x)))
    scores = np.array(linear(images))
    heatmaps = kc.visualize.hires_cam(linear, images, 2, "maps")
    np.testing.assert_allclose(heatmaps.sum(axis=(1, 2)), scores[:, 2] - 1, rtol=1e-4)


def test_with_global_average_pooling_hires_cam_and_grad_cam_are_the_cam(images):
    inputs = keras.Input((12, 8, 2))
    x = layers.Conv2D(6, 3, activation="relu", name="maps")(inputs)
    model = keras.Model(inputs, layers.Dense(4)(layers.GlobalAveragePooling2D()(x)))
    np.testing.assert_allclose(
        kc.visualize.hires_cam(model, images, 2, relu=True),
        kc.visualize.grad_cam(model, images, 2),
        atol=1e-6,
    )


def test_guided_grad_cam_is_a_product(model, images):
    weights = model.get_weights()
    model.set_weights([np.abs(w) for w in weights[:2]] + weights[2:])
    heatmaps = kc.visualize.grad_cam(model, images, 2, "maps")
    assert heatmaps.shape == (3, 6, 4)
    enlarged = tf.image.resize(heatmaps[..., None], (12, 8), "bilinear").numpy()
    expected = enlarged * kc.visualize.guided_backprop(model, images, 2)
    assert np.abs(expected).max() > 0
    ours = kc.visualize.guided_grad_cam(model, images, 2, "maps")
    np.testing.assert_allclose(ours, expected, rtol=1e-5, atol=1e-8)


@pytest.mark.parametrize(
    "method",
    [
        kc.visualize.grad_cam_plus_plus,
        kc.visualize.layer_cam,
        kc.visualize.hires_cam,
        kc.visualize.guided_grad_cam,
    ],
)
def test_a_map_without_evidence_is_zero_not_nan(method, model, images):
    kernel, bias = model.layers[-1].get_weights()
    model.layers[-1].set_weights([np.zeros_like(kernel), bias])
    with pytest.warns(UserWarning, match="is 0 everywhere for image 0, 1, 2, whose heatmap is 0"):
        assert (method(model, images, 0) == 0).all()


@pytest.mark.parametrize(
    "method",
    [kc.visualize.grad_cam_plus_plus, kc.visualize.layer_cam, kc.visualize.hires_cam],
)
def test_a_wrong_layer(method, model, images):
    with pytest.raises(ValueError, match="layer must output maps"):
        method(model, images, 0, "head")
