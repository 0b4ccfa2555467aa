"""Layers with weights as affine functions z = f(a; w) + b, whose weights can be replaced."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace

import keras
from keras import ops

from kerascnn._graph import Key, Node, Tensor, call_operation, run
from kerascnn._twin import twin

from .kernels import check_float
from .tape import pulled_back

SINGLE = "float32"
SEPARABLE = (keras.layers.SeparableConv1D, keras.layers.SeparableConv2D)
DEPTHWISE = (keras.layers.DepthwiseConv1D, keras.layers.DepthwiseConv2D)
TRANSPOSED = (
    keras.layers.Conv1DTranspose,
    keras.layers.Conv2DTranspose,
    keras.layers.Conv3DTranspose,
)
MERGING = (keras.layers.Dense, keras.layers.Conv1D, keras.layers.Conv2D, keras.layers.Conv3D)


@dataclass(frozen=True)
class Affine:
    """A layer without its activation, as a function of its input and its weights.

    Attributes:
        function: from an input, a kernel and a bias or `None` to the output z.
        kernel, bias: its own weights, float32.
        by_output: function that reshapes one factor per output channel to multiply the kernel;
            `None`: unknown.
    """

    function: Callable[[Tensor, Tensor, Tensor | None], Tensor]
    kernel: Tensor
    bias: Tensor | None
    by_output: Callable[[Tensor], Tensor] | None = None

    def __call__(self, a: Tensor, kernel: Tensor, bias: Tensor | None = None) -> Tensor:
        """Compute z for an input and weights."""
        return self.function(a, kernel, bias)

    def back(self, a: Tensor, kernel: Tensor, s: Tensor) -> Tensor:
        """Compute Σ_k w_jk s_k, the gradient of Σ_k s_k z_k with respect to a_j."""
        return pulled_back(lambda x: self.function(x, kernel, None), [a], s)[0]

    def merged(self, scale: Tensor, shift: Tensor) -> Affine:
        """Return z · scale + shift, with both per output channel, as one affine function."""
        assert self.by_output is not None  # only layers that can be merged are asked
        bias = shift if self.bias is None else self.bias * scale + shift
        return replace(self, kernel=self.kernel * self.by_output(scale), bias=bias)


def affine_of(layer: keras.layers.Layer) -> list[Affine]:
    """Return a layer with weights, without its activation, as affine functions, one or two.

    Raises:
        ValueError: If its weights are quantized to integers.
    """
    bias = getattr(layer, "bias", None)
    bias = None if bias is None else _single(bias)
    if isinstance(layer, SEPARABLE):
        return _separable(layer, bias)
    check_float(layer)

    def function(a: Tensor, kernel: Tensor, bias: Tensor | None) -> Tensor:
        other = twin(
            layer, kernel=kernel, _kernel=kernel, bias=bias, use_bias=bias is not None,
            activation=keras.activations.linear, lora_enabled=False,
            _dtype_policy=keras.DTypePolicy(SINGLE),
        )  # fmt: skip
        return call_operation(other, (a,), {})

    if isinstance(layer, TRANSPOSED):
        by_output = _before_last
    elif isinstance(layer, DEPTHWISE):
        by_output = _by_multiplier(layer.kernel.shape[-1])
    else:
        by_output = _as_it_is if isinstance(layer, MERGING) else None
    return [Affine(function, _single(layer.kernel), bias, by_output)]


def _separable(layer: keras.layers.Layer, bias: Tensor | None) -> list[Affine]:
    """Return a depthwise convolution without a bias, and the pointwise one behind it."""
    if layer.padding == "causal":
        raise ValueError(
            f"layer must have no causal padding if it is separable; {layer.name!r} has. Use "
            "integrated_gradients, which takes any layer."
        )

    def depthwise(a: Tensor, kernel: Tensor, _bias: Tensor | None) -> Tensor:
        return ops.depthwise_conv(
            a, kernel, layer.strides, layer.padding, layer.data_format, layer.dilation_rate
        )

    def pointwise(a: Tensor, kernel: Tensor, bias: Tensor | None) -> Tensor:
        z = ops.conv(a, kernel, data_format=layer.data_format)
        return z if bias is None else z + bias

    return [
        Affine(depthwise, _single(layer.depthwise_kernel), None),
        Affine(pointwise, _single(layer.pointwise_kernel), bias, _as_it_is),
    ]


def _single(weights: Tensor) -> Tensor:
    return ops.cast(ops.convert_to_tensor(weights), SINGLE)


def _as_it_is(factors: Tensor) -> Tensor:
    return factors


def _before_last(factors: Tensor) -> Tensor:
    return factors[:, None]


def _by_multiplier(multiplier: int) -> Callable[[Tensor], Tensor]:
    return lambda factors: ops.reshape(factors, (-1, multiplier))


def scale_and_shift(layer: keras.layers.BatchNormalization) -> tuple[Tensor, Tensor]:
    """Return a batch normalization in inference as factors and summands, one per channel."""
    scale = 1 / ops.sqrt(_single(layer.moving_variance) + layer.epsilon)
    if layer.scale:
        scale = scale * _single(layer.gamma)
    shift = -_single(layer.moving_mean) * scale
    return scale, shift + _single(layer.beta) if layer.center else shift


def merges(
    nodes: Sequence[Node], users: Mapping[Key, list[Node]], kept: Collection[Key]
) -> dict[str, Node]:
    """Find the batch normalizations that can be merged into the node before them.

    Args:
        nodes: nodes of a graph, in order.
        users: the nodes that take each tensor.
        kept: keys of tensors that are needed themselves.

    Returns:
        For the name of each such normalization, the node with weights.
    """
    makers = {key: node for node in nodes for key in node.outputs}
    return {
        node.name: makers[key]
        for node in nodes
        if isinstance(node.operation, keras.layers.BatchNormalization)
        and (key := node.inputs[0]) in makers
        and users[key] == [node]
        and key not in kept
        and _mergeable(makers[key], node)
    }


def _mergeable(node: Node, normalization: Node) -> bool:
    layer = node.operation
    known = isinstance(layer, (*MERGING, *SEPARABLE, *DEPTHWISE, *TRANSPOSED))
    linear = known and layer.activation in (None, keras.activations.linear)
    last = getattr(layer, "data_format", "channels_last") == "channels_last"
    axis = normalization.operation.axis
    return linear and last and axis in (-1, len(normalization.shapes[0]) - 1)


def in_single(node: Node) -> Node:
    """Return a node that computes in float32 whatever the precision of its layer."""
    layer = node.operation
    if not isinstance(layer, keras.layers.Layer) or layer.compute_dtype == SINGLE:
        return node
    policy = keras.DTypePolicy(SINGLE)
    policy._variable_dtype = layer.variable_dtype  # if it is not single, Keras casts the weights
    return replace(node, operation=twin(layer, _dtype_policy=policy))


def run_single(node: Node, args: tuple, kwargs: dict) -> Tensor:
    """Compute a node in inference mode, in float32."""
    return run(in_single(node), args, kwargs)
