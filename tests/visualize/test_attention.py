"""Attention rollout and relevance against their equations, and Grad-CAM of tokens."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from kerascnn.visualize import activations, attention_relevance, attention_rollout, grad_cam


@pytest.fixture(scope="module")
def shared():
    """A small vision transformer: 3 x 2 patches, scored from its first token."""
    inputs = keras.Input((12, 8, 2))
    x = layers.Reshape((6, 5))(layers.Conv2D(5, 4, strides=4, name="patches")(inputs))
    for i in range(2):
        y = layers.LayerNormalization()(x)
        y = layers.MultiHeadAttention(2, 3, name=f"attention{i}")(y, y)
        x = layers.Add(name=f"block{i}")([x, y])
    model = keras.Model(inputs, layers.Dense(4, "softmax")(x[:, 0]))
    rng = np.random.default_rng(0)
    model.set_weights([rng.normal(size=w.shape) for w in model.get_weights()])
    return model


def by_layers(model, images, klass=None):
    """The attention maps of both layers, and the gradients of a class's logit there."""
    with tf.GradientTape() as tape:
        found = []
        x = tf.constant(images)
        tape.watch(x)
        norms = [la for la in model.layers if isinstance(la, layers.LayerNormalization)]
        x = tf.reshape(model.get_layer("patches")(x), (-1, 6, 5))
        for i in range(2):
            y = norms[i](x)
            y, A = model.get_layer(f"attention{i}")(y, y, return_attention_scores=True)
            found.append(A)
            x = x + y
        w, b = model.layers[-1].get_weights()
        score = (x[:, 0] @ w + b)[:, klass or 0]
    return [np.array(A) for A in found], [np.array(g) for g in tape.gradient(score, found)]


def test_rollout(model, images):
    (first, second), _grads = by_layers(model, images)
    mixed = [0.5 * A.mean(axis=1) + 0.5 * np.eye(6) for A in (first, second)]
    expected = mixed[1] @ mixed[0]
    ours = attention_rollout(model, images, token=0)
    np.testing.assert_allclose(ours, expected[:, 0], rtol=1e-4)
    np.testing.assert_allclose(ours.sum(axis=1), 1, rtol=1e-5)
    mean = attention_rollout(model, images, token="mean", reshape=(3, 2))
    np.testing.assert_allclose(mean, expected.mean(axis=1).reshape(3, 3, 2), rtol=1e-4)
    largest = attention_rollout(model, images, token=0, heads="max")
    tops = [0.5 * A.max(axis=1) + 0.5 * np.eye(6) for A in (first, second)]
    tops = [A / A.sum(axis=-1, keepdims=True) for A in tops]
    np.testing.assert_allclose(largest, (tops[1] @ tops[0])[:, 0], rtol=1e-4)


def test_relevance(model, images):
    """Chefer et al. 2021, Eq. 5 and 6, from a plain tape."""
    maps, grads = by_layers(model, images, 2)
    R = np.eye(6)
    for A, g in zip(maps, grads, strict=True):
        R = R + np.maximum(g * A, 0).mean(axis=1) @ R
    ours = attention_relevance(model, images, 2, token=0)
    np.testing.assert_allclose(ours, R[:, 0], rtol=1e-3, atol=1e-5)
    other = attention_relevance(model, images, 3, token=0)
    assert np.abs(ours - other).max() > 0.01


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"use_causal_mask": True},
        {"return_attention_scores": True},
        {"use_causal_mask": True, "return_attention_scores": True},
    ],
)
def test_options_of_the_call(options, rng):
    inputs, x = keras.Input((6, 4)), rng.random((3, 6, 4), "float32")
    layer, head = layers.MultiHeadAttention(2, 3), layers.Dense(4)
    y = layer(inputs, inputs, **options)
    y = y[0] if "return_attention_scores" in options else y
    model = keras.Model(inputs, head(y[:, -1]))
    with tf.GradientTape() as tape:
        tape.watch(point := tf.constant(x))
        y, A = layer(point, point, **options | {"return_attention_scores": True})
        score = head(y[:, -1])[:, 2]
    rollout = 0.5 * np.array(A).mean(axis=1) + 0.5 * np.eye(6)
    np.testing.assert_allclose(attention_rollout(model, x, token=5), rollout[:, 5], rtol=1e-4)
    R = np.eye(6) + np.maximum(tape.gradient(score, A) * A, 0).mean(axis=1)
    ours = attention_relevance(model, x, 2, token=5)
    np.testing.assert_allclose(ours, R[:, 5], rtol=1e-3, atol=1e-5)


def test_grad_cam_of_tokens(model, images):
    """The mean over the tokens, arranged as the patches lie."""
    flat = grad_cam(model, images, 1, "block0")
    assert flat.shape == (3, 6)
    maps = grad_cam(model, images, 1, "block0", reshape=(3, 2))
    np.testing.assert_allclose(maps, flat.reshape(3, 3, 2), rtol=1e-5)
    patches = grad_cam(model, images, 1, "block0", reshape=lambda x: x[:, 2:].reshape(-1, 2, 2, 5))
    last = grad_cam(model, images, 1, "block0", reshape=(2, 2))  # without the first two
    np.testing.assert_allclose(patches, last, rtol=1e-5)
    assert activations(model, images, "block0").shape == (3, 6, 5)


def test_a_gradient_of_0_is_reported(model, images):
    """Behind the last attention, only the first token counts."""
    with pytest.raises(ValueError, match=r"gradient at 'block1' is 0 everywhere.*earlier layer"):
        grad_cam(model, images, 1, "block1", reshape=lambda x: x[:, 1:].reshape(3, 5, 1, 5))
    dead = np.concatenate([images[:1], 0 * images[:1]])
    plain = keras.Sequential(
        [
            keras.Input((12, 8, 2)), layers.Conv2D(2, 3, activation="relu", name="conv"),
            layers.Conv2D(2, 3, activation="relu"), layers.GlobalAveragePooling2D(),
            layers.Dense(2),
        ]
    )  # fmt: skip
    plain.layers[0].set_weights([np.ones((3, 3, 2, 2)), np.zeros(2)])
    plain.layers[1].set_weights([np.ones((3, 3, 2, 2)), -np.ones(2)])
    with pytest.warns(UserWarning, match="is 0 everywhere for image 1, whose heatmap is 0"):
        heatmaps = grad_cam(plain, dead, 0, "conv")
    assert not heatmaps[1].any()


def test_refusals(model, images):
    with pytest.raises(
        ValueError, match="token must be 'mean' or the index of a token from 0 to 5"
    ):
        attention_rollout(model, images, token=6)
    with pytest.raises(ValueError, match="heads must be one of"):
        attention_rollout(model, images, token=0, heads="median")
    for wrong in ((4, 2), (2,), 6, (0, 2)):
        with pytest.raises(ValueError, match="reshape must"):
            grad_cam(model, images, 1, "block0", reshape=wrong)
    plain = keras.Sequential([keras.Input((12, 8, 2)), layers.Flatten(), layers.Dense(2)])
    with pytest.raises(ValueError, match="model must have attention layers"):
        attention_relevance(plain, images, 1, token=0)
    inputs = keras.Input((6, 4))
    looking = layers.MultiHeadAttention(1, 2, name="look")(inputs[:, :1], inputs)
    crossing = keras.Model(inputs, layers.Dense(2)(layers.Flatten()(looking)))
    with pytest.raises(ValueError, match="from all tokens to the same tokens; 'look'"):
        attention_rollout(crossing, np.ones((1, 6, 4), "float32"), token=0)


class Block(layers.Layer):
    """A custom layer, whose attention the graph does not show."""

    def __init__(self):
        super().__init__(name="block")
        self.attention = layers.MultiHeadAttention(1, 2)

    def call(self, x):
        return x + self.attention(x, x)


def attending(name):
    return layers.MultiHeadAttention(1, 2, name=name)


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda x: Block()(attending("a")(x, x)), r"'block' \(Block\) does not show its attention"),
        (lambda x: Block()(x), r"'block' \(Block\) does not show its attention"),
        (
            lambda x: layers.Attention(name="dot")([attending("a")(x, x)] * 2),
            r"'dot' \(Attention\) does not show its attention",
        ),
        (
            lambda x: layers.Add()([attending("a")(x, x), attending("b")(x, x)]),
            "'a' and 'b' are in parallel",
        ),
    ],
    ids=["hidden behind another", "hidden", "another kind", "parallel"],
)
def test_attention_that_cannot_be_followed(build, message):
    """A product of the maps that are left would look like an answer."""
    inputs = keras.Input((6, 4))
    model = keras.Model(inputs, layers.Dense(2)(layers.Flatten()(build(inputs))))
    for method in (attention_rollout, attention_relevance):
        with pytest.raises(ValueError, match=message):
            method(model, np.ones((1, 6, 4), "float32"), token=0)
