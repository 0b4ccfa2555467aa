"""Multiply-adds of one call of a layer, for one image: sums of products only.

Scaling, shifting, pooling and interpolation count as zero, as is usual in the literature.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import keras
from keras import layers

from kerascnn._graph import Slot, has_graph

from .axes import axes_of
from .custom_fields import own_method
from .families import (
    ADAPTIVE_POOLS,
    ATTENTION,
    CONV_LSTM,
    CONVOLUTIONS,
    CROPPING,
    DEPTHWISE,
    GLOBAL_POOLS,
    MERGING,
    MULTI_HEAD,
    NORMALIZATIONS,
    PADDING,
    POINTWISE,
    POINTWISE_NAMES,
    POOLS,
    REDUCTIONS,
    SEPARABLE,
    TRANSPOSED,
    UP_SAMPLING,
    is_keras,
)  # fmt: skip
from .masks import content
from .shapes import specs_within
from .unknowns import product, size, total

Shape = tuple[int | None, ...]

# Layers without weights, or whose weights only scale or shift each channel.
FREE = (
    *POOLS, *GLOBAL_POOLS, *ADAPTIVE_POOLS, *UP_SAMPLING, *PADDING, *CROPPING, *MERGING,
    *NORMALIZATIONS, *POINTWISE, layers.GroupNormalization, layers.Embedding, layers.Activation,
    layers.Softmax, layers.Masking, layers.Flatten, layers.Reshape, layers.Permute,
    layers.RepeatVector, layers.Concatenate, layers.Resizing, layers.CenterCrop, layers.RandomCrop,
    layers.CategoryEncoding, layers.Hashing, layers.IntegerLookup, layers.StringLookup,
    layers.InputLayer,
)  # fmt: skip
FREE_NAMES = POINTWISE_NAMES | REDUCTIONS | frozenset([
    "Argmax", "Argmin", "Argsort", "AveragePool", "AdaptiveAveragePool", "AdaptiveMaxPool",
    "Concatenate", "CropImages", "Cumsum", "DepthToSpace", "ExpandDims", "Flip", "GetItem",
    "LayerNorm", "LogSoftmax", "MaxPool", "Moveaxis", "Normalize", "OneHot", "Pad",
    "PadImages", "RMSNorm", "Ravel", "Repeat", "Reshape", "Resize", "Roll", "Rot90", "Slice",
    "Softmax", "Sort", "SpaceToDepth", "Split", "Squeeze", "Stack", "Swapaxes", "Take", "Tile",
    "TopK", "Transpose", "Unstack",
])  # fmt: skip
BIASED = (
    *CONVOLUTIONS, *DEPTHWISE, *SEPARABLE, *TRANSPOSED, layers.Dense, layers.EinsumDense,
)  # fmt: skip
CELLS = (layers.SimpleRNNCell, layers.LSTMCell, layers.GRUCell)


def macs_of(
    operation: keras.Operation, before: Sequence[Shape], after: Shape, slots: tuple = ((), {})
) -> int | None:
    """Count the multiply-adds of an operation; `None` if a size or the rule is unknown.

    Args:
        operation: a layer, or an operation from `keras.ops`.
        before: shapes of its inputs, including the batch axis.
        after: shape of its output.
        slots: arguments of the call.
    """
    if method := own_method(operation, "macs", 2):
        return None if None in after[1:] else method(before, after)
    if has_graph(operation):
        return _of_model(operation, before)
    if not is_keras(operation):
        return None
    if isinstance(operation, layers.SpectralNormalization):
        return macs_of(operation.layer, before, after, slots)
    if isinstance(operation, layers.TimeDistributed):
        inner = [(None, *before[0][2:])]  # without a mask
        return product(before[0][1], macs_of(operation.layer, inner, (None, *after[2:])))
    if isinstance(operation, TRANSPOSED):  # every input pixel is spread over a window
        return product(_places(operation, before[0]), _weights(operation.kernel))
    if isinstance(operation, SEPARABLE):
        per_pixel = _weights(operation.depthwise_kernel) + _weights(operation.pointwise_kernel)
        return product(_places(operation, after), per_pixel)
    if isinstance(operation, (*CONVOLUTIONS, *DEPTHWISE)):
        return product(_places(operation, after), _weights(operation.kernel))  # depthwise too
    if isinstance(operation, layers.Dense):
        return product(size(after[1:-1]), _weights(operation.kernel))
    if isinstance(operation, layers.EinsumDense):
        kernel = operation.kernel.shape
        return _of_einsum(operation.equation, [before[0], kernel])
    if isinstance(operation, CONV_LSTM):
        return _of_conv_lstm(operation, before[0], after)
    if isinstance(operation, layers.Bidirectional):
        ways = (operation.forward_layer, operation.backward_layer)
        first = getattr(getattr(ways[0], "cell", None), "data_format", "") == "channels_first"
        if first and operation.merge_mode == "concat":
            return None  # their columns are joined
        return total(macs_of(way, before, after) for way in ways)
    if isinstance(operation, layers.RNN):
        return product(before[0][1], _of_cell(operation.cell))
    if isinstance(operation, MULTI_HEAD):
        return _of_multi_head(operation, content(before, slots), after)
    if isinstance(operation, ATTENTION):
        return _of_attention(operation, before)
    if isinstance(operation, layers.Dot):
        axes = operation.axes if isinstance(operation.axes, (list, tuple)) else [operation.axes]
        return product(size(after[1:]), before[0][axes[0] % len(before[0])])
    if isinstance(operation, layers.Layer):
        free = isinstance(operation, FREE) or type(operation).__name__ in POINTWISE_NAMES
        return 0 if free else None
    if type(operation).__name__ in FREE_NAMES:
        return 0
    return _of_operation(operation, before, after, slots)


def connections_of(
    operation: keras.Operation, before: Sequence[Shape], after: Shape, macs: int | None
) -> int | None:
    """Count multiply-adds plus one for the bias of each output; unknown for recurrent layers."""
    if method := own_method(operation, "connections", 2):
        return None if None in after[1:] else method(before, after)
    inner = operation
    while isinstance(inner, (layers.SpectralNormalization, layers.TimeDistributed)):
        inner = inner.layer
    if not macs or own_method(operation, "macs", 2) or not getattr(inner, "weights", ()):
        return macs
    if not isinstance(inner, BIASED):
        return None
    biased = getattr(inner, "use_bias", getattr(inner, "bias", None) is not None)
    return total([macs, size(after[1:]) if biased else 0])


def _of_model(model: keras.Model, before: Sequence[Shape]) -> int | None:
    found = specs_within(model, before)
    if found is None:
        return None
    graph, specs = found
    shapes = {key: tuple(spec.shape) for key, spec in specs.items()}
    return total(
        macs_of(n.operation, [shapes[k] for k in n.inputs], shapes[n.outputs[0]], n.slots)
        for n in graph.nodes
    )


def _of_cell(cell: keras.Layer) -> int | None:
    """Count the products of one step; gates are applied elementwise, without a sum."""
    if isinstance(cell, layers.StackedRNNCells) and is_keras(cell):
        return total(map(_of_cell, cell.cells))
    if isinstance(cell, CELLS) and is_keras(cell):
        return _weights(cell.kernel) + _weights(cell.recurrent_kernel)
    return None


def _of_conv_lstm(operation: layers.Layer, before: Shape, after: Shape) -> int | None:
    cell = operation.cell
    frame = after[2:] if operation.return_sequences else after[1:]
    places = size(frame[1:] if cell.data_format == "channels_first" else frame[:-1])
    per_place = _weights(cell.kernel) + _weights(cell.recurrent_kernel)
    return product(before[1], places, per_place)


def _of_multi_head(operation: layers.Layer, before: Sequence[Shape], after: Shape) -> int | None:
    """Count the products of projections, of scores and of weighted values."""
    query, value = before[0], before[1] if len(before) > 1 else before[0]
    key = before[2] if len(before) > 2 and len(before[2]) == len(value) else value
    if isinstance(operation, layers.GroupQueryAttention):
        if getattr(operation, "use_gate", False):
            return None
        heads, key_dim = operation.num_query_heads, operation.head_dim
        value_dim, attended = key_dim, (1,)
    else:
        heads, key_dim = operation._num_heads, operation._key_dim
        value_dim, attended = operation._value_dim, operation._attention_axes
    attended = {axis % len(query) for axis in attended or range(1, len(query) - 1)}
    queries, keys = (size([shape[axis] for axis in attended]) for shape in (query, value))
    apart = size([n for axis, n in enumerate(query[1:-1], 1) if axis not in attended])
    pairs = product(queries, keys, apart)
    return total([
        product(size(query[1:-1]), _weights(operation._query_dense.kernel)),
        product(size(key[1:-1]), _weights(operation._key_dense.kernel)),
        product(size(value[1:-1]), _weights(operation._value_dense.kernel)),
        product(pairs, heads * (key_dim + value_dim)),
        product(size(query[1:-1]), _weights(operation._output_dense.kernel)),
    ])  # fmt: skip


def _of_attention(operation: layers.Layer, before: Sequence[Shape]) -> int | None:
    query, value = before[0], before[1]
    pairs = product(size(query[1:-1]), value[-2])
    additive = isinstance(operation, layers.AdditiveAttention)
    scaled = operation.use_scale if additive else operation.score_mode == "dot"
    # A score is a sum of products or, without a scale, only a sum.
    return product(pairs, total([value[-1], query[-1] if scaled else 0]))


def _of_operation(
    operation: keras.Operation, before: Sequence[Shape], after: Shape, slots: tuple
) -> int | None:
    """Count products in `keras.ops`, by the names of their classes, which are not public."""
    name, given = type(operation).__name__, iter(before)
    arguments = [*slots[0], *slots[1].values()]
    is_tensor = [isinstance(item, Slot) for item in arguments]
    shapes = [
        next(given) if tensor else tuple(getattr(item, "shape", ()))
        for tensor, item in zip(is_tensor, arguments, strict=True)
    ]
    constant = len(shapes) > 1 and is_tensor[:2] == [True, False]  # the second of two arguments
    if name == "Matmul" or (name == "Dot" and constant and len(shapes[1]) < 3):
        return product(size(after[1:]), *shapes[0][-1:])
    if name == "Einsum":
        terms = _terms(operation.subscripts)
        batch = {t[:1] for t, tensor in zip(terms, is_tensor, strict=True) if tensor}
        if batch == {terms[0][:1]} - {""}:
            return _of_einsum(operation.subscripts, shapes)
    if name in ("Conv", "DepthwiseConv") and constant:
        return product(_places(operation, after), *shapes[1])
    return None


def _terms(equation: str) -> list[str]:
    return equation.replace(" ", "").split("->")[0].split(",")


def _of_einsum(equation: str, shapes: Sequence[Shape]) -> int | None:
    """Return the product of the sizes of all letters except the batch axis."""
    terms = _terms(equation)
    if len(terms) > 2:
        return None  # depends on the order of evaluation
    sizes: dict[str, int | None] = {}
    for term, shape in zip(terms, shapes, strict=True):
        left, dots, right = term.partition("...")
        more = len(shape) - len(left) - len(right)
        letters = [*left, *(f"...{i}" for i in range(more, 0, -1) if dots), *right]
        for letter, n in zip(letters, shape, strict=True):
            other = sizes.get(letter, 1)  # an axis of the ellipsis may have size 1 in one term
            sizes[letter] = None if n is None or other is None else max(n, other)
    first = terms[0][0] if terms[0][0] != "." else next(k for k in sizes if k.startswith("..."))
    return size([n for letter, n in sizes.items() if letter != first])


def _places(operation: keras.Layer, shape: Shape) -> int | None:
    """Count the positions in a map, channels first or last."""
    return size([shape[axis] for axis in axes_of(operation, len(shape))[0]])


def _weights(kernel: keras.Variable) -> int:
    return math.prod(kernel.shape)
