"""The deconvnet (Zeiler & Fergus 2013, arXiv:1311.2901, section 2.1)."""

from collections.abc import Sequence

import keras
import numpy as np
from keras import ops

from kerascnn._graph import Graph, Tensor

from ._engine.axes import graph_of
from ._engine.batches import in_batches
from ._engine.compile import compiled, specs
from ._engine.images import Images, OneOrAll, check_images, one_or_all
from ._engine.layers import LayerLike, count_units, select_layer
from ._engine.relu_rules import rule_named
from ._engine.scores import PREDICTED
from ._engine.tape import gradients_of


def deconvnet(
    model: keras.Model,
    images: Images,
    layer: LayerLike = None,
    *,
    unit: int | np.ndarray | None = None,
    batch_size: int = 32,
    verbose: bool | str = "auto",
) -> OneOrAll:
    """Project the strongest activation of a unit back to the pixels that caused it.

    All other activations of the layer are set to 0, and the layers are inverted one by one:
    convolutions are transposed, without bias; max-pooling is undone at the recorded positions of
    the maxima ("switches"); ReLUs are applied to the backward signal R, as max(R, 0), regardless
    of their input in the forward pass. Other layers, such as normalizations and sums, pass back
    their gradient.

    The result depends on the image only through the switches: without pooling, a network gives
    the same structure for every image.

    Args:
        model: any functional or sequential `keras.Model` with a ReLU before the layer's output.
        images: (N, H, W, C) float, in the range the model was trained on.
        layer: a layer or its name; `None`: the last feature maps before the final pooling.
        unit: channel index, or one index per image; `None`: the channel with the layer's strongest
            activation in each image.
        batch_size: number of images per batch; smaller batches need less memory.
        verbose: whether to show a progress bar; "auto": in a terminal or notebook.

    Returns:
        (N, H, W, C) float32, signed, not normalized. For several inputs, a list of arrays,
        or a dict if the model takes one.

    Raises:
        TypeError, ValueError: If images, layer or unit do not fit the model, or if there is no
            ReLU before the layer's output.

    >>> import numpy as np, kerascnn as kc
    >>> model = kc.build_lenet5(weights="mnist")
    >>> kc.visualize.deconvnet(model, np.eye(28)[None, :, :, None], "c3", unit=4).shape
    (1, 28, 28, 1)
    """
    graph = graph_of(model)
    arrays = check_images(model, images)
    node = select_layer(graph, layer)
    units = _check_unit(unit, len(arrays[0]), count_units(node))
    call = rule_named("deconvnet", graph, node.outputs[:1])
    name = node.name

    def reconstructions(graph: Graph, *tensors: Tensor) -> list:
        *inputs, units = tensors
        at = graph.node(name).outputs[0]

        def strength(inputs: Sequence[Tensor]) -> Tensor:
            maps = graph.evaluate(list(inputs), call, until=(at,))[at]
            return ops.abs(_strongest(maps, units))

        values, grads = gradients_of(graph, strength, inputs)
        # Propagate the activation, not 1: every step commutes with a positive factor.
        return [ops.reshape(values, (-1, *(1 for _ in g.shape[1:]))) * g for g in grads]

    signature = specs([*arrays, units])
    step = compiled(model, graph, ("deconvnet", name), reconstructions, signature)
    return one_or_all(model, in_batches(step, [*arrays, units], batch_size, verbose))


def _strongest(maps: Tensor, units: Tensor) -> Tensor:
    """Return the largest activation of a unit in (N, h, w, K), or of all units for `PREDICTED`.

    Only the first of equal activations is kept.
    """
    channels = ops.arange(maps.shape[-1], dtype="int32")
    wanted = (units[:, None] == PREDICTED) | (units[:, None] == channels)
    wanted = ops.reshape(wanted, (-1, *(1 for _ in maps.shape[1:-1]), maps.shape[-1]))
    maps = ops.cast(maps, "float32")
    flat = ops.reshape(ops.where(wanted, maps, -np.inf), (ops.shape(maps)[0], -1))
    return ops.take_along_axis(flat, ops.argmax(flat, axis=1)[:, None], axis=1)[:, 0]


def _check_unit(unit: object, count: int, units: int) -> np.ndarray:
    """Return a channel index per image, or `PREDICTED` for the strongest activation."""
    if unit is None:
        return np.full(count, PREDICTED, np.int32)
    indices = np.asarray(unit)
    if indices.dtype.kind not in "iu" or indices.shape not in ((), (count,)):
        raise ValueError(
            f"unit must be a channel index, or one index for each of the {count} images; "
            f"received {unit!r}."
        )
    if indices.min() < 0 or indices.max() >= units:
        raise ValueError(f"unit must be from 0 to {units - 1}; received {unit!r}.")
    return np.broadcast_to(indices, count).astype(np.int32)
