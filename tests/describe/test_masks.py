"""Layers that are given a mask, against what moves them and the same networks without a mask."""

import keras
import numpy as np
import pytest
from keras import layers, ops

import kerascnn as kc

Input = keras.Input


def words():
    return layers.Embedding(9, 4, mask_zero=True)


def cnn():
    return keras.Sequential([Input((6, 4)), layers.Conv1D(2, 3)])


# By name: the shape of the input, a network on it, and what its last layer sees.
MASKED = {
    "mean": ((7,), lambda x: layers.GlobalAveragePooling1D()(words()(x)), 7),
    "dense, mean": (
        (7, 2), lambda x: layers.GlobalAveragePooling1D()(layers.Dense(2)(layers.Masking()(x))), 7,
    ),
    "normalized": ((7, 2), lambda x: layers.BatchNormalization()(layers.Masking()(x)), 1),
    "steps": ((7, 2), lambda x: layers.TimeDistributed(layers.Dense(2))(layers.Masking()(x)), 1),
    "a model at each step": (
        (7, 6, 4), lambda x: layers.TimeDistributed(cnn())(layers.Masking()(x)), (1, 3),
    ),
    "the mean at each step": (
        (7, 6, 4),
        lambda x: layers.TimeDistributed(layers.GlobalAveragePooling1D())(layers.Masking()(x)),
        (1, 6),
    ),
    "recurrent, mean": (
        (7,),
        lambda x: layers.GlobalAveragePooling1D()(
            layers.Bidirectional(layers.GRU(2, return_sequences=True))(words()(x))
        ), 7,
    ),
    "side by side, mean": (
        (7,),
        lambda x: layers.GlobalAveragePooling1D()(layers.Concatenate()([words()(x), words()(x)])),
        7,
    ),
    "a function": ((7, 2), lambda x: layers.Lambda(ops.sin)(layers.Masking()(x)), 1),
}  # fmt: skip


@pytest.mark.parametrize("name", MASKED)
@pytest.mark.filterwarnings("ignore:.*does not support masking")
def test_what_is_given_a_mask(name):
    shape, build, field = MASKED[name]
    x = Input(shape)
    record = kc.describe(keras.Model(x, build(x))).layers[-1]
    assert record.receptive_field == field


def attention(x, mask):
    """One head, by an operation that is no layer."""
    heads = x[:, :, None]
    return ops.squeeze(ops.dot_product_attention(heads, heads, heads, mask=mask), 2)


# The mask is a comparison with values of a second input.
GIVEN = {
    "mean": lambda x, y: layers.GlobalAveragePooling1D()(x, mask=y),
    "mean, by position": lambda x, y: layers.GlobalAveragePooling1D()(x, y),
    "recurrent": lambda x, y: layers.GRU(2, return_sequences=True)(x, mask=y),
    "softmax": lambda x, y: layers.Softmax(1)(x, mask=y[..., None]),
    "heads": lambda x, y: layers.MultiHeadAttention(1, 3)(x, x, attention_mask=y[:, None]),
    "normalized": lambda x, y: layers.BatchNormalization()(x, mask=y),
}


@pytest.mark.parametrize("name", GIVEN)
def test_a_mask_is_seen_where_it_moves_something(name, net, check_views):
    model = net([(5, 4), (5, 4)], lambda x, y: GIVEN[name](x, y[..., 0] > 0.4))
    check_views(model, exact="mean" not in name)  # a mean of no steps is no number


def test_queries_and_keys_are_counted_without_the_mask():
    """Projections of 7 queries, 5 keys and 5 values, 7·5 pairs twice, and of 7 results."""
    query, value, near = Input((7, 4)), Input((5, 4)), Input((7, 5))
    heads = layers.MultiHeadAttention(1, 3)(query, value, attention_mask=near > 0.5)
    record = kc.describe(keras.Model([query, value, near], heads)).layers[-1]
    assert record.macs == 7 * 12 + 2 * 5 * 12 + 2 * 35 * 3 + 7 * 12


def test_a_picture_beside_words():
    """What the picture's maps see of it does not depend on the words."""
    image, text = Input((8, 9, 3), name="image"), Input((5,), name="text")
    maps = layers.Conv2D(2, 3, name="maps")(image)
    parts = layers.GlobalAveragePooling2D()(maps), layers.GlobalAveragePooling1D()(words()(text))
    model = keras.Model([image, text], layers.Concatenate()(parts))
    assert kc.visualize.receptive_field(model, "maps", (2, 4), of="image") == ((2, 5), (4, 7))
    arrays = np.random.default_rng(0).random((2, 8, 9, 3), "float32"), np.ones((2, 5), "float32")
    found = kc.visualize.top_patches(model, list(arrays), "maps", units=[0], count=1, input=0)
    assert found.patches.shape[-3:] == (3, 3, 3)


def test_the_mask_of_an_operation():
    """It is never left out: a constant one may hide positions, and an input is seen."""
    near = np.abs(np.subtract.outer(np.arange(8), np.arange(8))) <= 1
    x, y = Input((8, 4)), Input((8,))
    constant = kc.describe(keras.Model(x, attention(x, near[None, None])))
    given = kc.describe(keras.Model([x, y], attention(x, y[:, None, None] > 0.5)))
    assert constant.layers[-1].receptive_field == 3
    assert given.layers[-1].receptive_field is None
