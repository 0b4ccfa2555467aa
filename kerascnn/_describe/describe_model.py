"""The description of a model: one record per layer, with parameters, MACs and receptive fields."""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction
from functools import cache

import keras
from keras import KerasTensor, layers

from kerascnn._graph import Graph, Key, Node, flatten
from kerascnn._known import known_name
from kerascnn.arithmetic import ReceptiveField

from .axis_fields import Look
from .fields import Fields, fields_of, sees
from .macs import connections_of, macs_of
from .records import Description, Layer, PerAxis
from .rules.windows import window_of
from .shapes import specs_of
from .unknowns import size, total

# Layers that pass on their input at inference, perhaps in another shape.
PASS_ON = (
    layers.ActivityRegularization, layers.AlphaDropout, layers.Dropout, layers.Flatten,
    layers.GaussianDropout, layers.GaussianNoise, layers.Identity, layers.Reshape,
    layers.SpatialDropout1D, layers.SpatialDropout2D, layers.SpatialDropout3D,
)  # fmt: skip
PASS_ON_OPS = ("ExpandDims", "Ravel", "Reshape", "Squeeze")  # of keras.ops


def describe(
    model: keras.Model, *, input_shape: tuple[int, ...] | Sequence[tuple] | None = None
) -> Description:
    """Describe a model layer by layer: parameters, MACs, memory, receptive fields.

    Nested models and branches are included. The receptive field follows Araujo et al. 2019
    (Distill, "Computing receptive fields of convolutional neural networks"), with the padding
    that Keras uses for this input size; pixels of the padding are counted. A dense layer or a
    global pooling layer sees as much as a convolution whose kernel covers all positions. If the
    receptive field depends on the position of the unit, it is the largest one in the layer.

    The spatial axes are determined from the `data_format` of the layers that use them. For
    Keras's own layers, receptive fields and MACs follow from rules. For other layers, the
    receptive field is measured by changing their inputs, if they are small enough; their MACs are
    unknown unless they define them (see `Layer`). Unknown values are `None`, and "–" in tables.

    Args:
        model: any functional or sequential `keras.Model`.
        input_shape: shape of one input without the batch axis, such as (224, 224, 3), for models
            with a variable input size; a list of shapes for several inputs.

    Returns:
        A `Description`, which prints as a table.

    Raises:
        TypeError: If `model` is not a Keras model.
        ValueError: If the model has no graph, or `input_shape` does not fit; the message suggests
            the nearest size that fits.

    >>> import kerascnn as kc
    >>> d = kc.describe(kc.build_lenet5())
    >>> d.parameters, d.macs, d.layers[3].name, d.layers[3].receptive_field
    (61706, 416520, 'c3', 14)
    """
    graph = flatten(model)
    shapes, fields = followed(model, graph, input_shape)
    names = {key: n.name for n in graph.nodes for key in n.outputs}
    sizes = {(i, a): n for i, k in enumerate(graph.inputs) for a, n in enumerate(shapes[k])}
    records, counted = [], set()
    for node in graph.nodes:
        before, after = [shapes[k] for k in node.inputs], shapes[node.outputs[0]]
        looks = sees(fields.views[node.outputs[0]], fields, sizes, after)
        weights = {id(w): math.prod(w.shape) for w in getattr(node.operation, "weights", ())}
        parameters = sum(n for w, n in weights.items() if w not in counted)
        counted.update(weights)
        values = 0 if passes_on(node) else total(size(shapes[k][1:]) for k in node.outputs)
        macs = macs_of(node.operation, before, after, node.slots)
        if macs is None and id(node.operation) in fields.pointwise and not weights:
            macs = 0  # weights could be those of a dense layer within it
        records.append(
            Layer(
                name=node.name,
                kind=type(node.operation).__name__,
                output_shape=tuple(after[1:]),
                parameters=parameters,
                macs=macs,
                connections=connections_of(node.operation, before, after, macs),
                activations=values,
                memory_bytes=None if values is None else values * _bytes(node.operation),
                receptive_field=_sizes_of(looks),
                stride_product=_strides_of(looks),
                aligned=all(look.field is None or look.field.aligned for look in looks),
                inputs=tuple(dict.fromkeys(names[k] for k in node.inputs if k in names)),
                kernel=window_of(node.operation),
            )
        )
    trainable = sum(math.prod(w.shape) for w in model.trainable_weights)
    return Description(model.name, tuple(records), trainable)


def passes_on(node: Node) -> bool:
    """Return whether a node only passes on its input at inference, like Flatten and Dropout."""
    return isinstance(node.operation, PASS_ON) or known_name(node.operation) in PASS_ON_OPS


WHOLE = "whole"
Field = tuple[ReceptiveField, ...] | str | None


def receptive_fields(
    model: keras.Model, input_shape: Sequence, *, only: int | None = None
) -> dict[str, Field]:
    """Compute the receptive fields of each layer for an input of this shape.

    Args:
        model: any functional or sequential model.
        input_shape: shape of the input without the batch axis, or a list of several shapes.
        only: index of the input to consider; `None` for the union over all inputs.

    Returns:
        For each layer name: a field for each spatial axis, `WHOLE` if the fields do not move with
        the units, or `None` if unknown.
    """
    graph = flatten(model)
    shapes, fields = followed(model, graph, input_shape)
    sizes = {(i, a): n for i, k in enumerate(graph.inputs) for a, n in enumerate(shapes[k])}
    found: dict[str, Field] = {}
    for node in graph.nodes:
        view, shape = fields.views[node.outputs[0]], shapes[node.outputs[0]]
        if only is not None:
            view = {origin: look for origin, look in view.items() if origin[0] == only}
        looks = sees(view, fields, sizes, shape)
        if any(look.field is None for look in looks or view.values()):
            found[node.name] = None
        elif (
            looks
            and all(look.alone for look in looks)
            and [k.axis for k in looks] == [*range(1, len(shape) - 1)]
        ):
            found[node.name] = tuple(look.field for look in looks if look.field is not None)
        else:
            found[node.name] = WHOLE
    return found


def followed(
    model: keras.Model,
    graph: Graph,
    input_shape: Sequence | None,
    *,
    origins: tuple[Key, ...] | None = None,
) -> tuple[dict[Key, tuple], Fields]:
    """Return the shapes of all tensors and what their units see of the inputs, or of `origins`."""

    @cache
    def specs() -> dict[Key, KerasTensor]:
        return specs_of(model, graph, input_shape)

    shapes = graph.shapes
    if input_shape is not None:
        shapes |= {key: tuple(spec.shape) for key, spec in specs().items()}
    return shapes, fields_of(graph, shapes, specs, origins=origins)


def _sizes_of(looks: Sequence[Look]) -> PerAxis | None:
    sizes = [look.field.size for look in looks if look.field is not None]
    return _same(sizes) if sizes and len(sizes) == len(looks) else None


def _strides_of(looks: Sequence[Look]) -> PerAxis | None:
    """Return the strides of the axes that remain; `None` if none does."""
    strides = [
        abs(k.field.stride) if k.field is not None and k.axis is not None and k.alone else None
        for k in looks
    ]
    return None if all(s is None for s in strides) else _same(strides)


def _same(values: Sequence[int | Fraction | None]) -> PerAxis | None:
    """Return a single number if the axes agree."""
    values = [int(v) if v is not None and v == int(v) else v for v in values]
    return values[0] if len(set(values)) == 1 else tuple(values)


def _bytes(operation: keras.Operation) -> int:
    dtype = getattr(operation, "compute_dtype", None) or keras.config.floatx()
    return 1 if dtype == "bool" else int("".join(filter(str.isdigit, dtype)) or 32) // 8
