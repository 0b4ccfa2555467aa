"""Convolution without weight sharing, a layer that Keras 3 no longer has."""

import math
from collections.abc import Callable, Sequence
from typing import Any

import keras
from keras import ops

from kerascnn._checks import check_count, check_pair
from kerascnn._errors import unknown

from ._windows import output_sizes

PADDINGS = ("valid", "same")


@keras.saving.register_keras_serializable(package="kerascnn")
class LocallyConnected2D(keras.layers.Layer):
    """2D convolution with a separate set of filters and biases at each position.

    The layer works like `Conv2D`, except that weights are not shared between positions. It is
    darknet's `[local]` layer.

    Args:
        filters: number of filters at each position.
        kernel_size: height and width of the windows in pixels, one number or two.
        strides: step between windows in pixels, one number or two.
        padding: "valid" or "same".
        activation: activation function.
        use_bias: whether each filter at each position has a bias.
        kernel_initializer: initializer of the weights. Their shape is (height · width · channels,
            positions · filters), so its scale should depend only on the number of inputs.
        bias_initializer: initializer of the biases.

    Input: (N, H, W, C) float, with known H and W. Output: (N, new height, new width, filters).

    >>> layer = LocallyConnected2D(256, 3, padding="same")
    >>> layer.compute_output_shape((None, 7, 7, 1024))
    (None, 7, 7, 256)
    """

    def __init__(
        self,
        filters: int,
        kernel_size: int | Sequence[int],
        strides: int | Sequence[int] = 1,
        padding: str = "valid",
        activation: str | Callable | None = None,
        use_bias: bool = True,
        kernel_initializer: Any = "he_uniform",
        bias_initializer: Any = "zeros",
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if padding not in PADDINGS:
            raise unknown("padding", padding, PADDINGS)
        self.filters = check_count("filters", filters)
        self.kernel_size = check_pair("kernel_size", kernel_size)
        self.strides = check_pair("strides", strides)
        self.padding = padding
        self.activation = keras.activations.get(activation)
        self.use_bias = use_bias
        self.kernel_initializer = keras.initializers.get(kernel_initializer)
        self.bias_initializer = keras.initializers.get(bias_initializer)

    def build(self, input_shape: Any) -> None:
        """Create the filters and biases of each position."""
        if None in input_shape[1:]:
            raise ValueError(
                "the input's height and width must be known, since each position has its own "
                f"weights; received {tuple(input_shape)}. Pass an input_shape without None."
            )
        positions = [n or 0 for n in self.compute_output_shape(input_shape)[1:3]]
        if min(positions) < 1:
            raise ValueError(
                f"kernel_size must fit into the input {tuple(input_shape[1:3])}; "
                f"received {self.kernel_size}."
            )
        inputs = math.prod(self.kernel_size) * input_shape[-1]
        self.kernel = self.add_weight(
            shape=(inputs, math.prod(positions) * self.filters),
            initializer=self.kernel_initializer,
            name="kernel",
        )
        if self.use_bias:
            self.bias = self.add_weight(
                shape=(*positions, self.filters), initializer=self.bias_initializer, name="bias"
            )
        self._shape = (inputs, *positions, self.filters)

    def call(self, x: Any) -> Any:
        """Apply the filters of each position to its window of the maps (N, H, W, C)."""
        windows = ops.image.extract_patches(
            x,
            self.kernel_size,
            strides=self.strides,
            padding=self.padding,
            data_format="channels_last",
        )
        kernel = ops.cast(ops.reshape(self.kernel, self._shape), x.dtype)
        x = ops.einsum("nijp,pijf->nijf", windows, kernel)
        if self.use_bias:
            x = x + ops.cast(self.bias, x.dtype)
        return self.activation(x)

    def compute_output_shape(self, input_shape: Any) -> Any:
        """(N, H, W, C) -> (N, new height, new width, filters), as for `Conv2D`."""
        sizes = output_sizes(input_shape[1:3], self.kernel_size, self.strides, self.padding)
        return (input_shape[0], *sizes, self.filters)

    def macs(self, input_shapes: Sequence[tuple], output_shape: tuple) -> int:
        """Count the weights, each of which is used once."""
        return math.prod(self.kernel.shape)

    def connections(self, input_shapes: Sequence[tuple], output_shape: tuple) -> int:
        """Count the weights and biases, each of which is one connection."""
        return self.count_params()

    def get_config(self) -> dict[str, Any]:
        """Return the arguments, for saving."""
        return {
            **super().get_config(),
            "filters": self.filters,
            "kernel_size": self.kernel_size,
            "strides": self.strides,
            "padding": self.padding,
            "activation": keras.activations.serialize(self.activation),
            "use_bias": self.use_bias,
            "kernel_initializer": keras.initializers.serialize(self.kernel_initializer),
            "bias_initializer": keras.initializers.serialize(self.bias_initializer),
        }
