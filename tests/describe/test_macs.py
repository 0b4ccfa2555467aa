"""Multiply-adds and connections by hand."""

import keras
import numpy as np
import pytest
from keras import layers, ops

import kerascnn as kc

Input = keras.Input


class OwnCell(layers.Layer):
    """A recurrent cell that nobody knows."""

    state_size = output_size = 3

    def call(self, x, states):
        return x[:, :3] + states[0], [x[:, :3]]


class Counted(layers.Dense):
    """A layer that counts for itself."""

    def macs(self, input_shapes, output_shape):
        return 5 * input_shapes[0][-1]

    def connections(self, input_shapes, output_shape):
        return 7 * output_shape[-1]


def heads(*others, kind=layers.MultiHeadAttention, arguments=(2, 3), **options):
    return lambda *x: kind(*arguments, **options)(*x, *others)


IMAGE, STEPS = (6, 5, 4), (10, 4)
KERNEL = np.ones((3, 3, 4, 2), "float32")
MATRIX = np.ones((4, 7), "float32")
CASES = {
    # Cells: of each step, weights of the input and of the state, for each gate.
    "stacked cells": (STEPS, lambda x: layers.RNN([layers.LSTMCell(3), layers.GRUCell(2)])(x),
                      10 * (4 * (4 + 3) * 3 + 3 * (3 + 2) * 2)),
    "own cell": (STEPS, lambda x: layers.RNN(OwnCell())(x), None),
    "simple": (STEPS, lambda x: layers.SimpleRNN(3)(x), 10 * (4 + 3) * 3),
    # Projections of 10 queries and of 7 keys and values to 2 heads of 3, 10·7 pairs, and back to 4.
    "heads": ([STEPS, (7, 4)], heads(),
              10 * 4 * 6 + 2 * 7 * 4 * 6 + 2 * 70 * 6 + 10 * 6 * 4),
    "heads with keys": ([STEPS, (7, 4), (7, 5)], heads(value_dim=1),
                        10 * 4 * 6 + 7 * 5 * 6 + 7 * 4 * 2 + 70 * 2 * (3 + 1) + 10 * 2 * 4),
    # Along the rows alone: 5 columns, each with 6·6 pairs.
    "heads of rows": ([IMAGE, IMAGE], heads(attention_axes=(1,)),
                      4 * 30 * 4 * 6 + 5 * 36 * 2 * 6),
    # 4 query heads of 3 values; keys and values have 2.
    "grouped": ([STEPS, (7, 4)], heads(kind=layers.GroupQueryAttention, arguments=(3, 4, 2)),
                10 * 4 * 12 + 2 * 7 * 4 * 6 + 70 * 4 * 6 + 10 * 12 * 4),
    "gated": ([STEPS, (7, 4)],
              heads(kind=layers.GroupQueryAttention, arguments=(3, 4, 2), use_gate=True), None),
    "attention": ([STEPS, (7, 4)], lambda x, y: layers.Attention()([x, y]), 70 * 8),
    "additive": ([STEPS, (7, 4)], lambda x, y: layers.AdditiveAttention()([x, y]), 70 * 8),
    "sums": ([STEPS, (7, 4)],
             lambda x, y: layers.Attention(score_mode="concat")([x, y]), 70 * 4),
    "dot": ([STEPS, (7, 4)], lambda x, y: layers.Dot(2)([x, y]), 70 * 4),
    "frames, first": (
        (3, 2, 8, 9), layers.ConvLSTM2D(5, 3, return_sequences=True, data_format="channels_first"),
        3 * 6 * 7 * (9 * 2 + 9 * 5) * 4 * 5),
    "frames, both ways": (
        (3, 2, 8, 9), layers.Bidirectional(
            layers.ConvLSTM2D(5, 3, data_format="channels_first"), merge_mode="sum"),
        2 * 3 * 6 * 7 * (9 * 2 + 9 * 5) * 4 * 5),
    "frames, columns joined": (
        (3, 2, 8, 9), layers.Bidirectional(
            layers.ConvLSTM2D(5, 3, data_format="channels_first")), None),
    "ellipsis": (IMAGE, layers.EinsumDense("...c,cd->...d", (7,)), 30 * 28),
    # Products in keras.ops
    "matmul": (STEPS, lambda x: ops.matmul(x, MATRIX), 10 * 28),
    "two": ([STEPS, (4, 7)], ops.matmul, 10 * 28),
    "inner": (STEPS, lambda x: ops.dot(x, MATRIX), 10 * 28),
    "einsum": ([STEPS, (7, 4)], lambda x, y: ops.einsum("bij,bkj->bik", x, y), 70 * 4),
    "einsum by a constant": (STEPS, lambda x: ops.einsum("bij,jk->bik", x, MATRIX), 10 * 28),
    "einsum, broadcast": (
        [(6, 5, 3), (1, 7, 3)], lambda x, y: ops.einsum("...ij,...kj->...ik", x, y), 6 * 35 * 3),
    "einsum of three": ([STEPS] * 3, lambda *x: ops.einsum("bij,bij,bij->bi", *x), None),
    "einsum over the batch": (STEPS, lambda x: ops.einsum("jk,bij->bik", MATRIX, x), None),
    "convolution": (IMAGE, lambda x: ops.conv(x, KERNEL), 4 * 3 * 72),
    "depthwise": (IMAGE, lambda x: ops.depthwise_conv(x, KERNEL, padding="same"), 30 * 72),
    "solved": ((4, 4), ops.linalg.inv, None),
    "nothing": (IMAGE, lambda x: ops.roll(x, 1, 1), 0),
    "its own": ((4,), lambda x: Counted(3)(x), 20),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_macs(name, net):
    shapes, build, macs = CASES[name]
    assert kc.describe(net(shapes, build)).macs == macs


def test_models_within_layers():
    """A model at each step counts its layers; what it is called with for good, too."""
    frame, vector = Input((8, 2)), Input((3,))
    inner = keras.Model([frame, vector], layers.Dense(4)(frame) + layers.Dense(4)(vector)[:, None])
    outer = Input((8, 2))
    step = keras.Model(outer, layers.Conv1D(5, 3)(inner([outer, ops.ones((1, 3))])))
    video = Input((6, 8, 2))
    description = kc.describe(keras.Model(video, layers.TimeDistributed(step)(video)))
    assert description.macs == 6 * (8 * 8 + 3 * 4 + 6 * 3 * 4 * 5)
    assert description.layers[-1].receptive_field == (1, 3)
    assert description.connections is None


def test_connections():
    """One more for the bias of each output, where there is one."""
    x = Input(IMAGE)
    steps = layers.TimeDistributed(layers.Dense(3))(x)
    spectral = layers.SpectralNormalization(layers.Conv2D(2, 3))(x)
    bare = layers.Conv2D(2, 3, use_bias=False)(x)
    einsum = layers.EinsumDense("nhwc,cd->nhwd", (6, 5, 7), bias_axes="d")(x)
    heads = layers.MultiHeadAttention(1, 2)(x, x)
    own = Counted(3)(x)
    rows = kc.describe(keras.Model(x, [steps, spectral, bare, einsum, heads, own])).layers[1:]
    assert [row.connections for row in rows] == [
        30 * 12 + 90, 12 * 72 + 24, 12 * 72, 30 * 28 + 210, None, 21,
    ]  # fmt: skip


def test_open_sizes_are_not_counted():
    x = Input((None, None, 4))
    description = kc.describe(keras.Model(x, Counted(3)(layers.Conv2D(4, 3)(x))))
    assert [row.macs for row in description.layers] == [0, None, None]
    assert description.connections is None
