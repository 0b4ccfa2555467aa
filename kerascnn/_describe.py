"""What a model is made of: one record per layer, with parameters, MACs and receptive fields."""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction

import keras
from keras import layers

from ._description import Description, Layer, PerAxis, total
from ._graph import Graph, Key, Node, flatten
from .arithmetic import ReceptiveField, padding_sizes


def describe(
    model: keras.Model, *, input_shape: tuple[int, ...] | Sequence[tuple] | None = None
) -> Description:
    """Describe a model layer by layer: parameters, MACs, memory, receptive fields.

    Nested models and branches are included. The receptive field follows Araujo et al. 2019
    (Distill, "Computing receptive fields of convolutional neural networks"), with the padding
    that Keras uses for this input size; pixels of the padding are counted.

    Args:
        model: any functional or sequential `keras.Model`.
        input_shape: shape of one input without the batch, such as (224, 224, 3), for models
            that leave their input size free; a list of shapes for several inputs.

    Returns:
        A `Description`; it prints as a table.

    Raises:
        TypeError: not a Keras model.
        ValueError: a model without a graph, or an `input_shape` that does not fit.

    >>> import kerascnn as kc
    >>> d = kc.describe(kc.build_lenet5())
    >>> d.parameters, d.macs, d.layers[3].name, d.layers[3].receptive_field
    (61706, 416520, 'c3', 14)
    """
    graph = flatten(model)
    shapes = {k: s for n in graph.nodes for k, s in zip(n.outputs, n.shapes, strict=True)}
    if input_shape is not None:
        shapes = _shapes(model, graph, input_shape)
    seen = _fields(graph, shapes)
    names = {key: n.name for n in graph.nodes for key in n.outputs}
    whole = tuple(shapes[graph.inputs[0]][1:-1])
    records, counted = [], set()
    for node in graph.nodes:
        before, after = [shapes[k] for k in node.inputs], shapes[node.outputs[0]]
        field = seen[node.outputs[0]]
        new = id(node.operation) not in counted
        counted.add(id(node.operation))
        values = total(_size(shapes[k][1:]) for k in node.outputs)
        sizes = [f.size for f in field] if isinstance(field, tuple) else whole
        records.append(
            Layer(
                name=node.name,
                kind=type(node.operation).__name__,
                output_shape=tuple(after[1:]),
                parameters=node.operation.count_params() if new and _is_layer(node) else 0,
                macs=_macs(node.operation, before, after),
                connections=_connections(node.operation, before, after),
                activations=values,
                memory_bytes=None if values is None else values * _bytes(node.operation),
                receptive_field=None if field is None else _same(sizes),
                stride_product=_same([f.stride for f in field])
                if isinstance(field, tuple)
                else None,
                aligned=not isinstance(field, tuple) or all(f.aligned for f in field),
                inputs=tuple(dict.fromkeys(names[k] for k in node.inputs)),
                kernel=_kernel(node.operation),
            )
        )
    trainable = sum(math.prod(w.shape) for w in model.trainable_weights)
    return Description(model.name, tuple(records), trainable)


# Shapes


def _shapes(model: keras.Model, graph: Graph, input_shape: Sequence) -> dict[Key, tuple]:
    """The shapes of all tensors for an input, without adding calls to the user's layers."""
    given = [input_shape] if all(isinstance(n, int) for n in input_shape) else list(input_shape)
    own = [tuple(t.shape[1:]) for t in model.inputs]
    fits = len(given) == len(own) and all(
        len(g) == len(o) and all(b in (None, a) for a, b in zip(g, o, strict=True))
        for g, o in zip(given, own, strict=False)
    )
    if not fits:
        raise ValueError(
            f"input_shape must fit the model's input {own[0] if len(own) == 1 else own} "
            f"(None is free); received {input_shape}."
        )
    inputs = [
        keras.KerasTensor((None, *g), dtype=t.dtype)
        for g, t in zip(given, model.inputs, strict=True)
    ]
    every = tuple(k for n in graph.nodes for k in n.outputs)
    specs = graph.evaluate(
        inputs, lambda n, a, k: n.operation.compute_output_spec(*a, **k), until=every
    )
    return {key: tuple(spec.shape) for key, spec in specs.items()}


def _size(shape: tuple) -> int | None:
    return None if None in shape else math.prod(shape)


def _bytes(operation: keras.Operation) -> int:
    dtype = getattr(operation, "compute_dtype", None) or keras.config.floatx()
    return 1 if dtype == "bool" else int("".join(filter(str.isdigit, dtype)) or 32) // 8


def _is_layer(node: Node) -> bool:
    return isinstance(node.operation, layers.Layer)


# MACs

DENSE = (layers.Dense,)
CONVOLUTIONS = (layers.Conv1D, layers.Conv2D, layers.Conv3D)
DEPTHWISE = (layers.DepthwiseConv1D, layers.DepthwiseConv2D)
SEPARABLE = (layers.SeparableConv1D, layers.SeparableConv2D)
TRANSPOSED = (layers.Conv1DTranspose, layers.Conv2DTranspose, layers.Conv3DTranspose)
UP_SAMPLING = (layers.UpSampling1D, layers.UpSampling2D, layers.UpSampling3D)
# Layers whose weights scale or shift, one for each channel: no sums of products.
POINTWISE = (
    layers.BatchNormalization, layers.LayerNormalization, layers.GroupNormalization,
    layers.Normalization, layers.PReLU, layers.Embedding,
)  # fmt: skip


def _macs(operation: keras.Operation, before: list[tuple], after: tuple) -> int | None:
    """Multiply-adds of one call for one image."""
    if hasattr(operation, "macs"):
        return None if None in after[1:] else operation.macs(before, after)
    if isinstance(operation, TRANSPOSED):  # every input pixel is spread over a window
        return _product(_size(before[0][1:-1]), _weights(operation.kernel))
    if isinstance(operation, SEPARABLE):
        per_pixel = _weights(operation.depthwise_kernel) + _weights(operation.pointwise_kernel)
        return _product(_size(after[1:-1]), per_pixel)
    if isinstance(operation, (*CONVOLUTIONS, *DEPTHWISE, *DENSE)):
        kernel = operation.kernel  # of a depthwise layer too
        return _product(_size(after[1:-1]), _weights(kernel))
    if not getattr(operation, "weights", None) or isinstance(operation, POINTWISE):
        return 0
    return None


def _connections(operation: keras.Operation, before: list[tuple], after: tuple) -> int | None:
    if hasattr(operation, "connections"):
        return None if None in after[1:] else operation.connections(before, after)
    macs = _macs(operation, before, after)
    biases = _size(after[1:]) if getattr(operation, "use_bias", False) and macs != 0 else 0
    return None if None in (macs, biases) else macs + biases


def _weights(kernel: keras.Variable) -> int:
    return math.prod(kernel.shape)


def _product(positions: int | None, weights: int) -> int | None:
    return None if positions is None else positions * weights


# Receptive fields: a tuple with one field for each axis, WHOLE, or None where not defined

WHOLE = "whole"
Field = tuple[ReceptiveField, ...] | str | None


def receptive_fields(model: keras.Model, input_shape: Sequence) -> dict[str, Field]:
    """What the units of each layer see of an input of this shape, without the batch."""
    graph = flatten(model)
    fields = _fields(graph, _shapes(model, graph, input_shape))
    return {node.name: fields[node.outputs[0]] for node in graph.nodes}


def _fields(graph: Graph, shapes: dict[Key, tuple]) -> dict[Key, Field]:
    # All inputs are taken as images side by side, so their fields start alike: one pixel each.
    seen: dict[Key, Field] = {}
    for node in graph.nodes:
        before, after = [shapes[k] for k in node.inputs], shapes[node.outputs[0]]
        field = _look(node, [seen[k] for k in node.inputs], before, after)
        seen.update(dict.fromkeys(node.outputs, field))
    return seen


def _look(node: Node, fields: list[Field], before: list[tuple], after: tuple) -> Field:
    """What a unit of this node's output sees, from what the units of its inputs see."""
    operation, axes = node.operation, len(after) - 2
    if node.is_input:
        return tuple(ReceptiveField() for _axis in range(axes)) if axes > 0 else WHOLE
    if not fields or None in fields:
        return None
    if WHOLE in fields:
        return WHOLE
    if any(len(f) != len(fields[0]) for f in fields):
        return None
    if hasattr(operation, "receptive_field"):
        return operation.receptive_field(fields)
    field = tuple(ReceptiveField.union(axis) for axis in zip(*fields, strict=True))
    sizes = before[0][1:-1]
    if _is_window(operation) and not isinstance(operation, TRANSPOSED):
        return tuple(
            f.window(kernel, stride, start, dilation)
            for f, (kernel, stride, start, dilation) in zip(
                field, _windows(operation, sizes), strict=True
            )
        )
    if isinstance(operation, TRANSPOSED):
        return tuple(
            f.transposed(
                k, s, max(d * (k - 1) + 1 - s, 0) // 2 if operation.padding == "same" else 0, d
            )
            for f, k, s, d in zip(
                field,
                operation.kernel_size,
                operation.strides,
                operation.dilation_rate,
                strict=True,
            )
        )
    if isinstance(operation, UP_SAMPLING):
        factors = operation.size if isinstance(operation.size, tuple) else (operation.size,)
        return tuple(f.transposed(s, s) for f, s in zip(field, factors, strict=True))
    if isinstance(operation, (layers.ZeroPadding2D, layers.Cropping2D)):
        if isinstance(operation, layers.Cropping2D):
            cuts = [start for start, _end in operation.cropping]
        else:
            cuts = [-start for start, _end in operation.padding]
        return tuple(f.shifted(cut) for f, cut in zip(field, cuts, strict=True))
    if len(after) == len(before[0]) and after[1:-1] == sizes:
        return field  # works on each position by itself
    # Where the axes go, a unit sees everything: dense layers after flattening, global pools.
    return WHOLE if axes <= 0 or all(n == 1 for n in after[1:-1]) else None


def _is_window(operation: keras.Operation) -> bool:
    """Whether a layer slides a window, as convolutions and pools do; layers of your own too."""
    return bool(_kernel(operation)) and all(hasattr(operation, a) for a in ("strides", "padding"))


def _windows(operation: layers.Layer, sizes: tuple) -> list[tuple[int, int, int, int]]:
    """(kernel, stride, padding before, dilation) of a convolution or pooling, for each axis."""
    kernels = _kernel(operation)
    dilations = getattr(operation, "dilation_rate", 1)
    dilations = dilations if isinstance(dilations, tuple) else (dilations,) * len(kernels)
    windows = []
    for size, k, s, d in zip(sizes, kernels, operation.strides, dilations, strict=True):
        # Of an unknown size "same" pads like a multiple of the stride.
        start = padding_sizes(size or s * k * d, k, s, operation.padding, d)[0]
        windows.append((k, s, start, d))
    return windows


def _kernel(operation: keras.Operation) -> tuple[int, ...]:
    return tuple(getattr(operation, "kernel_size", getattr(operation, "pool_size", ())))


def _same(values: Sequence[int | Fraction]) -> PerAxis:
    """One number where the axes agree."""
    values = [int(v) if v is not None and v == int(v) else v for v in values]
    return values[0] if len(set(values)) == 1 else tuple(values)
