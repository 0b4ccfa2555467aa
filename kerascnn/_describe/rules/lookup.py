"""Which units of its input a unit of a layer takes, along each axis: the rules for Keras's layers.

A reach says where the axes of one input tensor go: `{axis: (axis of the output, taps, step)}`, with
taps and step as `ReceptiveField.through` takes them. The output's axis is `None` where all units
take the same; an axis that is left out is mixed: each unit takes all of it. The batch is axis 0.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence

import keras
from keras import layers

from kerascnn._graph import Slot
from kerascnn.arithmetic import padding_sizes, transposed_taps, window_taps

Taps = Sequence[Sequence[int]]
Reach = dict[int, tuple[int | None, Taps, int]]
Shape = tuple[int | None, ...]

CONVOLUTIONS = (layers.Conv1D, layers.Conv2D, layers.Conv3D)
DEPTHWISE = (layers.DepthwiseConv1D, layers.DepthwiseConv2D)
SEPARABLE = (layers.SeparableConv1D, layers.SeparableConv2D)
TRANSPOSED = (layers.Conv1DTranspose, layers.Conv2DTranspose, layers.Conv3DTranspose)
POOLS = (
    layers.MaxPooling1D, layers.MaxPooling2D, layers.MaxPooling3D,
    layers.AveragePooling1D, layers.AveragePooling2D, layers.AveragePooling3D,
)  # fmt: skip
GLOBAL_POOLS = (
    layers.GlobalMaxPooling1D, layers.GlobalMaxPooling2D, layers.GlobalMaxPooling3D,
    layers.GlobalAveragePooling1D, layers.GlobalAveragePooling2D, layers.GlobalAveragePooling3D,
)  # fmt: skip
ADAPTIVE_POOLS = tuple(
    getattr(layers, f"Adaptive{kind}Pooling{rank}D")
    for kind in ("Average", "Max")
    for rank in (1, 2, 3)
    if hasattr(layers, f"Adaptive{kind}Pooling{rank}D")  # since Keras 3.13
)
UP_SAMPLING = (layers.UpSampling1D, layers.UpSampling2D, layers.UpSampling3D)
PADDING = (layers.ZeroPadding1D, layers.ZeroPadding2D, layers.ZeroPadding3D)
CROPPING = (layers.Cropping1D, layers.Cropping2D, layers.Cropping3D)
RECURRENT = (layers.RNN, layers.Bidirectional)
CONV_LSTM = (layers.ConvLSTM1D, layers.ConvLSTM2D, layers.ConvLSTM3D)
ATTENTION = (layers.Attention, layers.AdditiveAttention)  # the query comes first
MULTI_HEAD = (layers.MultiHeadAttention, layers.GroupQueryAttention)
MERGING = (
    layers.Add, layers.Subtract, layers.Multiply, layers.Average, layers.Maximum, layers.Minimum,
)  # fmt: skip
NORMALIZATIONS = tuple(  # over the axes that they name
    getattr(layers, name)
    for name in ("LayerNormalization", "UnitNormalization", "RMSNormalization")
    if hasattr(layers, name)
)
# At inference each value is made of the one in its place, whatever its channel.
POINTWISE = (
    layers.BatchNormalization, layers.Normalization, layers.Rescaling, layers.Identity,
    layers.Dropout, layers.SpatialDropout1D, layers.SpatialDropout2D, layers.SpatialDropout3D,
    layers.AlphaDropout, layers.GaussianDropout, layers.GaussianNoise,
    layers.ActivityRegularization, layers.ReLU, layers.LeakyReLU, layers.PReLU, layers.ELU,
    layers.Discretization, layers.RandomFlip, layers.RandomRotation, layers.RandomTranslation,
    layers.RandomZoom, layers.RandomContrast, layers.RandomBrightness,
)  # fmt: skip
# The same of the operations in `keras.ops`, and of small layers inside keras.applications.
POINTWISE_NAMES = frozenset([
    "Absolute", "Abs", "Add", "Arccos", "Arccosh", "Arcsin", "Arcsinh", "Arctan", "Arctan2",
    "Arctanh", "BroadcastTo", "Cast", "Cbrt", "Ceil", "Celu", "Clip", "ConvertToTensor",
    "Copy", "Cos", "Cosh", "Divide", "DivideNoNan", "Elu", "Equal", "Erf", "Exp", "Exp2",
    "Expm1", "Floor", "FloorDivide", "Gelu", "Greater", "GreaterEqual", "HardShrink",
    "HardSigmoid", "HardSilu", "HardTanh", "Hypot", "LayerScale", "LeakyRelu", "Less",
    "LessEqual", "Log", "Log10", "Log1p", "Log2", "LogSigmoid", "Logaddexp", "LogicalAnd",
    "LogicalNot", "LogicalOr", "Maximum", "Minimum", "Mod", "Multiply", "NanToNum", "Negative",
    "NotEqual", "OnesLike", "Power", "Reciprocal", "Relu", "Relu6", "Round", "Rsqrt", "Selu",
    "Sigmoid", "Sign", "Silu", "Sin", "Sinh", "SoftShrink", "Softplus", "Softsign", "Sqrt",
    "Square", "Squareplus", "StochasticDepth", "StopGradient", "Subtract", "Tan", "Tanh",
    "TanhShrink", "Threshold", "TrueDivide", "Where", "ZerosLike",
])  # fmt: skip
REDUCTIONS = frozenset([
    "All", "Amax", "Amin", "Any", "Logsumexp", "Max", "Mean", "Median", "Min", "Prod", "Std",
    "Sum", "Var",
])  # fmt: skip
# They make each value of those along the last axis.
SOFTMAXES = frozenset(["softmax", "log_softmax", "sparsemax"])
RADII = {"bilinear": 1, "bicubic": 2, "lanczos3": 3, "lanczos5": 5}  # of the kernels, in pixels


def reaches(
    operation: keras.Operation,
    before: Sequence[Shape],
    after: Shape,
    slots: tuple[tuple, dict],
    output: int = 0,
) -> list[Reach] | None:
    """The reach of an operation into each of its inputs; `None` where no rule is known.

    Args:
        operation: a layer, or an operation of `keras.ops`.
        before: shapes of its inputs, the batch first.
        after: shape of its output, the batch first.
        slots: the arguments of the call.
        output: which of its outputs is meant.
    """
    if not is_keras(operation):  # of your own; it may slide a window, as convolutions do
        return _of_window(operation, before, after)
    if output and not isinstance(operation, RECURRENT):
        return None
    for kinds, rule in RULES:
        if isinstance(operation, kinds):
            found = rule(operation, before, after)
            break
    else:
        found = _of_name(operation, before, after, slots)
    if found is not None and isinstance(operation, layers.Layer):
        return _after_activation(operation, found, after)
    return found


def is_keras(operation: keras.Operation) -> bool:
    """Whether Keras's own code computes an operation, not that of a class made from it."""
    methods = (getattr(type(operation), n, None) for n in ("call", "convolution_op"))
    return all(m is None or m.__module__.startswith("keras.") for m in methods)


def space(operation: keras.Operation, ndim: int) -> tuple[Sequence[int], int] | None:
    """The axes of space and of channels that a layer sees in its input; `None`: it does not say."""
    if isinstance(operation, layers.TimeDistributed):
        inner = space(operation.layer, ndim - 1)
        return inner and ([1, *(axis + 1 for axis in inner[0])], inner[1] + 1)
    if isinstance(operation, CONV_LSTM):
        first = operation.cell.data_format == "channels_first"
        return ([1, *range(3, ndim)], 2) if first else (range(1, ndim - 1), ndim - 1)
    data_format = getattr(operation, "data_format", None)
    if data_format is None and isinstance(operation, (*SEQUENCES, layers.Dense)):
        data_format = "channels_last"
    if data_format == "channels_first":
        return range(2, ndim), 1
    return (range(1, ndim - 1), ndim - 1) if data_format else None


SEQUENCES = (
    *RECURRENT, *ATTENTION, *MULTI_HEAD, layers.UpSampling1D, layers.Cropping1D,
)  # fmt: skip


# Layers that slide windows


def window_of(operation: keras.Operation) -> tuple[int, ...]:
    """The size of the window that a layer slides, as convolutions and pools do; () for others."""
    size = getattr(operation, "kernel_size", getattr(operation, "pool_size", ()))
    return tuple(size) if isinstance(size, (tuple, list)) else ()


def _windows(operation: keras.Operation, sizes: Sequence[int | None]) -> list[tuple[Taps, int]]:
    """Taps and step of a convolution or pooling, for each axis of space."""
    dilations = getattr(operation, "dilation_rate", 1)
    kernels = window_of(operation)
    dilations = dilations if isinstance(dilations, tuple) else (dilations,) * len(kernels)
    windows = []
    for size, k, s, d in zip(sizes, kernels, operation.strides, dilations, strict=True):
        # Of an unknown size "same" pads like a multiple of the stride.
        start = padding_sizes(size or s * k * d, k, s, operation.padding, d)[0]
        windows.append(window_taps(k, s, start, d))
    return windows


def _of_convolution(operation: layers.Layer, before: list[Shape], after: Shape) -> list[Reach]:
    axes, _channel = space(operation, len(after))
    windows = _windows(operation, [before[0][axis] for axis in axes])
    return [{axis: (axis, *window) for axis, window in zip(axes, windows, strict=True)}]


def _of_channelwise(operation: layers.Layer, before: list[Shape], after: Shape) -> list[Reach]:
    channel = space(operation, len(after))[1]
    (reach,) = _of_convolution(operation, before, after)
    return [reach | _same([channel] * (before[0][channel] == after[channel]))]


def _of_window(operation: keras.Operation, before: list[Shape], after: Shape) -> list[Reach] | None:
    """A layer of your own with the attributes of a convolution, where its output is as large."""
    kernel, sizes = window_of(operation), before[0][1:-1] if len(before) == 1 else ()
    strides, padding = (getattr(operation, name, None) for name in ("strides", "padding"))
    if not kernel or len(kernel) != len(sizes) or len(after) != len(before[0]):
        return None
    if not isinstance(strides, tuple) or padding not in ("valid", "same"):
        return None
    if getattr(operation, "data_format", "channels_last") != "channels_last":
        return None
    windows = _windows(operation, sizes)
    for size, made, (taps, step) in zip(sizes, after[1:-1], windows, strict=True):
        extent = taps[0][-1] - taps[0][0] + 1
        expected = (
            -(-(size or 0) // step) if padding == "same" else ((size or 0) - extent) // step + 1
        )
        if size is not None and made != expected:
            return None
    return [{axis: (axis, *window) for axis, window in enumerate(windows, 1)}]


def _of_transposed(operation: layers.Layer, before: list[Shape], after: Shape) -> list[Reach]:
    axes, _channel = space(operation, len(after))
    reach = {}
    for axis, k, s, d, out in zip(
        axes,
        operation.kernel_size,
        operation.strides,
        operation.dilation_rate,
        operation.output_padding or (None,) * len(axes),
        strict=True,
    ):
        extent = d * (k - 1) + 1
        cut = 0
        if operation.padding == "same":
            cut = _cut_before(before[0][axis], after[axis], extent, s, out)
        reach[axis] = (axis, *transposed_taps(k, s, cut, d))
    return [reach]


def _cut_before(
    size: int | None, made: int | None, extent: int, stride: int, output_padding: int | None
) -> int:
    """How many pixels "same" cuts off before: the padding of the convolution that is transposed."""
    if None in (size, made):
        size, made = extent, extent * stride
    return max((size - 1) * stride + extent - made, 0) // 2


def _of_conv_lstm(operation: layers.Layer, before: list[Shape], after: Shape) -> list[Reach] | None:
    """A window of each frame, and once more the state's window for each frame before."""
    shape, cell = before[0], operation.cell
    frames, (axes, _channel) = shape[1], space(operation, len(before[0]))
    if frames is None:
        return None
    shift = len(shape) - len(after)  # 1 where only the last frame is put out
    sizes = [shape[axis] for axis in axes[1:]]
    reach = {}
    for axis, (taps, step), k in zip(
        axes[1:], _windows(cell, sizes), cell.kernel_size, strict=True
    ):
        back = (k - 1) // 2 * (frames - 1)  # of a stride of 1, padded as "same"
        on = (k - 1 - (k - 1) // 2) * (frames - 1)
        first, last = taps[0][0] - back * step, taps[0][-1] + on * step
        reach[axis] = (axis - shift, [range(first, last + 1)] if frames > 1 else taps, step)
    return [reach, *({} for _state in before[1:])]


# Layers that move pixels


def _of_up_sampling(
    operation: layers.Layer, before: list[Shape], after: Shape
) -> list[Reach] | None:
    axes, channel = space(operation, len(after))
    method = getattr(operation, "interpolation", "nearest")
    factors = operation.size if isinstance(operation.size, tuple) else (operation.size,)
    reach = _same([channel])
    for axis, factor in zip(axes, factors, strict=True):
        reach[axis] = (axis, *_resized(factor, 1, method))
    return [reach]


def _resized(made: int, size: int, method: str) -> tuple[Taps, int]:
    """Taps of `made` pixels for each `size`, their centres laid over each other."""
    common = math.gcd(made, size)
    made, size = made // common, size // common
    taps = []
    for unit in range(made):
        # The place (unit + 1/2) · size / made - 1/2, times 2 · made.
        place = (2 * unit + 1) * size - made
        whole, rest = divmod(place, 2 * made)
        if method == "nearest":
            taps.append([(2 * unit + 1) * size // (2 * made)])
        elif rest:
            radius = RADII[method]
            taps.append(list(range(whole - radius + 1, whole + radius + 1)))
        else:
            taps.append([whole])  # the kernels are 0 at the other pixels
    return taps, size


def _of_resizing(operation: layers.Layer, before: list[Shape], after: Shape) -> list[Reach] | None:
    axes, channel = space(operation, len(after))
    odd = ("crop_to_aspect_ratio", "pad_to_aspect_ratio", "antialias")
    sizes = [before[0][axis] for axis in axes]
    if len(after) != 4 or None in sizes or any(getattr(operation, name, False) for name in odd):
        return None
    method = operation.interpolation
    if method not in ("nearest", *RADII):
        return None
    return [
        {
            axis: (axis, *_resized(after[axis], size, method))
            for axis, size in zip(axes, sizes, strict=True)
        }
        | _same([channel])
    ]


def _of_shift(operation: layers.Layer, before: list[Shape], after: Shape) -> list[Reach]:
    axes, channel = space(operation, len(after))
    sign, sides = (
        (-1, operation.padding) if isinstance(operation, PADDING) else (1, operation.cropping)
    )
    if isinstance(sides[0], int):  # of one axis
        sides = (sides,)
    return [
        {axis: (axis, [[sign * start]], 1) for axis, (start, _end) in zip(axes, sides, strict=True)}
        | _same([channel])
    ]


def _of_flatten(operation: layers.Layer, before: list[Shape], after: Shape) -> list[Reach] | None:
    ndim = len(before[0])
    order = range(1, ndim)
    if operation.data_format == "channels_first" and ndim > 1:
        order = [*range(2, ndim), 1]
    sizes = [before[0][axis] for axis in order]
    if None in sizes:
        return None
    return [
        {
            axis: (1, *_digit(sizes[i], math.prod(sizes[i + 1 :]), outermost=i == 0))
            for i, axis in enumerate(order)
        }
    ]


def _digit(size: int, inner: int, *, outermost: bool) -> tuple[Taps, int]:
    """Of axes that are written as one: where the i-th unit lies along one, (i // inner) % size."""
    if outermost:
        return [[0]] * inner, 1
    return [[unit // inner] for unit in range(size * inner)], 0


def _of_permute(operation: layers.Layer, before: list[Shape], after: Shape) -> list[Reach]:
    return [_moved({old: new for new, old in enumerate(operation.dims, 1)})]


def _of_repeat_vector(operation: layers.Layer, before: list[Shape], after: Shape) -> list[Reach]:
    return [_moved({1: 2})]


def _of_concatenate(
    operation: keras.Operation, before: Sequence[Shape], after: Shape
) -> list[Reach] | None:
    axis = operation.axis % len(after)
    sizes = [shape[axis] for shape in before]
    if axis == 0 or any(len(shape) != len(after) for shape in before):
        return None
    others = _same(a for a in range(1, len(after)) if a != axis)
    if None in sizes:
        return None if axis != len(after) - 1 else [others] * len(before)
    starts = [sum(sizes[:i]) for i in range(len(sizes))]
    return [
        others
        | {
            axis: (
                axis,
                [[u - start] if start <= u < start + size else [] for u in range(after[axis])],
                size,
            )
        }
        for start, size in zip(starts, sizes, strict=True)
    ]


# Layers that mix


def _of_pointwise(
    operation: keras.Operation, before: Sequence[Shape], after: Shape
) -> list[Reach] | None:
    """Each value of those in its place; an axis of size 1 serves all places."""
    reaches = []
    for shape in before:
        more = len(after) - len(shape)
        if more < 0 or (more and not isinstance(operation, layers.Layer)):
            return None  # the batch would meet another axis
        reach = {}
        for axis in range(1, len(shape)):
            spread = shape[axis] == 1 and after[axis + more] != 1
            reach[axis] = (None, [[0]], 0) if spread else (axis + more, [[0]], 1)
        reaches.append(reach)
    return reaches


def _of_dense(operation: layers.Layer, before: list[Shape], after: Shape) -> list[Reach]:
    return [_same(range(1, len(after) - 1))]


def _of_einsum_dense(operation: layers.Layer, before: list[Shape], after: Shape) -> list[Reach]:
    inputs, made = operation.equation.replace(" ", "").split("->")
    return [_of_labels(inputs.split(",")[0], made, len(before[0]), len(after))]


def _of_labels(labels: str, made: str, ndim: int, made_ndim: int) -> Reach:
    """The axes of an einsum that stay, by their letters."""
    labels, made = _spelled(labels, ndim), _spelled(made, made_ndim)
    return _moved({
        axis: made.index(label) for axis, label in enumerate(labels) if axis and label in made
    })  # fmt: skip


def _spelled(labels: str, ndim: int) -> list[str]:
    """The letters of an einsum, those of an ellipsis counted from its end."""
    if "..." not in labels:
        return list(labels)
    left, right = labels.split("...")
    more = ndim - len(left) - len(right)
    return [*left, *(f"...{i}" for i in range(more, 0, -1)), *right]


def _of_embedding(operation: layers.Layer, before: list[Shape], after: Shape) -> list[Reach] | None:
    if type(operation) is not layers.Embedding:  # a reversible one: two ways
        return None
    return [_same(range(1, len(before[0])))]


def _of_normalization(operation: layers.Layer, before: list[Shape], after: Shape) -> list[Reach]:
    ndim = len(after)
    axes = operation.axis if isinstance(operation.axis, (list, tuple)) else [operation.axis]
    mixed = {axis % ndim for axis in axes}
    return [_same(axis for axis in range(1, ndim) if axis not in mixed)]


def _of_group_normalization(
    operation: layers.Layer, before: list[Shape], after: Shape
) -> list[Reach]:
    return [{}]  # over all places and the channels of a group


def _of_softmax(operation: layers.Layer, before: list[Shape], after: Shape) -> list[Reach]:
    masks = [{} for _mask in before[1:]]
    return [*_of_normalization(operation, before[:1], after), *masks]


def _of_global_pool(operation: layers.Layer, before: list[Shape], after: Shape) -> list[Reach]:
    channel = space(operation, len(before[0]))[1]
    return [_moved({channel: channel if operation.keepdims else 1})]


def _of_adaptive_pool(
    operation: layers.Layer, before: list[Shape], after: Shape
) -> list[Reach] | None:
    axes, channel = space(operation, len(after))
    reach = _same([channel])
    for axis in axes:
        size, made = before[0][axis], after[axis]
        if size is None:
            return None
        taps = [range(i * size // made, -(-(i + 1) * size // made)) for i in range(made)]
        reach[axis] = (axis, taps, size)
    return [reach]


def _of_recurrent(operation: layers.Layer, before: list[Shape], after: Shape) -> list[Reach] | None:
    """The last step sees all that came; so does one of them in a bidirectional layer."""
    return None if _is_of_own_cell(operation) else [{} for _shape in before]


def _is_of_own_cell(operation: layers.Layer) -> bool:
    inner = getattr(operation, "cell", None) or getattr(operation, "forward_layer", None)
    return not is_keras(inner)


def _of_attention(operation: layers.Layer, before: list[Shape], after: Shape) -> list[Reach]:
    """A query keeps its place; keys, values and masks are seen from everywhere."""
    return [_same(range(1, len(after) - 1)), *({} for _other in before[1:])]


def _of_multi_head(operation: layers.Layer, before: list[Shape], after: Shape) -> list[Reach]:
    ndim = len(after)
    attended = getattr(operation, "_attention_axes", None) or range(1, ndim - 1)
    apart = [a for a in range(1, ndim - 1) if a not in {axis % ndim for axis in attended}]
    return [
        _same(range(1, ndim - 1)),
        *(_same(apart if len(shape) == ndim else ()) for shape in before[1:]),
    ]


def _of_dot(operation: layers.Layer, before: list[Shape], after: Shape) -> list[Reach]:
    axes = operation.axes if isinstance(operation.axes, (list, tuple)) else [operation.axes] * 2
    reaches, made = [], 1
    for shape, axis in zip(before, axes, strict=True):
        stay = [a for a in range(1, len(shape)) if a != axis % len(shape)]
        reaches.append(_moved({a: made + i for i, a in enumerate(stay)}))
        made += len(stay)
    return reaches if len(after) == made else [{}, {}]


def _after_activation(operation: layers.Layer, found: list[Reach], after: Shape) -> list | None:
    """What the activation inside a layer adds: softmax mixes the last axis, whatever that is."""
    activation = getattr(operation, "activation", None)
    if activation is None or isinstance(operation, (*RECURRENT, *CONV_LSTM)):
        return found
    name, module = (getattr(activation, n, "") for n in ("__name__", "__module__"))
    if isinstance(activation, layers.Layer):  # Activation(layer)
        return found if isinstance(activation, POINTWISE) else None
    if not str(module).startswith(("keras.", "kerascnn.layers.")) or name == "glu":
        return None  # of your own
    if name in SOFTMAXES:
        last = len(after) - 1
        return [{a: to for a, to in reach.items() if to[0] != last} for reach in found]
    return found


RULES: tuple[tuple[tuple[type, ...], Callable], ...] = (
    ((*DEPTHWISE, *POOLS), _of_channelwise),
    (TRANSPOSED, _of_transposed),
    ((*CONVOLUTIONS, *SEPARABLE), _of_convolution),
    (CONV_LSTM, _of_conv_lstm),
    (UP_SAMPLING, _of_up_sampling),
    ((layers.Resizing,), _of_resizing),
    ((*PADDING, *CROPPING), _of_shift),
    ((layers.Flatten,), _of_flatten),
    ((layers.Permute,), _of_permute),
    ((layers.RepeatVector,), _of_repeat_vector),
    ((layers.Concatenate,), _of_concatenate),
    ((layers.Dense,), _of_dense),
    ((layers.EinsumDense,), _of_einsum_dense),
    ((layers.Embedding,), _of_embedding),
    (NORMALIZATIONS, _of_normalization),
    ((layers.GroupNormalization,), _of_group_normalization),
    ((layers.Softmax,), _of_softmax),
    (GLOBAL_POOLS, _of_global_pool),
    (ADAPTIVE_POOLS, _of_adaptive_pool),
    (RECURRENT, _of_recurrent),
    (ATTENTION, _of_attention),
    (MULTI_HEAD, _of_multi_head),
    ((layers.Dot,), _of_dot),
    ((*POINTWISE, *MERGING, layers.Activation, layers.Masking), _of_pointwise),
)


# Operations of keras.ops, by the names of their classes, which are not public


def _of_name(
    operation: keras.Operation, before: Sequence[Shape], after: Shape, slots: tuple[tuple, dict]
) -> list[Reach] | None:
    name, ndim = type(operation).__name__, len(before[0]) if before else 0
    if name in POINTWISE_NAMES:
        if isinstance(operation, layers.Layer) and len(before) != 1:
            return None
        return _of_pointwise(operation, before, after)
    if isinstance(operation, layers.Layer) or len(before) == 0:
        return None
    if name in REDUCTIONS:
        axes = operation.axis
        axes = range(ndim) if axes is None else axes if isinstance(axes, (list, tuple)) else [axes]
        mixed = {axis % ndim for axis in axes}
        stay = [axis for axis in range(1, ndim) if axis not in mixed]
        if 0 in mixed:
            return None  # the images of a batch meet
        return [
            _same(stay) if operation.keepdims else _moved({a: i for i, a in enumerate(stay, 1)})
        ]
    if name in ("Softmax", "LogSoftmax"):
        return None if operation.axis is None else _of_normalization(operation, before, after)
    if name == "Concatenate":
        arrays = slots[0][0]
        every = len(arrays) == len(before)  # none is constant
        return _of_concatenate(operation, before, after) if every else None
    if name == "Transpose" and operation.axes is not None and operation.axes[0] % ndim == 0:
        return [_moved({old % ndim: new for new, old in enumerate(operation.axes) if new})]
    if name == "Swapaxes":
        one, other = operation.axis1 % ndim, operation.axis2 % ndim
        order = {axis: axis for axis in range(1, ndim)} | {one: other, other: one}
        return None if 0 in (one, other) else [_moved(order)]
    if name == "Flip" and operation.axis is not None:
        axes = operation.axis if isinstance(operation.axis, (list, tuple)) else [operation.axis]
        axes = {axis % ndim for axis in axes}
        if 0 in axes or any(before[0][axis] is None for axis in axes):
            return None
        flips = {axis: (axis, [[before[0][axis] - 1]], -1) for axis in axes}
        return [_same(range(1, ndim)) | flips]
    if name == "Pad" and operation.mode == "constant" and len(operation.pad_width) == ndim:
        images, *sides = (tuple(pair) for pair in operation.pad_width)
        shifts = {axis: (axis, [[-start]], 1) for axis, (start, _end) in enumerate(sides, 1)}
        return [shifts] if images == (0, 0) else None
    if name == "GetItem":
        return _of_get_item(before[0], slots[0][1] if len(slots[0]) > 1 else slots[1].get("key"))
    if name == "Einsum" and all(isinstance(item, Slot) for item in slots[0]):
        parts = operation.subscripts.replace(" ", "").split("->")
        terms = parts[0].split(",")
        if len(parts) != 2 or len(terms) != len(before):
            return None
        if any(not t or not parts[1] or t[0] != parts[1][0] for t in terms):
            return None  # not the batch first
        return [
            _of_labels(term, parts[1], len(shape), len(after))
            for term, shape in zip(terms, before, strict=True)
        ]
    if name == "Matmul" and len(before) == 1 and isinstance(slots[0][0], Slot):
        return [_same(range(1, ndim - 1))] if ndim == len(after) > 1 else None
    if name == "Matmul" and len(before) == 2 and ndim == len(before[1]) == len(after) > 2:
        lead = range(1, ndim - 2)
        return [_same([*lead, ndim - 2]), _same([*lead, ndim - 1])]
    return None


def _of_get_item(shape: Shape, key: object) -> list[Reach] | None:
    key = list(key) if isinstance(key, (tuple, list)) else [key]
    known = (int, slice, type(None), type(Ellipsis))
    if any(not isinstance(part, known) or isinstance(part, bool) for part in key):
        return None
    if Ellipsis not in key:
        key.append(Ellipsis)
    at = key.index(Ellipsis)
    more = len(shape) - sum(part is not None for part in key) + 1
    key[at : at + 1] = [slice(None)] * more
    reach, axis, made = {}, 0, 0
    for part in key:
        if part is None:
            made += 1
            continue
        if axis == 0:
            if part != slice(None) or made:
                return None  # images are chosen
        elif isinstance(part, int):
            if part < 0 and shape[axis] is None:
                return None
            reach[axis] = (None, [[part if part >= 0 else part + shape[axis]]], 0)
        elif part == slice(None):
            reach[axis] = (made, [[0]], 1)
        elif shape[axis] is None:
            return None
        else:
            start, _stop, step = part.indices(shape[axis])
            reach[axis] = (made, [[start]], step)
        axis, made = axis + 1, made + (not isinstance(part, int))
    return [reach]


def _same(axes: Iterable[int]) -> Reach:
    return {axis: (axis, [[0]], 1) for axis in axes}


def _moved(axes: dict[int, int]) -> Reach:
    return {old: (new, [[0]], 1) for old, new in axes.items()}
