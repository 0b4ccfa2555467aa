"""Look for networks that `describe` gets wrong: random ones, held against what they compute.

    python scripts/fuzz_describe.py --minutes 10 --seed 0

Each network is of some 60 kinds of layers, nested, shared, with several inputs and outputs, with
channels first or last. Held against it:

- parameters: the model's `count_params()`;
- what each unit sees: each pixel of the input is moved, and the units that move with it are noted.
  A field may be larger than that, at the border above all, and never smaller. How many layers have
  a unit that sees as much as is said is printed at the end;
- MACs: the matrix products and convolutions in TensorFlow's graph of the network.

A finding is printed with the calls that build the network; `--one N` runs a single one again.
"""

import argparse
import math
import time
import warnings
from collections import Counter
from contextlib import suppress

import keras
import numpy as np
import tensorflow as tf
from keras import layers, ops

from kerascnn._describe.describe_model import describe, followed
from kerascnn._describe.fields import sees
from kerascnn._graph import flatten, run

NOWHERE = 1_000_000  # the first pixel that a unit sees that sees none
LOOKED_AT = 4_000_000  # values in the maps of all pixels' moves; larger networks are passed over


@keras.saving.register_keras_serializable(package="fuzz")
class Shifted(keras.layers.Layer):
    """A layer of one's own, without a rule: the sum of two neighbours."""

    def call(self, x):
        """Add the next row."""
        return x + ops.concatenate([x[:, 1:], x[:, -1:]], axis=1)


class Net:
    """A network in the making: its tensors, and the calls that made them, in words."""

    def __init__(self, rng):
        self.rng, self.words, self.tensors, self.inputs = rng, [], [], []

    def choose(self, *choices):
        """One of some choices."""
        return choices[self.rng.integers(len(choices))]

    def number(self, low, high):
        """A whole number, both ends included."""
        return int(self.rng.integers(low, high + 1))

    def add_input(self):
        """An input of 1 to 4 axes, often like the first."""
        rank = self.choose(1, 2, 2, 3, 3, 3, 3, 4)
        sizes = [self.number(3, {1: 9, 2: 12, 3: 11, 4: 5}[rank]) for _ in range(rank - 1)]
        shape = [*sizes, self.number(1, 4)]
        if self.inputs and self.rng.random() < 0.7:
            shape = list(self.inputs[0].shape[1:])
        x = keras.Input(tuple(shape))
        self.words.append(f"Input({tuple(shape)})")
        self.inputs.append(x)
        self.tensors.append(x)

    def call(self, layer, *tensors):
        """Apply a layer; one that refuses is passed over."""
        given = [list(tensors)] if len(tensors) > 1 else tensors
        try:
            y = layer(*given)
            layer(*keras.tree.map_structure(lambda t: np.ones((2, *t.shape[1:])), given))
        except Exception:  # sizes that do not fit, or that TensorFlow does not compute
            return None
        return self.keep(layer, y, *tensors)

    def keep(self, layer, y, *tensors):
        """Keep a tensor that is not too large, and say in words how it was made."""
        first = keras.tree.flatten(y)[0]
        shape = first.shape[1:]
        if None in shape or min(shape, default=1) < 1 or math.prod(shape) > 3000:
            return None
        plain = isinstance(layer, keras.Layer) and not isinstance(layer, keras.Model)
        config = layer.get_config() if plain else {}
        said = {
            k: v
            for k, v in config.items()
            if isinstance(v, (int, float, str, tuple, list, bool))
            and k not in ("name", "dtype", "momentum", "epsilon", "renorm_momentum", "fill_mode")
            and v not in (None, True, False, "zeros", "ones", "glorot_uniform")
        }
        at = [next(i for i, t in enumerate(self.tensors) if t is x) for x in tensors]
        kind = type(layer).__name__ if isinstance(layer, keras.Layer) else str(layer)
        self.words.append(f"{len(self.tensors)}: {kind}({said}) of {at} -> {tuple(shape)}")
        self.tensors.append(first)
        return first

    def step(self):
        """Apply one more layer, to one of the latest tensors."""
        x = self.tensors[int(self.rng.integers(max(0, len(self.tensors) - 4), len(self.tensors)))]
        rank = len(x.shape) - 1
        makers = ANY + {1: VECTOR, 2: SEQUENCE, 3: IMAGE, 4: VOLUME}.get(rank, [])
        with suppress(ValueError):  # arguments that do not go together
            makers[int(self.rng.integers(len(makers)))](self, x)


def window(net, rank, stride=True):
    """Random arguments of a convolution."""
    options = {"kernel_size": tuple(net.number(1, 4) for _ in range(rank))}
    if stride and net.rng.random() < 0.4:
        options["strides"] = (net.number(1, 3),) * rank
    elif net.rng.random() < 0.3:
        options["dilation_rate"] = (net.number(1, 3),) * rank
    options["padding"] = net.choose("valid", "same")
    options["data_format"] = net.choose("channels_last", "channels_last", "channels_first")
    return options


def conv(rank):
    """Convolutions along some axes."""

    def make(net, x):
        options = window(net, rank)
        if rank == 1 and net.rng.random() < 0.3:
            options["padding"] = "causal"
        if (
            options["data_format"] == "channels_first"
            and options.get("dilation_rate", (1,)) != (1,) * rank
        ):
            options["data_format"] = "channels_last"
        activation = net.choose(None, "relu", "sigmoid", "softmax")
        kind = getattr(layers, f"Conv{rank}D")
        net.call(kind(net.number(1, 3), activation=activation, **options), x)

    return make


def transposed(rank):
    """Transposed convolutions."""

    def make(net, x):
        options = window(net, rank)
        if net.rng.random() < 0.2:
            options["output_padding"] = net.number(0, 1)
        net.call(getattr(layers, f"Conv{rank}DTranspose")(net.number(1, 3), **options), x)

    return make


def depthwise(rank):
    """Depthwise and separable convolutions."""

    def make(net, x):
        options = window(net, rank)
        kind = net.choose("Depthwise", "Separable")
        filters = (2,) if kind == "Separable" else ()
        net.call(
            getattr(layers, f"{kind}Conv{rank}D")(
                *filters, depth_multiplier=net.number(1, 2), **options
            ),
            x,
        )

    return make


def pool(rank):
    """Pools."""

    def make(net, x):
        options = window(net, rank)
        kind = getattr(layers, f"{net.choose('Max', 'Average')}Pooling{rank}D")
        size = options["kernel_size"]
        net.call(
            kind(
                size, options.get("strides"), options["padding"], data_format=options["data_format"]
            ),
            x,
        )

    return make


def global_pool(rank):
    """Global pools, and maps that are weighed by them."""

    def make(net, x):
        kind = getattr(layers, f"Global{net.choose('Max', 'Average')}Pooling{rank}D")
        y = net.call(
            kind(
                data_format=net.choose("channels_last", "channels_first"),
                keepdims=net.choose(True, False),
            ),
            x,
        )
        if y is not None and net.rng.random() < 0.5 and len(y.shape) == len(x.shape):
            net.call(layers.Multiply(), x, y)

    return make


def adaptive_pool(rank):
    """Adaptive pools."""

    def make(net, x):
        kind = getattr(layers, f"Adaptive{net.choose('Max', 'Average')}Pooling{rank}D")
        net.call(
            kind(net.number(1, 4), data_format=net.choose("channels_last", "channels_first")), x
        )

    return make


def up_sampling(net, x):
    """Up-sampling."""
    rank = len(x.shape) - 2
    kind = getattr(layers, f"UpSampling{rank}D")
    options = {}
    if rank > 1:
        options["data_format"] = net.choose("channels_last", "channels_first")
    if rank == 2:
        options["interpolation"] = net.choose("nearest", "bilinear", "bicubic", "lanczos3")
    net.call(kind(net.number(1, 3), **options), x)


def resizing(net, x):
    """Resizing, up and down."""
    net.call(
        layers.Resizing(
            net.number(1, 16),
            net.number(1, 16),
            net.choose("nearest", "bilinear", "bicubic"),
            data_format=net.choose("channels_last", "channels_first"),
        ),
        x,
    )


def borders(net, x):
    """Padding and cropping."""
    rank = len(x.shape) - 2
    kind = getattr(layers, f"{net.choose('ZeroPadding', 'Cropping')}{rank}D")
    sides = tuple((net.number(0, 2), net.number(0, 2)) for _ in range(rank))
    options = {"data_format": net.choose("channels_last", "channels_first")} if rank > 1 else {}
    net.call(kind(sides if rank > 1 else sides[0], **options), x)


def normalization(net, x):
    """Normalizations, activations and what is idle at inference."""
    ndim = len(x.shape)
    axis = net.choose(-1, net.number(1, ndim - 1), list(range(1, ndim)))
    layer = net.choose(
        lambda: layers.BatchNormalization(axis if isinstance(axis, int) else -1),
        lambda: layers.LayerNormalization(axis),
        lambda: layers.UnitNormalization(axis),
        lambda: layers.RMSNormalization(axis),
        lambda: layers.GroupNormalization(1),
        lambda: layers.Softmax(axis),
        lambda: layers.Rescaling(0.5, 0.1),
        lambda: layers.Dropout(0.5),
        lambda: layers.PReLU(),
        lambda: layers.LeakyReLU(),
        lambda: layers.Activation(net.choose("gelu", "softmax", "tanh")),
    )()
    net.call(layer, x)


def dense(net, x):
    """Dense layers."""
    net.call(layers.Dense(net.number(1, 4), activation=net.choose(None, "relu", "softmax")), x)


def einsum_dense(net, x):
    """Dense layers along any axis."""
    letters = "bcdef"[: len(x.shape)]
    drop = net.number(1, len(letters) - 1)
    made = "".join("z" if i == drop else c for i, c in enumerate(letters))
    shape = [2 if i == drop else x.shape[i] for i in range(1, len(letters))]
    net.call(layers.EinsumDense(f"{letters},{letters[drop]}z->{made}", tuple(shape)), x)


def merge(net, x):
    """Sums, products, averages and maxima."""
    others = [t for t in net.tensors if t.shape == x.shape and t is not x]
    if others:
        other = others[int(net.rng.integers(len(others)))]
        kind = net.choose("Add", "Multiply", "Average", "Maximum", "Subtract")
        net.call(getattr(layers, kind)(), x, other)


def concatenate(net, x):
    """Concatenation along any axis."""
    axis = net.number(1, len(x.shape) - 1)
    fits = [
        t
        for t in net.tensors
        if len(t.shape) == len(x.shape)
        and all(a == b for i, (a, b) in enumerate(zip(t.shape, x.shape, strict=True)) if i != axis)
    ]
    other = fits[int(net.rng.integers(len(fits)))]
    net.call(layers.Concatenate(axis), x, other)


def reshape(net, x):
    """Changes of shape and order, and operations of `keras.ops`."""
    sizes = list(x.shape[1:])
    order = [int(i) for i in net.rng.permutation(len(sizes))]
    kind = net.choose("flatten", "permute", "merge", "split", "flip", "roll", "mean", "item", "pad")
    if kind == "flatten":
        net.call(layers.Flatten(data_format=net.choose("channels_last", "channels_first")), x)
    elif kind == "permute":
        net.call(layers.Permute(tuple(i + 1 for i in order)), x)
    elif kind == "merge" and len(sizes) > 1:
        at = net.number(0, len(sizes) - 2)
        net.call(layers.Reshape((*sizes[:at], sizes[at] * sizes[at + 1], *sizes[at + 2 :])), x)
    elif kind == "split":
        at = net.number(0, len(sizes) - 1)
        for n in (2, 3):
            if sizes[at] % n == 0 and len(sizes) < 4:
                net.call(layers.Reshape((*sizes[:at], n, sizes[at] // n, *sizes[at + 1 :])), x)
                break
    elif kind == "flip":
        axis = net.number(1, len(sizes))
        net.keep(f"flip(axis={axis})", ops.flip(x, axis), x)
    elif kind == "roll":
        axis = net.number(1, len(sizes))
        net.keep(f"roll(1, axis={axis})", ops.roll(x, 1, axis), x)
    elif kind == "mean":
        axis, keep = net.number(1, len(sizes)), net.choose(True, False)
        if len(sizes) > 1 or keep:
            net.keep(f"mean(axis={axis}, keepdims={keep})", ops.mean(x, axis, keepdims=keep), x)
    elif kind == "item" and sizes[0] > 2:
        key = net.choose(
            slice(1, None), slice(None, None, 2), slice(None, None, -1), slice(0, -1), 1
        )
        if len(sizes) > 1 or isinstance(key, slice):
            net.keep(f"[:, {key}]", x[:, key], x)
    elif kind == "pad":
        width = [(0, 0)] + [(net.number(0, 2), net.number(0, 2)) for _ in sizes]
        net.keep(f"pad({width})", ops.pad(x, width), x)


def operation(net, x):
    """Operations of `keras.ops` on one tensor or two."""
    rank, others = len(x.shape), [t for t in net.tensors if len(t.shape) == len(x.shape)]
    other = others[int(net.rng.integers(len(others)))]
    one, two = (net.number(1, rank - 1) for _ in range(2))
    kinds = {
        f"swapaxes({one}, {two})": lambda: ops.swapaxes(x, one, two),
        f"softmax(axis={one})": lambda: ops.softmax(x, one),
        f"max(axis={one}, keepdims=True)": lambda: ops.max(x, one, keepdims=True),
        f"x + max(x, {one})": lambda: x + ops.max(x, one, keepdims=True),
        f"x * item 0 of axis {one}": lambda: x * ops.take(x, [0], one),
        f"split(2, {one})": lambda: ops.split(x, 2, one),
        "repeated along a new axis": lambda: ops.repeat(ops.expand_dims(x, one), 2, one),
    }
    call = net.choose(*kinds)
    with suppress(Exception):  # sizes that do not fit
        net.keep(call, kinds[call](), x)
    pairs = {
        "matmul": lambda: ops.matmul(x, other),
        "rows by rows": lambda: ops.einsum("...ij,...kj->...ik", x, other),
        "add": lambda: ops.add(x, other),
        "concatenate": lambda: ops.concatenate([x, other], one),
    }
    call = net.choose(*pairs)
    with suppress(Exception):
        net.keep(call, pairs[call](), x, other)


def bins(net, x):
    """Codes of bins."""
    mode = net.choose("int", "one_hot", "multi_hot", "count")
    net.call(layers.Discretization([0.6, 0.8, 1.5], output_mode=mode, dtype="float64"), x)


def attention(net, x):
    """Attention of four kinds."""
    others = [t for t in net.tensors if len(t.shape) == len(x.shape) and t.shape[-1] == x.shape[-1]]
    other = others[int(net.rng.integers(len(others)))]
    kind = net.choose("Attention", "AdditiveAttention", "MultiHead", "Grouped")
    try:
        if kind == "MultiHead":
            shape = net.choose(None, None, (2,), (2, 3))
            layer = layers.MultiHeadAttention(2, 3, net.number(1, 3), output_shape=shape)
            net.keep(layer, layer(x, other), x, other)
        elif kind == "Grouped" and len(x.shape) == 3:
            layer = layers.GroupQueryAttention(3, 4, 2)
            net.keep(layer, layer(x, other), x, other)
        elif kind.endswith("Attention") and len(x.shape) == 3:
            net.call(getattr(layers, kind)(), x, other)
    except Exception:  # sizes that do not fit
        return


def recurrent(net, x):
    """Recurrent layers, one way or two."""
    kind = getattr(layers, net.choose("SimpleRNN", "LSTM", "GRU"))
    layer = kind(net.number(1, 3), return_sequences=net.choose(True, False), unroll=True)
    if net.rng.random() < 0.3:
        layer = layers.Bidirectional(layer)
    net.call(layer, x)


def conv_lstm(rank):
    """Convolutional LSTMs."""

    def make(net, x):
        options = window(net, rank)
        if options["data_format"] == "channels_first":
            options["data_format"] = "channels_last"
        kind = getattr(layers, f"ConvLSTM{rank}D")
        net.call(kind(2, return_sequences=net.choose(True, False), **options), x)

    return make


def each_step(net, x):
    """A layer or model at each step of a sequence."""
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
            except Exception:  # sizes that do not fit
                return
    net.call(layers.TimeDistributed(inner), x)


def spectral(net, x):
    """Convolutions with spectral normalization."""
    rank = len(x.shape) - 2
    options = window(net, rank)
    net.call(layers.SpectralNormalization(getattr(layers, f"Conv{rank}D")(2, **options)), x)


def of_your_own(net, x):
    """Layers of one's own."""
    net.call(
        net.choose(
            Shifted(),
            layers.Lambda(lambda t: t * 2.0),
            layers.Lambda(lambda t: t - ops.mean(t, axis=1, keepdims=True)),
        ),
        x,
    )


def nested(net, x):
    """A model of two layers, called on one or two tensors."""
    inside = Net(net.rng)
    inner = keras.Input(x.shape[1:])
    inside.inputs, inside.tensors = [inner], [inner]
    for _ in range(3):
        inside.step()
    if len(inside.tensors) == 1:
        return
    model = keras.Model(inner, inside.tensors[-1])
    net.words.append(f"  model of {inside.words}")
    net.call(model, x)
    others = [t for t in net.tensors if t.shape == x.shape and t is not x]
    if others:
        net.call(model, others[0])


def shared(net, x):
    """A layer that is called twice."""
    others = [t for t in net.tensors if t.shape == x.shape and t is not x]
    if others and len(x.shape) == 4:
        layer = layers.Conv2D(2, 3, padding="same")
        net.call(layer, x)
        net.call(layer, others[0])


def dot(net, x):
    """Dot products."""
    others = [
        t for t in net.tensors if len(t.shape) == len(x.shape) == 3 and t.shape[2] == x.shape[2]
    ]
    if others:
        net.call(layers.Dot(axes=2), x, others[int(net.rng.integers(len(others)))])


def repeat_vector(net, x):
    """Repeated vectors."""
    net.call(layers.RepeatVector(net.number(1, 4)), x)


ANY = [
    normalization,
    dense,
    einsum_dense,
    merge,
    concatenate,
    reshape,
    reshape,
    operation,
    bins,
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


def build(seed):
    """A random model, and the calls that made it."""
    keras.utils.set_random_seed(seed)
    net = Net(np.random.default_rng(seed))
    for _ in range(net.choose(1, 1, 1, 2, 2, 3)):
        net.add_input()
    for _ in range(net.number(2, 14)):
        net.step()
    ends = net.tensors[-net.number(1, 2) :]
    return keras.Model(net.inputs, ends), net.words


# What it computes


def positive(model, rng):
    """Weights that let all pixels through: none is 0, none cancels another."""
    for v in model.variables:
        if "seed" not in v.path and "float" in str(v.dtype):
            v.assign(rng.uniform(0.5, 1.5, v.shape) / max(math.prod(v.shape[:-1]), 1))


def supports(model, graph, rng, space):
    """Of each tensor, for each axis of space: the first and last pixel that moves each unit."""
    base = [rng.uniform(0.5, 1, (1, *t.shape[1:])) for t in model.inputs]
    keys = [k for n in graph.nodes if not n.is_input for k in n.outputs]

    def compute(batch):
        values = graph.evaluate([tf.constant(b) for b in batch], run, until=tuple(keys))
        return {k: np.asarray(values[k], "float64") for k in keys}

    own = compute(base)
    # TensorFlow resizes in single precision, and rounds by the place in a batch.
    single = any(type(n.operation).__name__ in ("Resizing", "UpSampling2D") for n in graph.nodes)
    least = 1e-6 if single else 1e-13
    found = {k: {} for k in keys}
    for i, axes in enumerate(space):
        for axis in axes:
            n = base[i].shape[axis]
            hits = {k: np.zeros((n, *own[k].shape[1:]), bool) for k in keys}
            for push in (0.7, -0.4, 3.0):
                moved = np.repeat(base[i], n, axis=0)
                for p in range(n):
                    at = (p, *(slice(None),) * (axis - 1), p)
                    moved[at] += push * rng.uniform(0.5, 1, moved[at].shape)
                batch = [np.repeat(b, n, axis=0) for b in base]
                batch[i] = moved
                made = compute(batch)
                for k in keys:
                    scale = np.nanmax(np.abs(own[k]), initial=1e-30)
                    hits[k] |= np.abs(made[k] - own[k]) > least * scale
            for k in keys:
                seen = hits[k].any(axis=0)
                first = np.where(seen, hits[k].argmax(axis=0), NOWHERE)
                last = np.where(seen, n - 1 - hits[k][::-1].argmax(axis=0), -1)
                found[k][i, axis] = first, last
    return found


PRODUCTS = {
    "MatMul", "BatchMatMulV2", "Einsum", "Conv2D", "Conv3D", "DepthwiseConv2dNative",
    "Conv2DBackpropInput", "Conv3DBackpropInputV2",
}  # fmt: skip


def products(model):
    """Multiply-adds of the matrix products and convolutions in TensorFlow's graph."""
    signature = [tf.TensorSpec((1, *t.shape[1:]), t.dtype) for t in model.inputs]
    try:
        function = tf.function(lambda *x: model(list(x), training=False))
        function = function.get_concrete_function(*signature)
    except ValueError:  # eagerly TensorFlow computes some windows that do not fit
        return None
    count = 0
    for op in function.graph.get_operations():
        if op.type in ("While", "StatelessWhile", "PartitionedCall", "StatefulPartitionedCall"):
            return None  # what is inside is not counted
        if op.type == "SpaceToBatchND":
            return None  # a dilated convolution of three axes, computed on a padded map
        if op.type in PRODUCTS:
            count += _product_of(op)
    return count


def _product_of(op):
    shapes = [tuple(t.shape) for t in op.inputs]
    out = tuple(op.outputs[0].shape)
    if op.type == "Einsum":
        terms = op.get_attr("equation").decode().split("->")[0].split(",")
        sizes = {}
        for term, shape in zip(terms, shapes, strict=True):
            left, dots, right = term.partition("...")
            more = len(shape) - len(left) - len(right)
            letters = [*left, *(range(more, 0, -1) if dots else ()), *right]
            for letter, n in zip(letters, shape, strict=True):
                sizes[letter] = max(n, sizes.get(letter, 1))
        return math.prod(sizes.values())
    if op.type in ("MatMul", "BatchMatMulV2"):
        flag = "transpose_a" if op.type == "MatMul" else "adj_x"
        return math.prod(out) * shapes[0][-2 if op.get_attr(flag) else -1]
    if op.type in ("Conv2DBackpropInput", "Conv3DBackpropInputV2"):
        return math.prod(shapes[2]) * math.prod(shapes[1][:-1])
    if op.type == "DepthwiseConv2dNative":
        return math.prod(out) * math.prod(shapes[1][:2])
    return math.prod(out) * math.prod(shapes[1][:-1])  # Conv2D, Conv3D


# The comparison


def check(seed, counts):
    """The findings on one network, in words."""
    model, words = build(seed)
    rng = np.random.default_rng(seed)
    positive(model, rng)
    description = describe(model)
    graph = flatten(model)
    findings = []
    try:
        model([np.ones((2, *t.shape[1:])) for t in model.inputs])
    except Exception:
        counts["cannot be computed"] += 1
        return findings, words
    if description.parameters != model.count_params():
        findings.append(f"parameters {description.parameters}, {model.count_params()} counted")
    kinds = {r.kind for r in description.layers}
    counts.update(kinds)
    # One sums products without a matrix product; of others TensorFlow makes one on the quiet.
    if not kinds & {"AdditiveAttention"} and description.macs is not None:
        counted = products(model)
        counts["MACs compared"] += counted is not None
        if counted is not None and counted != description.macs:
            findings.append(f"MACs {description.macs}, {counted} in the graph")
    counts["MACs known"] += description.macs is not None
    shapes, fields = followed(model, graph, None)
    sizes = {(i, a): n for i, k in enumerate(graph.inputs) for a, n in enumerate(shapes[k])}
    values = sum(math.prod(s[1:]) for s in shapes.values()) * max(
        sum(s[1:]) for s in shapes.values()
    )
    if values > LOOKED_AT:
        counts["too large"] += 1
        return findings, words
    found = supports(model, graph, rng, fields.space)
    for node, record in zip(graph.nodes, description.layers, strict=True):
        for key in node.outputs if not node.is_input else ():
            looks = sees(fields.views[key], fields, sizes, shapes[key])
            line = compare(looks, found[key], fields.space, sizes, record, counts)
            if line:
                findings.append(f"{record.name}: {line}")
    return findings, words


def compare(looks, found, space, sizes, record, counts):
    """What is said of a tensor against what was measured: in words, where it is too little."""
    if any(look.field is None for look in looks):
        counts["fields unknown"] += 1
        counts[f"? {record.kind}"] += 1
        return None
    for axes in space:
        i = space.index(axes)
        if len(axes) != len(looks) and any((found[i, a][1] >= 0).any() for a in axes):
            return "sees an input of which nothing is said"
    for at, look in enumerate(looks):
        alike = [(i, axes[at]) for i, axes in enumerate(space) if len(axes) == len(looks)]
        first = np.minimum.reduce([found[origin][0] for origin in alike])
        last = np.maximum.reduce([found[origin][1] for origin in alike])
        n = max(sizes[origin] for origin in alike)
        most = 0
        for unit in range(first.shape[look.axis - 1] if look.axis else 1):
            span = look.field.span(unit)
            own = (np.take(x, unit, look.axis - 1) if look.axis else x for x in (first, last))
            low, high = (int(f(x)) for f, x in zip((np.min, np.max), own, strict=True))
            if high >= 0 and (span is None or low < span[0] or high > span[1]):
                return f"axis {at}, unit {unit}: {span} said, {(low, high)} measured"
            if span:
                most = max(most, min(span[1], n - 1) - max(span[0], 0) + 1)
        reached = most <= max(int((last - first).max()) + 1, 0)
        counts["fields"] += 1
        counts["fields reached"] += reached
        counts[f"< {record.kind}"] += not reached
        if VERBOSE and not reached:
            print(record.name, "axis", at, "said", most, "measured", (last - first).max() + 1)
    return None


VERBOSE = False


def main():
    """Run until the time is up; exit 1 where there is a finding."""
    global VERBOSE
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seed", type=int, default=0, help="of the first network")
    parser.add_argument("--minutes", type=float, default=1)
    parser.add_argument("--one", type=int, help="run only the network of this seed")
    options = parser.parse_args()
    VERBOSE = options.one is not None
    keras.config.set_floatx("float64")
    warnings.filterwarnings("ignore")
    end, seed, counts, wrong = time.monotonic() + 60 * options.minutes, options.seed, Counter(), 0
    seeds = [options.one] if options.one is not None else None
    while seeds != [] and (seeds or time.monotonic() < end):
        if seeds:
            seed = seeds.pop()
        if seed % 50 == 0:
            keras.backend.clear_session()
        try:
            findings, words = check(seed, counts)
        except Exception as error:
            if VERBOSE:
                raise
            findings, words = [f"{type(error).__name__}: {error}"], build(seed)[1]
        if findings or VERBOSE:
            print(f"seed {seed}:", *findings[:6], *words, sep="\n  ", flush=True)
            wrong += bool(findings)
        seed += 1
    print(f"{seed - options.seed} networks, {wrong} with findings")
    print(", ".join(f"{name} {count}" for name, count in sorted(counts.items())))
    raise SystemExit(wrong > 0)


if __name__ == "__main__":
    main()
