"""The weights of a linear model as images: a template for each class."""

import keras
import numpy as np

from kerascnn._graph import Graph, Node

from ._engine.axes import graph_of
from ._engine.kernels import kernel_of
from ._engine.layers import LayerLike, select_layer

IN_ORDER = (  # layers between the images and the dense layer that keep the order of pixels
    keras.layers.Flatten,
    keras.layers.Reshape,
    keras.layers.Rescaling,
    keras.layers.Dropout,
    keras.layers.Identity,
)


def weight_templates(model: keras.Model, layer: LayerLike = None) -> np.ndarray:
    """Reshape the weights of a dense layer on flattened images into one image per unit.

    The score of a unit is the sum of the image times its template, plus a bias: bright pixels raise
    the score where the template is positive, and lower it where the template is negative.

    Args:
        model: any functional or sequential `keras.Model`.
        layer: a dense layer or its name; `None`: the first dense layer on flattened images.

    Returns:
        (K, H, W, C) float32, signed, not normalized: K units over the pixels of the input.

    Raises:
        ValueError: If the layer does not exist, is not applied to flattened images, or is
            quantized.

    >>> import kerascnn as kc
    >>> model = kc.build_logistic_regression()
    >>> kc.visualize.weight_templates(model).shape
    (10, 28, 28, 1)
    """
    graph = graph_of(model)
    seeing = {node.name: shape for node in graph.nodes if (shape := _pixels(graph, node))}
    if layer is None and not seeing:
        raise ValueError(
            "model must have a dense layer on flattened images; it has none. "
            "Use filters for a convolution, or maximize_activation for a unit."
        )
    name = next(iter(seeing)) if layer is None else select_layer(graph, layer).name
    if name not in seeing:
        first = f" Choose {next(iter(seeing))!r}." if seeing else ""
        raise ValueError(
            "layer must be a dense layer whose only input is flattened images, (H, W, C); "
            f"{name!r} is not.{first}"
        )
    height, width, *channels = seeing[name]
    kernel = kernel_of(graph.node(name).operation)  # (H·W·C, K)
    templates = kernel.T.reshape(-1, height, width, *(channels or [1]))
    return templates * _scale(graph, graph.node(name))


def _scale(graph: Graph, node: Node) -> np.ndarray | np.floating:
    """Compute the factor by which pixels are rescaled before a dense layer."""
    source, scale = graph.maker(node.inputs[0]), np.float32(1)
    while not source.is_input:
        if isinstance(source.operation, keras.layers.Rescaling):
            scale = scale * np.asarray(source.operation.scale, "float32")
        source = graph.maker(source.inputs[0])
    return scale


def _pixels(graph: Graph, node: Node) -> tuple[int, ...] | None:
    """Return the shape of the images whose flattened pixels are a dense layer's input, if any."""
    if not isinstance(node.operation, keras.layers.Dense):
        return None
    source = graph.maker(node.inputs[0])
    while isinstance(source.operation, IN_ORDER):
        source = graph.maker(source.inputs[0])
    shape = source.shapes[0][1:]
    is_flat = node.operation.kernel.shape[0] == np.prod([n or 0 for n in shape])
    return shape if source.is_input and len(shape) in (2, 3) and is_flat else None
