"""The receptive field of a unit: the part of the image that it depends on (Araujo et al. 2019)."""

from collections.abc import Sequence

import keras

from kerascnn._describe.unit_fields import Box, UnitFields, check_unit

from ._engine.axes import graph_of
from ._engine.layers import LayerLike, select_layer, select_start


def receptive_field(
    model: keras.Model,
    layer: LayerLike = None,
    unit: Sequence[int] | None = None,
    *,
    of: LayerLike = None,
    input_shape: Sequence | None = None,
) -> Box:
    """Compute which pixels a unit can depend on: its theoretical receptive field.

    The field is the smallest box that holds all pixels on any path to the unit, in networks with
    branches and shortcuts too (Araujo et al. 2019, https://distill.pub/2019/computing-receptive-fields).
    A dilated convolution skips pixels within it. How much each pixel counts is what
    `effective_receptive_field` measures.

    Args:
        model: any functional or sequential `keras.Model`.
        layer: a layer or its name; `None`: the last feature maps before the final pooling.
        unit: (row, column) of the unit in the layer's maps; `None`: the one in the middle.
        of: an earlier layer, or one of several inputs, whose positions to return instead of
            pixels; `None`: the only input.
        input_shape: shape of one input without the batch, such as (224, 224, 3), for models that
            take any size.

    Returns:
        ((top, bottom), (left, right)), as in slices: `bottom` and `right` are exclusive. Values
        outside the image are in the padding. Other inputs have one pair per axis.

    Raises:
        TypeError, ValueError: If an argument does not fit the model, or the field is not known.

    >>> import kerascnn as kc
    >>> kc.visualize.receptive_field(kc.build_lenet5(), "c3", (0, 2))
    ((-2, 12), (2, 16))
    """
    graph = graph_of(model)
    end = select_layer(graph, layer)
    fields = UnitFields(model, graph, select_start(graph, of), end, input_shape)
    return fields.receptive(check_unit("unit", unit, fields.end))
