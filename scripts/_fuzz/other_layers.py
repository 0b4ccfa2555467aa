"""Random layers without windows: dense, merging, reshaping, recurrent and so on.

Each function applies one layer with random arguments to a tensor of a network.
"""

from contextlib import suppress

import keras
from keras import layers, ops


@keras.saving.register_keras_serializable(package="fuzz")
class Shifted(keras.layers.Layer):
    """A custom layer, for which there is no rule: the sum of two neighbors."""

    def call(self, x):
        """Add the next row."""
        return x + ops.concatenate([x[:, 1:], x[:, -1:]], axis=1)


def normalization(net, x):
    """Normalizations, activations, and layers without effect at inference."""
    ndim = len(x.shape)
    axis = net.choose(-1, net.number(1, ndim - 1), list(range(1, ndim)))
    layer = net.choose(
        lambda: layers.BatchNormalization(axis if isinstance(axis, int) else -1),
        lambda: layers.LayerNormalization(axis),
        lambda: layers.UnitNormalization(axis),
        # Keras multiplies by its scale along the last axes, whichever are normalized.
        lambda: layers.RMSNormalization(-1 if isinstance(axis, int) else axis),
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
    """Changes of shape and order, and operations from `keras.ops`."""
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
    """Recurrent layers, also bidirectional."""
    kind = getattr(layers, net.choose("SimpleRNN", "LSTM", "GRU"))
    layer = kind(net.number(1, 3), return_sequences=net.choose(True, False), unroll=True)
    if net.rng.random() < 0.3:
        layer = layers.Bidirectional(layer)
    net.call(layer, x)


def of_your_own(net, x):
    """Custom layers."""
    net.call(
        net.choose(
            Shifted(),
            layers.Lambda(lambda t: t * 2.0),
            layers.Lambda(lambda t: t - ops.mean(t, axis=1, keepdims=True)),
        ),
        x,
    )


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
    """Layers without effect at inference."""
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
    with suppress(AttributeError):  # the layer does not exist for this rank
        net.call(layer(), x)


def rectifying(net, x):
    """Convolutions and dense layers that end in a ReLU."""
    rank = len(x.shape) - 2
    if rank == 0 or net.rng.random() < 0.2:
        net.call(layers.Dense(net.number(2, 4), activation="relu"), x)
    else:
        kind = getattr(layers, f"Conv{rank}D")
        net.call(kind(net.number(2, 4), 3, padding="same", activation="relu"), x)
