"""Saliency against weights known by hand, a plain tape and tf-keras-vis."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers
from tf_keras_vis.saliency import Saliency
from tf_keras_vis.utils.model_modifiers import ReplaceToLinear
from tf_keras_vis.utils.scores import BinaryScore, CategoricalScore, InactiveScore

import kerascnn as kc

# tf-keras-vis puts the images of one input into a list, to Keras's surprise.
pytestmark = pytest.mark.filterwarnings("ignore:.*structure of `inputs`:UserWarning")


@pytest.fixture(scope="module")
def shared():
    keras.utils.set_random_seed(0)
    inputs = keras.Input((12, 8, 2))
    x = layers.Conv2D(6, 3, activation="relu", name="conv")(inputs)
    x = layers.Flatten()(layers.MaxPooling2D(2)(x))
    return keras.Model(inputs, layers.Dense(4, activation="softmax", name="head")(x))


@pytest.mark.parametrize(
    ("reduce", "expected"),
    [("max", [[4, 2], [0, 7]]), ("mean", [[3, 1.5], [0, 6]]), (None, None)],
)
def test_of_a_linear_model(reduce, expected):
    """The gradient is the weights themselves, whatever the image."""
    weights = np.array([[[2, -4], [2, 1]], [[0, 0], [-5, 7]]], "float32")  # (H, W, C)
    model = keras.Sequential([keras.Input((2, 2, 2)), layers.Flatten(), layers.Dense(2)])
    other = np.arange(8)
    model.layers[-1].set_weights([np.stack([other, weights.ravel()], axis=1), np.zeros(2)])
    maps = kc.visualize.saliency(model, np.ones((1, 2, 2, 2)), 1, reduce=reduce)
    np.testing.assert_array_equal(maps[0], weights if reduce is None else expected)


def test_equals_a_plain_tape(model, images):
    linear = keras.models.clone_model(model)
    linear.set_weights(model.get_weights())
    linear.layers[-1].activation = keras.activations.linear
    x = tf.constant(images)
    with tf.GradientTape() as tape:
        tape.watch(x)
        score = linear(x)[:, 2]
    gradient = tape.gradient(score, x).numpy()
    signed = kc.visualize.saliency(model, images, 2, reduce=None)
    np.testing.assert_allclose(signed, gradient, rtol=1e-5, atol=1e-7)
    np.testing.assert_allclose(
        kc.visualize.saliency(model, images, 2), np.abs(gradient).max(axis=-1), rtol=1e-5, atol=1e-7
    )


def test_equals_tf_keras_vis(model, images):
    peer = Saliency(model, model_modifier=ReplaceToLinear(), clone=True)
    expected = peer(CategoricalScore([2, 0, 3]), images, normalize_map=False)
    assert expected.max() > 0
    ours = kc.visualize.saliency(model, images, [2, 0, 3])
    np.testing.assert_allclose(ours, expected, rtol=1e-5, atol=1e-7)


def test_single_sigmoid(model, images):
    """Class 1 is the logit, class 0 its negative, as in tf-keras-vis's BinaryScore."""
    features = model.layers[-2].output
    binary = keras.Model(model.inputs, layers.Dense(1, activation="sigmoid", name="yes")(features))
    yes, no = (kc.visualize.saliency(binary, images, t, reduce=None) for t in (1, 0))
    assert np.abs(yes).max() > 0
    np.testing.assert_array_equal(no, -yes)
    each = kc.visualize.saliency(binary, images, BinaryScore([True, False, True]), reduce=None)
    np.testing.assert_array_equal(each, [yes[0], no[1], yes[2]])
    peer = Saliency(binary, model_modifier=ReplaceToLinear(), clone=True)
    expected = peer(
        BinaryScore(False), images, normalize_map=False, keepdims=True, gradient_modifier=None
    )
    np.testing.assert_allclose(no, expected, rtol=1e-5, atol=1e-7)


def test_scores_of_several_outputs_as_in_tf_keras_vis(images):
    inputs = keras.Input((12, 8, 2))
    x = layers.Flatten()(layers.Conv2D(3, 3, activation="relu")(inputs))
    outputs = [layers.Dense(3, name="animal")(x), layers.Dense(1, name="indoors")(x)]
    model = keras.Model(inputs, outputs)
    peer = Saliency(model)
    for scores in (
        [CategoricalScore([1, 0, 2]), BinaryScore(False)],
        [CategoricalScore(1), InactiveScore()],
        [InactiveScore(), lambda output: output[:, 0]],
    ):
        expected = peer(scores, images, normalize_map=False)
        ours = kc.visualize.saliency(model, images, scores)
        assert expected.max() > 0
        np.testing.assert_allclose(ours, expected, rtol=1e-5, atol=1e-7)
    with pytest.raises(ValueError, match=r"each of the model's 2 output\(s\); received 3"):
        kc.visualize.saliency(model, images, [InactiveScore()] * 3)


def test_images_without_channels(rng):
    model = keras.Sequential([keras.Input((5, 4)), layers.Flatten(), layers.Dense(2)])
    maps = kc.visualize.saliency(model, rng.random((2, 5, 4), "float32"), 1)
    expected = np.abs(model.layers[-1].get_weights()[0][:, 1].reshape(5, 4))
    np.testing.assert_allclose(maps, [expected] * 2, rtol=1e-6)


def test_unknown_reduction(model, images):
    with pytest.raises(ValueError, match="reduce must be 'max', 'mean' or None; received 'sum'"):
        kc.visualize.saliency(model, images, reduce="sum")


def test_a_pair_of_images_and_labels_is_told_apart(model, images):
    with pytest.raises(ValueError, match=r"Pass the images without their labels: images, labels ="):
        kc.visualize.saliency(model, (images, np.zeros(len(images), int)), 0)
    with pytest.raises(ValueError, match=r"Stack images of the same input"):
        kc.visualize.saliency(model, [images[0], images[1]], 0)
