"""The projective field of a unit: the later units that depend on it (Lehky & Sejnowski 1988)."""

from collections.abc import Sequence

import keras

from kerascnn._describe.unit_fields import Box, UnitFields, check_unit

from ._engine.axes import graph_of
from ._engine.layers import LayerLike, select_layer, select_start


def projective_field(
    model: keras.Model,
    unit: Sequence[int],
    layer: LayerLike = None,
    *,
    of: LayerLike = None,
    input_shape: Sequence | None = None,
) -> Box:
    """Compute which units of a layer can depend on a pixel: its projective field.

    It is the reverse of `receptive_field`: the smallest box that holds all units whose receptive
    fields contain the pixel (Lehky & Sejnowski 1988, https://doi.org/10.1038/333452a0).

    Args:
        model: any functional or sequential `keras.Model`.
        unit: (row, column) of the pixel, or of the unit in the maps of `of`.
        layer: the later layer or its name; `None`: the last feature maps before the final pooling.
        of: the layer, or one of several inputs, that `unit` belongs to; `None`: the only input.
        input_shape: shape of one input without the batch, such as (224, 224, 3), for models that
            take any size.

    Returns:
        ((top, bottom), (left, right)) in the maps of `layer`, as in slices: `bottom` and `right`
        are exclusive. Equal numbers mean that no unit depends on it.

    Raises:
        TypeError, ValueError: If an argument does not fit the model, or the field is not known.

    >>> import kerascnn as kc
    >>> kc.visualize.projective_field(kc.build_lenet5(), (14, 14), "c1")
    ((12, 17), (12, 17))
    """
    graph = graph_of(model)
    end = select_layer(graph, layer)
    fields = UnitFields(model, graph, select_start(graph, of), end, input_shape)
    return fields.projective(check_unit("unit", unit, fields.start))
