"""The effective receptive field: how much each pixel counts (Luo et al. 2016, arXiv:1701.04128)."""

from collections.abc import Sequence

import keras
from keras import ops

from kerascnn._checks import check_count
from kerascnn._describe.unit_fields import check_unit
from kerascnn._graph import Graph, Tensor, run
from kerascnn._sizes import check_free_sizes, shapes_on_the_way

from ._engine.axes import check_channels_last, graph_of
from ._engine.batches import in_batches
from ._engine.compile import compiled, specs
from ._engine.images import Images, OneOrAll, check_images, one_or_all
from ._engine.layers import LayerLike, count_units, select_layer
from ._engine.tape import gradients_of
from ._saliency import over_channels


def effective_receptive_field(
    model: keras.Model,
    images: Images,
    layer: LayerLike = None,
    unit: Sequence[int] | None = None,
    *,
    channel: int | None = None,
    batch_size: int = 32,
    verbose: bool | str = "auto",
) -> OneOrAll:
    """Measure how strongly each pixel affects a unit: the absolute gradient, `|∂y/∂x|`.

    Within the theoretical receptive field, pixels in the middle usually count far more than those
    at the edge. Average over several images, and over several random initializations for an
    untrained network (section 3.1).

    Limitations: a gradient is zero for a pixel whose paths are all blocked by ReLUs or max pooling
    in this image, even if it affects the unit in other images.

    Args:
        model: any functional or sequential `keras.Model`.
        images: (N, H, W, C) float, in the range the model was trained on. For several inputs,
            a list of arrays, or a dict of arrays by the inputs' names.
        layer: a layer or its name; `None`: the last feature maps before the final pooling.
        unit: (row, column) of the unit in the layer's maps; `None`: the one in the middle.
        channel: index of a feature map; `None`: the sum of all maps.
        batch_size: number of images per batch; smaller batches need less memory.
        verbose: whether to show a progress bar; "auto": in a terminal or notebook.

    Returns:
        (N, H, W) float32, non-negative, not normalized: the mean over the channels of the images.
        For several inputs, a list of arrays, or a dict if the model takes one.

    Raises:
        TypeError, ValueError: If an argument does not fit the model.

    >>> import numpy as np, kerascnn as kc
    >>> model = kc.build_lenet5(weights="mnist")
    >>> kc.visualize.effective_receptive_field(model, np.ones((2, 28, 28, 1)), "c3", (0, 0)).shape
    (2, 28, 28)
    """
    graph = graph_of(model)
    check_channels_last(graph)
    arrays = check_images(model, images)
    node = select_layer(graph, layer)
    name = node.name
    tensors = [keras.KerasTensor((None, *x.shape[1:]), x.dtype.name) for x in arrays]
    check_free_sizes(graph, tensors)
    sizes = shapes_on_the_way(graph, tensors, node.outputs)[node.outputs[0]].shape
    unit = check_unit("unit", unit, tuple(sizes))
    if channel is not None and check_count("channel", channel, 0) >= count_units(node):
        raise ValueError(f"channel must be 0 to {count_units(node) - 1}; received {channel!r}.")

    def gradients(graph: Graph, *inputs: Tensor) -> list[Tensor]:
        key = graph.node(name).outputs[0]

        def value(inputs: Sequence[Tensor]) -> Tensor:
            maps = ops.cast(graph.evaluate(list(inputs), run, until=(key,))[key], "float32")
            at = maps[(slice(None), *unit)]
            return ops.sum(at, axis=-1) if channel is None else at[..., channel]

        return gradients_of(graph, value, inputs)[1]

    step = compiled(model, graph, ("unit gradients", name, unit, channel), gradients, specs(arrays))
    slopes = in_batches(step, arrays, batch_size, verbose)
    return one_or_all(model, [over_channels(graph, i, g, "mean") for i, g in enumerate(slopes)])
