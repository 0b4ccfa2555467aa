"""The three rules for ReLUs on crafted signs, in every form that a ReLU can have."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers, ops
from tf_keras_vis.saliency import Saliency
from tf_keras_vis.utils.model_modifiers import GuidedBackpropagation, ReplaceToLinear
from tf_keras_vis.utils.scores import CategoricalScore

import kerascnn as kc
from kerascnn.visualize._engine.answers import input_gradients
from kerascnn.visualize._engine.question import ask


def identity_convolution(activation):
    return layers.Conv2D(1, 1, kernel_initializer="ones", activation=activation)


def nested(x):
    inner = keras.Input((2, 2, 1))
    return keras.Sequential([keras.Model(inner, ops.relu(inner))])(x)


FORMS = {
    "layer": layers.ReLU(),
    "activation": layers.Activation("relu"),
    "activation of a layer": layers.Activation(layers.ReLU()),
    "activation of TensorFlow": layers.Activation(tf.nn.relu),
    "operation": ops.relu,
    "function": keras.activations.relu,
    "lambda": layers.Lambda(ops.relu),
    "convolution": identity_convolution("relu"),
    "convolution with a layer": identity_convolution(layers.ReLU()),
    "dense": layers.Dense(1, "relu", kernel_initializer="ones"),
    "nested": nested,
}
SIX = {
    "layer": layers.ReLU(max_value=6),
    "activation": layers.Activation("relu6"),
    "operation": ops.relu6,
    "function": lambda x: keras.activations.relu(x, max_value=6),
    "dense": layers.Dense(1, keras.activations.relu6, kernel_initializer="ones"),
}


def gradients(relus, x, R):
    """What R becomes on its way back through ReLUs of x, each with an input of its own.

    Returns, for each rule, the four values of each ReLU.
    """
    inputs = [keras.Input((2, 2, 1)) for _ in relus]
    ends = [layers.Flatten()(relu(x)) for relu, x in zip(relus.values(), inputs, strict=True)]
    model = keras.Model(inputs, layers.Dense(1)(layers.Concatenate()(ends)))
    model.layers[-1].set_weights([np.tile(np.reshape(R, (4, 1)), (len(relus), 1)), np.zeros(1)])
    images = [np.reshape(x, (1, 2, 2, 1)).astype("float32")] * len(relus)
    found = {}
    for rule in ("gradient", "guided", "deconvnet"):
        _scores, grads = input_gradients(ask(model, images, lambda y: y[:, 0]), rule=rule)
        found[rule] = {name: g.ravel().tolist() for name, g in zip(relus, grads, strict=True)}
    return found


def test_rules_on_crafted_signs():
    """Springenberg et al. 2014, Fig. 1: R·[x > 0], max(R, 0), R·[R > 0]·[x > 0]."""
    found = gradients(FORMS, [1, 1, -1, -1], [2, -3, 2, -3])
    assert found["gradient"] == {key: [2, -3, 0, 0] for key in FORMS}
    assert found["deconvnet"] == {key: [2, 0, 2, 0] for key in FORMS}
    assert found["guided"] == {key: [2, 0, 0, 0] for key in FORMS}


def test_relu6_is_closed_above_6_too():
    found = gradients(SIX, [1, 7, -1, 3], [2, 2, 2, -3])
    assert found["gradient"] == {key: [2, 0, 0, -3] for key in SIX}
    assert found["guided"] == {key: [2, 0, 0, 0] for key in SIX}
    assert found["deconvnet"] == {key: [2, 2, 2, 0] for key in SIX}


def test_slopes_and_thresholds():
    kinds = {
        "slope": layers.ReLU(negative_slope=0.5),
        "leaky": layers.LeakyReLU(negative_slope=0.5),
        "above 2": layers.ReLU(threshold=2),
    }
    with pytest.warns(UserWarning, match="leaky ReLUs"):  # no rule of the papers
        found = gradients(kinds, [1, 3, -1, -1], [2, 2, 2, -3])["guided"]
    assert found == {"slope": [2, 2, 1, 0], "leaky": [2, 2, 1, 0], "above 2": [0, 2, 0, 0]}


def test_where_all_is_positive_the_rules_agree(rng):
    model = keras.Sequential(
        [
            keras.Input((6, 4, 1)),
            layers.Conv2D(3, 3, activation="relu"),
            layers.Flatten(),
            layers.Dense(5, activation="relu"),
            layers.Dense(2),
        ]
    )
    model.set_weights([np.abs(w) for w in model.get_weights()])
    images = rng.random((2, 6, 4, 1), "float32")
    plain, guided, back = (
        input_gradients(ask(model, images, 1), rule=rule)[1][0]
        for rule in ("gradient", "guided", "deconvnet")
    )
    assert (plain > 0).all()
    np.testing.assert_allclose(guided, plain, rtol=1e-6)
    np.testing.assert_allclose(back, plain, rtol=1e-6)


@pytest.mark.filterwarnings("ignore:.*structure of `inputs`:UserWarning")
def test_equals_tf_keras_vis(rng):
    inputs = keras.Input((12, 8, 2))
    x = layers.Conv2D(6, 3, activation="relu")(inputs)
    x = layers.Conv2D(6, 3, activation="relu")(layers.MaxPooling2D(2)(x))
    model = keras.Model(inputs, layers.Dense(4, "softmax", name="head")(layers.Flatten()(x)))
    images = rng.random((3, 12, 8, 2), "float32")
    peer = Saliency(model, model_modifier=[GuidedBackpropagation(), ReplaceToLinear()], clone=True)
    expected = peer(
        CategoricalScore([0, 1, 2]), images,
        keepdims=True, gradient_modifier=None, normalize_map=False,
    )  # fmt: skip
    ours = kc.visualize.guided_backprop(model, images, [0, 1, 2])
    assert np.abs(expected).max() > 0
    np.testing.assert_allclose(ours, expected, rtol=1e-4, atol=1e-6)
    plain = kc.visualize.saliency(model, images, [0, 1, 2], reduce=None)
    assert not np.allclose(ours, plain)


def test_shared_layers(rng):
    """One ReLU applied twice is guided twice."""
    relu, dense = layers.ReLU(), layers.Dense(4, kernel_initializer="random_normal")
    inputs = keras.Input((2, 2, 1))
    x = relu(dense(relu(dense(layers.Flatten()(inputs)))))
    model = keras.Model(inputs, layers.Dense(1, kernel_initializer="random_normal")(x))
    kernel, _bias = dense.get_weights()
    images = rng.standard_normal((4, 2, 2, 1)).astype("float32")
    first = images.reshape(4, 4) @ kernel
    second = np.maximum(first, 0) @ kernel
    R = np.maximum(model.layers[-1].get_weights()[0].T, 0) * (second > 0)
    R = np.maximum(R @ kernel.T, 0) * (first > 0)
    expected = (R @ kernel.T).reshape(images.shape)
    assert np.abs(expected).max() > 0
    ours = kc.visualize.guided_backprop(model, images, lambda y: y[:, 0])
    np.testing.assert_allclose(ours, expected, rtol=1e-4, atol=1e-9)


@pytest.mark.parametrize("activation", [None, "tanh", "gelu"])
def test_a_model_without_relu(activation):
    model = keras.Sequential(
        [keras.Input((2, 2, 1)), layers.Flatten(), layers.Dense(2, activation=activation)]
    )
    with pytest.raises(ValueError, match=r"must apply a ReLU before .*Use saliency") as caught:
        kc.visualize.guided_backprop(model, np.zeros((1, 2, 2, 1)))
    assert "\n" not in str(caught.value)


def test_unknown_rule():
    model = keras.Sequential([keras.Input((2, 2, 1)), layers.Flatten(), layers.ReLU()])
    with pytest.raises(ValueError, match=r"rule must be one of 'gradient', 'guided', 'deconvnet'"):
        input_gradients(ask(model, np.zeros((1, 2, 2, 1))), rule="guide")
