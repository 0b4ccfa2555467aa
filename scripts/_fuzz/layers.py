"""The choice of random layers by rank, including nested models and shared layers."""

from contextlib import suppress

import keras
import numpy as np
from keras import layers

from _fuzz.net import Net
from _fuzz.other_layers import (
    activation,
    attention,
    concatenate,
    dense,
    dot,
    einsum_dense,
    idle,
    merge,
    normalization,
    of_your_own,
    rectifying,
    recurrent,
    repeat_vector,
    reshape,
)
from _fuzz.window_layers import (
    adaptive_pool,
    borders,
    conv,
    conv_lstm,
    depthwise,
    global_pool,
    pool,
    resizing,
    spectral,
    transposed,
    up_sampling,
    window,
)


def each_step(net, x):
    """Apply a layer or model to each step of a sequence."""
    rank = len(x.shape) - 3
    if rank == 0:
        inner = layers.Dense(2)
    else:
        options = window(net, rank)
        options["data_format"] = "channels_last"
        inner = getattr(layers, f"Conv{rank}D")(2, **options)
        if net.rng.random() < 0.4:
            step = keras.Input(x.shape[2:])
            try:
                inner = keras.Model(step, inner(step))
            except Exception:  # sizes do not fit
                return
    net.call(layers.TimeDistributed(inner), x)


def nested(net, x):
    """Apply a model of a few layers to one or two tensors, or with a constant as second input."""
    inside = Net(net.rng, net.formats)
    inside.add_input(x.shape[1:], dtype=x.dtype)
    constants = ()
    if net.rng.random() < 0.2:
        constants = (np.full((1, *x.shape[1:]), 0.5, "float32"),)
        inside.add_input(x.shape[1:], dtype=x.dtype)
        inside.call(layers.Add(), *inside.inputs)
    start = len(inside.tensors)
    for _ in range(3):
        add_layer(inside)
    if len(inside.tensors) == start:
        return
    inside.finish(inside.tensors[-1])
    model = keras.Model(inside.inputs, inside.tensors[-1])
    others = [t for t in net.tensors if t.shape == x.shape and t is not x]
    net.words.append(f"  model of {inside.words}")
    for tensor in [x, *others[:1]]:
        net.apply(
            "model",
            (lambda x: model([x, *constants])) if constants else model,
            tensor,
            inner=inside,
            constants=constants,
        )


def shared(net, x):
    """Call a layer twice."""
    others = [t for t in net.tensors if t.shape == x.shape and t is not x]
    if others and len(x.shape) == 4:
        layer = layers.Conv2D(2, 3, padding="same")
        net.call(layer, x)
        net.call(layer, others[0])


ANY = [
    normalization,
    dense,
    einsum_dense,
    merge,
    concatenate,
    reshape,
    reshape,
    of_your_own,
    nested,
]
VECTOR = [repeat_vector]
SEQUENCE = [
    conv(1), conv(1), transposed(1), depthwise(1), pool(1), global_pool(1), adaptive_pool(1),
    up_sampling, borders, attention, recurrent, spectral, dot, dot,
]  # fmt: skip
IMAGE = [
    conv(2), conv(2), transposed(2), depthwise(2), pool(2), global_pool(2), adaptive_pool(2),
    up_sampling, resizing, borders, attention, each_step, spectral, shared, conv_lstm(1),
]  # fmt: skip
VOLUME = [
    conv(3), transposed(3), pool(3), global_pool(3), up_sampling, borders, each_step, conv_lstm(2),
]  # fmt: skip
SPARE = [activation, idle, rectifying, rectifying]


def add_layer(net, more=()):
    """Apply a random layer, one of those in `more` or for any network, to a recent tensor."""
    tensors = net.tensors
    x = tensors[int(net.rng.integers(max(0, len(tensors) - 4), len(tensors)))]
    rank = len(x.shape) - 1
    makers = ANY + list(more) + {1: VECTOR, 2: SEQUENCE, 3: IMAGE, 4: VOLUME}.get(rank, [])
    with suppress(ValueError):  # invalid combinations of arguments
        makers[int(net.rng.integers(len(makers)))](net, x)
