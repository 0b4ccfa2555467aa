"""Random networks of some 40 kinds of layers, step by step, for the fuzzers.

A `Net` remembers its steps, so that it can be computed without its model: `follow` does, layer by
layer, nested nets opened.
"""

import math
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

import keras
import numpy as np
from keras import layers, ops


@keras.saving.register_keras_serializable(package="fuzz")
class Shifted(keras.layers.Layer):
    """A layer of one's own, without a rule: the sum of two neighbors."""

    def call(self, x):
        """Add the next row."""
        return x + ops.concatenate([x[:, 1:], x[:, -1:]], axis=1)


@dataclass
class Step:
    """How a tensor of a net is made: by a function of other ones.

    Attributes:
        operation: the layer, the model, or the operation of `keras.ops`.
        function: computes it from tensors.
        inputs: which of the net's tensors it reads.
        inner: the net within, where the operation is a model.
        constants: what the model within takes after the tensors, for good.
    """

    operation: keras.Operation
    function: Callable
    inputs: list[int]
    inner: "Net | None" = None
    constants: tuple = ()


def at_inference(layer):
    """A function of tensors: a layer, applied to a list where there are several."""

    def function(*tensors):
        symbolic = isinstance(tensors[0], keras.KerasTensor)
        idle = not symbolic and getattr(layer, "_call_has_training_arg", False)
        given = tensors[0] if len(tensors) == 1 else list(tensors)
        return layer(given, **({"training": False} if idle else {}))

    return function


class Net:
    """A network in the making: its tensors, and the calls that made them, also in words."""

    def __init__(self, rng, formats=("channels_last",)):
        self.rng, self.formats = rng, formats
        self.words, self.tensors, self.inputs, self.steps = [], [], [], []
        self.ends, self.used = [], set()

    def choose(self, *choices):
        """One of some choices."""
        return choices[self.rng.integers(len(choices))]

    def number(self, low, high):
        """A whole number, both ends included."""
        return int(self.rng.integers(low, high + 1))

    def random_shape(self):
        """A shape of 1 to 4 axes, often that of the first input."""
        rank = self.choose(1, 2, 2, 3, 3, 3, 3, 4)
        sizes = [self.number(3, {1: 9, 2: 12, 3: 11, 4: 5}[rank]) for _ in range(rank - 1)]
        if self.inputs and self.rng.random() < 0.7:
            return tuple(self.inputs[0].shape[1:])
        return (*sizes, self.number(1, 4))

    def add_input(self, shape=None, **options):
        """An input, of a random shape where none is given."""
        shape = self.random_shape() if shape is None else shape
        x = keras.Input(shape, **options)
        self.words.append(f"{len(self.tensors)}: Input({shape}{options or ''})")
        self.inputs.append(x)
        self.tensors.append(x)
        self.steps.append(None)
        return x

    def call(self, layer, *tensors, **remembered):
        """Apply a layer, to a list where it takes several; one that refuses is passed over."""
        function = at_inference(layer)
        plain = isinstance(layer, keras.Layer) and not isinstance(layer, keras.Model)
        said = {
            k: v
            for k, v in (layer.get_config() if plain else {}).items()
            if isinstance(v, (int, float, str, tuple, list, bool))
            and k not in ("name", "dtype", "momentum", "epsilon", "renorm_momentum", "fill_mode")
            and v not in (None, True, False, "zeros", "ones", "glorot_uniform")
        }
        return self.apply(f"{type(layer).__name__}({said})", function, *tensors, **remembered)

    def apply(self, words, function, *tensors, **remembered):
        """Apply a function, and keep what it makes; one that refuses is passed over."""
        try:
            y = function(*tensors)
            function(*(np.ones((2, *t.shape[1:]), t.dtype) for t in tensors))
        except Exception:  # sizes that do not fit, or that TensorFlow does not compute
            return None
        y = keras.tree.flatten(y)[0]
        shape = y.shape[1:]
        if None in shape or min(shape, default=1) < 1 or math.prod(shape) > 3000:
            return None
        at = [self.place(x) for x in tensors]
        operation = y._keras_history.operation
        self.words.append(f"{len(self.tensors)}: {operation.name} = {words} of {at} -> {shape}")
        self.steps.append(Step(operation, function, at, **remembered))
        self.tensors.append(y)
        return y

    def finish(self, *ends):
        """Say which tensors the net puts out; the steps that lead there are used."""
        self.ends = [self.place(end) for end in ends]
        self.used = set(self.ends)
        for i in range(len(self.steps) - 1, -1, -1):
            if i in self.used and self.steps[i]:
                self.used.update(self.steps[i].inputs)

    def place(self, tensor):
        """Which of the net's tensors it is."""
        return next(i for i, t in enumerate(self.tensors) if t is tensor)

    def step(self, more=()):
        """Apply one more layer, to one of the latest tensors."""
        x = self.tensors[int(self.rng.integers(max(0, len(self.tensors) - 4), len(self.tensors)))]
        rank = len(x.shape) - 1
        makers = ANY + list(more) + {1: VECTOR, 2: SEQUENCE, 3: IMAGE, 4: VOLUME}.get(rank, [])
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
    options["data_format"] = net.choose(*net.formats)
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
                data_format=net.choose(*net.formats),
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
        most = min(4, *x.shape[1:])
        if most > 1:  # a pool down to 1 may end the process: Keras takes too large a window
            net.call(kind(net.number(2, most), data_format=net.choose(*net.formats)), x)

    return make


def up_sampling(net, x):
    """Up-sampling."""
    rank = len(x.shape) - 2
    kind = getattr(layers, f"UpSampling{rank}D")
    options = {}
    if rank > 1:
        options["data_format"] = net.choose(*net.formats)
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
            data_format=net.choose(*net.formats),
        ),
        x,
    )


def borders(net, x):
    """Padding and cropping."""
    rank = len(x.shape) - 2
    kind = getattr(layers, f"{net.choose('ZeroPadding', 'Cropping')}{rank}D")
    sides = tuple((net.number(0, 2), net.number(0, 2)) for _ in range(rank))
    options = {"data_format": net.choose(*net.formats)} if rank > 1 else {}
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
        net.call(layers.Flatten(data_format=net.choose(*net.formats)), x)
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
        net.apply(f"flip(axis={axis})", lambda x: ops.flip(x, axis), x)
    elif kind == "roll":
        axis = net.number(1, len(sizes))
        net.apply(f"roll(1, axis={axis})", lambda x: ops.roll(x, 1, axis), x)
    elif kind == "mean":
        axis, keep = net.number(1, len(sizes)), net.choose(True, False)
        if len(sizes) > 1 or keep:
            net.apply(
                f"mean(axis={axis}, keepdims={keep})",
                lambda x: ops.mean(x, axis, keepdims=keep),
                x,
            )
    elif kind == "item" and sizes[0] > 2:
        key = net.choose(
            slice(1, None), slice(None, None, 2), slice(None, None, -1), slice(0, -1), 1
        )
        if len(sizes) > 1 or isinstance(key, slice):
            net.apply(f"[:, {key}]", lambda x: x[:, key], x)
    elif kind == "pad":
        width = [(0, 0)] + [(net.number(0, 2), net.number(0, 2)) for _ in sizes]
        net.apply(f"pad({width})", lambda x: ops.pad(x, width), x)


def attention(net, x):
    """Attention of four kinds."""
    others = [t for t in net.tensors if len(t.shape) == len(x.shape) and t.shape[-1] == x.shape[-1]]
    other = others[int(net.rng.integers(len(others)))]
    kind = net.choose("Attention", "AdditiveAttention", "MultiHead", "Grouped")
    if kind == "MultiHead":
        layer = layers.MultiHeadAttention(2, 3, value_dim=net.number(1, 3))
        net.apply("MultiHeadAttention", layer, x, other)
    elif kind == "Grouped" and len(x.shape) == 3:
        net.apply("GroupQueryAttention", layers.GroupQueryAttention(3, 4, 2), x, other)
    elif kind.endswith("Attention") and len(x.shape) == 3:
        net.call(getattr(layers, kind)(), x, other)


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
    """A model of a few layers, called on one or two tensors, or with a constant beside."""
    inside = Net(net.rng, net.formats)
    inside.add_input(x.shape[1:], dtype=x.dtype)
    constants = ()
    if net.rng.random() < 0.2:
        constants = (np.full((1, *x.shape[1:]), 0.5, "float32"),)
        inside.add_input(x.shape[1:], dtype=x.dtype)
        inside.call(layers.Add(), *inside.inputs)
    start = len(inside.tensors)
    for _ in range(3):
        inside.step()
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


def activation(net, x):
    """Activations, as layers and as operations."""
    layer = net.choose(
        lambda: layers.ReLU(),
        lambda: layers.ReLU(max_value=1.0),
        lambda: layers.ReLU(negative_slope=0.1),
        lambda: layers.ELU(),
        lambda: layers.Activation(net.choose("relu", "relu6", "silu", "leaky_relu", "sigmoid")),
    )
    if net.rng.random() < 0.2:
        net.apply("ops.relu", ops.relu, x)
    elif net.rng.random() < 0.2:
        net.apply("maximum(x, 0)", lambda x: ops.maximum(x, 0.0), x)
    else:
        net.call(layer(), x)


def idle(net, x):
    """What does nothing at inference."""
    layer = net.choose(
        lambda: layers.Identity(),
        lambda: layers.Dropout(0.5),
        lambda: layers.GaussianNoise(0.1),
        lambda: layers.GaussianDropout(0.1),
        lambda: layers.AlphaDropout(0.1),
        lambda: layers.ActivityRegularization(0.1),
        lambda: getattr(layers, f"SpatialDropout{len(x.shape) - 2}D")(0.5),
        lambda: layers.Activation("linear"),
    )
    with suppress(AttributeError):  # no such rank
        net.call(layer(), x)


def rectifying(net, x):
    """Convolutions and dense layers that end in a ReLU."""
    rank = len(x.shape) - 2
    if rank == 0 or net.rng.random() < 0.2:
        net.call(layers.Dense(net.number(2, 4), activation="relu"), x)
    else:
        kind = getattr(layers, f"Conv{rank}D")
        net.call(kind(net.number(2, 4), 3, padding="same", activation="relu"), x)


SPARE = [activation, idle, rectifying, rectifying]
