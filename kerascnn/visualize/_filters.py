"""The filters of a convolution: its weights."""

import keras
import numpy as np

from kerascnn._graph import flatten
from kerascnn._heads import unwrapped

from ._engine.kernels import has_filters, kernel_of
from ._engine.layers import LayerLike, select_weights


def filters(model: keras.Model, layer: LayerLike = None) -> np.ndarray:
    """Return the filters of a convolution, each as an image.

    Args:
        model: any functional or sequential `keras.Model`.
        layer: a convolution, also one in TimeDistributed, or its name; `None`: the first one.

    Returns:
        (K, kh, kw, C) float32: K filters over C input channels, not normalized. For a transposed
        convolution, K is the number of output channels; for a separable convolution, these are
        the filters of the equivalent standard convolution.

    Raises:
        ValueError: If the layer does not exist, has no filters, or is quantized.

    >>> import kerascnn as kc
    >>> kc.visualize.filters(kc.build_lenet5(), "c3").shape
    (16, 5, 5, 6)
    """
    graph = flatten(model)
    convolutions = [n for n in graph.nodes if has_filters(unwrapped(n.operation))]
    if layer is None and convolutions:
        layer = convolutions[0].operation
    node = select_weights(graph, layer)
    if node.name not in [n.name for n in convolutions]:
        first = f" The first convolution is {convolutions[0].name!r}." if convolutions else ""
        raise ValueError(
            f"layer must be a convolution, with filters (kh, kw, C, K); {node.name!r} is a "
            f"layer of type {type(node.operation).__name__}.{first}"
        )
    convolution = unwrapped(node.operation)
    kernel = kernel_of(convolution)
    if isinstance(convolution, keras.layers.Conv2DTranspose):  # (kh, kw, K, C)
        return np.moveaxis(kernel, 2, 0)
    if isinstance(convolution, keras.layers.DepthwiseConv2D):  # (kh, kw, C, multiplier)
        kernel = kernel.reshape(*kernel.shape[:2], 1, -1)  # each filter sees one channel
    return np.moveaxis(kernel, -1, 0)
