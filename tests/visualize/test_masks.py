"""Masks of the steps that count, which Keras carries from layer to layer beside the tensors."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from kerascnn import visualize
from kerascnn._graph import flatten

pytestmark = pytest.mark.filterwarnings("ignore:Layer 'inner' .* does not support masking")

STEPS = np.array([5, 2, 7])  # of each sequence; the others are padding


@pytest.fixture(scope="module")
def sequences():
    values = np.random.default_rng(0).uniform(0.1, 1, (3, 7, 4)).astype("float32")
    return values * (np.arange(7) < STEPS[:, None])[..., None]


def attended(relu):
    attention, pool = layers.MultiHeadAttention(2, 3), layers.GlobalAveragePooling1D()

    def within(x):
        maps = relu(x)
        return pool(attention(maps, maps))

    return within


def nested(end):
    """A model that is built for sequences without padding, and gets a mask when it is called."""

    def within(relu):
        own = keras.Input((7, 4))
        return keras.Model(own, end()(relu(own)), name="inner")

    return within


FOLLOWING = {
    "attention": attended,
    "nested pooling": nested(layers.GlobalAveragePooling1D),
    "nested LSTM": nested(lambda: layers.LSTM(3)),
}


@pytest.fixture(scope="module", params=FOLLOWING)
def net(request):
    """A model, its first layers up to the ReLU, and what follows."""
    keras.utils.set_random_seed(0)
    masking, relu, dense = layers.Masking(), layers.Dense(5, "relu", name="relu"), layers.Dense(3)
    inputs = keras.Input((7, 4))
    model = keras.Model(inputs, dense(FOLLOWING[request.param](relu)(masking(inputs))))
    end = model.get_layer("inner").layers[-1] if "nested" in request.param else None
    attention = next((x for x in model.layers if isinstance(x, layers.MultiHeadAttention)), None)

    def following(maps, mask):
        if end is not None:
            return dense(end(maps, mask=mask))
        maps = attention(maps, maps, query_mask=mask, value_mask=mask)
        return dense(layers.GlobalAveragePooling1D()(maps, mask=mask))

    return model, lambda x: relu(masking(x)), following


def test_gradients_at_a_layer_know_the_mask(net, sequences):
    model, before, following = net
    maps, mask = before(sequences), tf.constant(np.arange(7) < STEPS[:, None])
    with tf.GradientTape() as tape:
        tape.watch(maps)
        scores = following(maps, mask)[:, 1]
    np.testing.assert_allclose(scores, model(sequences)[:, 1], rtol=1e-5)
    expected = np.sum(maps * tape.gradient(scores, maps), axis=-1)
    found = visualize.hires_cam(model, sequences, 1, "relu")
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-6)


def test_what_follows_a_layer_knows_the_mask(net, sequences):
    model, before, following = net
    maps, mask = before(sequences).numpy(), tf.constant(np.arange(7) < STEPS[:, None])
    expected, whole = np.zeros(maps.shape[:2]), following(maps, mask)[:, 1].numpy()
    for k in range(maps.shape[-1]):
        without = following(maps * (np.arange(maps.shape[-1]) != k), mask)[:, 1]
        expected += ((whole - without.numpy()) / np.abs(whole))[:, None] * maps[..., k]
    found = visualize.ablation_cam(model, sequences, 1, "relu")
    np.testing.assert_allclose(found, np.maximum(expected, 0), rtol=1e-4, atol=1e-6)


def test_rules_of_relus_know_the_mask(net, sequences):
    model, _before, following = net
    layer, mask = flatten(model).node("relu").operation, np.arange(7) < STEPS[:, None]

    @tf.custom_gradient
    def guided(z):
        return tf.nn.relu(z), lambda R: tf.where((z > 0) & (R > 0), R, 0)

    images = tf.constant(sequences)
    with tf.GradientTape() as tape:
        tape.watch(images)
        z = tf.where(mask[..., None], images, 0) @ layer.kernel + layer.bias
        scores = following(guided(z), tf.constant(mask))[:, 1]
    expected = tape.gradient(scores, images)
    found = visualize.guided_backprop(model, sequences, 1)
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-6)


def test_relevance_of_masked_steps(sequences):
    inputs = keras.Input((7, 4))
    inner = FOLLOWING["nested pooling"](layers.Dense(5, "relu", use_bias=False))
    model = keras.Model(inputs, layers.Dense(3, use_bias=False)(inner(layers.Masking()(inputs))))
    result = visualize.lrp(model, sequences, 1, composite="zero")
    assert not result.attributions[sequences == 0].any()
    total = result.attributions.sum(axis=(1, 2))
    np.testing.assert_allclose(total, model(sequences)[:, 1], rtol=1e-3)  # there are no biases
    with pytest.raises(ValueError, match="there is none for 'inner/global_average"):
        visualize.deep_lift(model, sequences, 1)


@pytest.mark.parametrize("positional", [False, True])
def test_a_nested_model_is_called_with_a_mask(positional, sequences):
    inner = FOLLOWING["nested pooling"](layers.Dense(5, "relu", name="relu"))
    given, mask = keras.Input((7, 4)), keras.Input((7,), dtype="bool")
    called = inner(given, None, mask) if positional else inner(given, mask=mask)
    model = keras.Model([given, mask], layers.Dense(3, name="scores")(called))
    both = [sequences, np.arange(7) < STEPS[:, None]]
    found = visualize.activations(model, both, "scores")
    np.testing.assert_allclose(found, model(both), rtol=1e-5)
    maps, dense = inner.get_layer("relu")(sequences).numpy(), model.get_layer("scores")
    weights = both[1][..., None] / STEPS[:, None, None] * dense.kernel.numpy()[:, 1]
    expected = (maps * weights).sum(axis=-1)
    heatmap = visualize.hires_cam(model, both, 1, "relu")
    np.testing.assert_allclose(heatmap, expected, rtol=1e-4, atol=1e-6)
