"""Batch normalizations computed by the convolutions before them, for many passes."""

from collections.abc import Callable
from dataclasses import replace

import keras

from kerascnn._graph import Graph, Node, Tensor, run, users_of
from kerascnn._twin import twin
from kerascnn.visualize._engine.affine import (
    DEPTHWISE,
    SINGLE,
    TRANSPOSED,
    affine_of,
    merges,
    scale_and_shift,
)

# Not dense layers: their kernels may be larger than all maps of a batch, and are scaled each time.
CONVOLUTIONS = (
    keras.layers.Conv1D, keras.layers.Conv2D, keras.layers.Conv3D, *DEPTHWISE, *TRANSPOSED
)  # fmt: skip


def merging(
    graph: Graph, call: Callable[[Node, tuple, dict], Tensor] = run
) -> Callable[[Node, tuple, dict], Tensor]:
    """Return a function that computes nodes, with batch normalizations merged into convolutions.

    In inference, γ (W a + b − μ) / √(σ² + ε) + β is a convolution with other weights. This saves
    passes over the maps, and TensorFlow computes a convolution with its bias and ReLU in one. The
    outputs of the convolutions themselves are not what they are in the model.

    Args:
        graph: the model's graph.
        call: function that computes a node from its arguments.
    """
    found = merges(graph.nodes, users_of(graph.nodes), graph.outputs)
    normalizations = {
        found[node.name].name: node
        for node in graph.nodes
        if node.name in found and _plain(found[node.name], CONVOLUTIONS) and _plain(node)
    }
    merged = {node.name for node in normalizations.values()}

    def merge_and_call(node: Node, args: tuple, kwargs: dict) -> Tensor:
        if node.name in merged:
            return args[0]
        if node.name in normalizations:
            scale, shift = scale_and_shift(normalizations[node.name].operation)
            affine = affine_of(node.operation)[0].merged(scale, shift)
            other = twin(
                node.operation, kernel=affine.kernel, _kernel=affine.kernel, lora_enabled=False,
                bias=affine.bias, use_bias=True,
            )  # fmt: skip
            node = replace(node, operation=other)
        return call(node, args, kwargs)

    return merge_and_call


def _plain(node: Node, kinds: tuple = (keras.layers.BatchNormalization,)) -> bool:
    """Return whether a node is one of Keras's own layers, with float weights, in float32."""
    layer = node.operation
    weights = {keras.backend.standardize_dtype(weight.dtype) for weight in layer.weights}
    return type(layer) in kinds and layer.compute_dtype == SINGLE and weights <= {SINGLE}
