"""Convolution whose filters see only some of the input maps (LeCun et al. 1998, Table I)."""

import math
from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from kerascnn._checks import check_count


@keras.saving.register_keras_serializable(package="kerascnn")
class TableConv2D(keras.layers.Layer):
    """2D convolution in which a table specifies which input maps each filter sees.

    There are weights only for the connections in the table. LeNet-5's C3, for example, has 60 of 96
    possible connections: 60 kernels of 5x5 and 16 biases, or 1,516 parameters. The stride is 1 and
    there is no padding.

    Args:
        table: for each filter, the indices of the input maps that it sees.
        kernel_size: height and width of the kernels in pixels.
        activation: activation function.
        kernel_initializer: initializer of the kernels (height, width, connections).
        bias_initializer: initializer of the biases.

    Input: (N, H, W, C) float. Output: (N, H - kernel + 1, W - kernel + 1, filters).

    >>> layer = TableConv2D([(0, 1), (1,)], kernel_size=3)
    >>> layer.build((None, 8, 8, 2))
    >>> layer.count_params()  # three kernels of 3x3 and two biases
    29
    """

    def __init__(
        self,
        table: Sequence[Sequence[int]],
        kernel_size: int,
        activation: str | Callable | None = None,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if not table or not all(len(set(maps)) == len(maps) > 0 for maps in table):
            raise ValueError(
                "table must list, for each filter, the indices of the maps that it sees, at least "
                f"one and each only once, such as [(0, 1), (1, 2)]; received {table!r}."
            )
        kernel_size = check_count("kernel_size", kernel_size)
        self.table = [list(maps) for maps in table]
        self.kernel_size = (kernel_size, kernel_size)
        self.strides, self.padding = (1, 1), "valid"
        self.activation = keras.activations.get(activation)
        self.kernel_initializer = keras.initializers.get(kernel_initializer)
        self.bias_initializer = keras.initializers.get(bias_initializer)

    def build(self, input_shape: Any) -> None:
        """Create a kernel for each connection in the table and a bias for each filter."""
        channels, filters = input_shape[-1], len(self.table)
        links = [(i, k) for k, maps in enumerate(self.table) for i in maps]
        if not all(0 <= i < channels for i, _filter in links):
            raise ValueError(
                f"table must contain indices of the {channels} input maps, from 0 to "
                f"{channels - 1}; received {self.table}."
            )
        self.kernel = self.add_weight(
            shape=(*self.kernel_size, len(links)),
            initializer=self.kernel_initializer,
            name="kernel",
        )
        self.bias = self.add_weight(
            shape=(filters,), initializer=self.bias_initializer, name="bias"
        )
        # Row l is 1 at the place of connection l in the full kernel (channels, filters), else 0.
        self._places = np.zeros((len(links), channels * filters), "float32")
        self._places[range(len(links)), [i * filters + k for i, k in links]] = 1
        self._full_shape = (*self.kernel_size, channels, filters)

    def call(self, x: Any) -> Any:
        """Convolve the maps (N, H, W, C)."""
        kernel = ops.matmul(self.kernel, ops.cast(self._places, self.kernel.dtype))
        kernel = ops.cast(ops.reshape(kernel, self._full_shape), x.dtype)
        maps = ops.conv(x, kernel, data_format="channels_last")
        return self.activation(maps + ops.cast(self.bias, x.dtype))

    def compute_output_shape(self, input_shape: Any) -> Any:
        """(N, H, W, C) -> (N, H - kernel + 1, W - kernel + 1, filters)."""
        n, h, w, _c = input_shape
        kh, kw = self.kernel_size
        return (n, h and h - kh + 1, w and w - kw + 1, len(self.table))

    def macs(self, input_shapes: Sequence[tuple], output_shape: tuple) -> int:
        """Count the products of all kernels at each position."""
        return math.prod(output_shape[1:3]) * math.prod(self.kernel.shape)

    def connections(self, input_shapes: Sequence[tuple], output_shape: tuple) -> int:
        """Count one for each MAC and for the bias of each unit: LeNet-5's C3 has 151,600."""
        return self.macs(input_shapes, output_shape) + math.prod(output_shape[1:])

    def get_config(self) -> dict[str, Any]:
        """Return the arguments, for saving."""
        return {
            **super().get_config(),
            "table": self.table,
            "kernel_size": self.kernel_size[0],
            "activation": keras.activations.serialize(self.activation),
            "kernel_initializer": keras.initializers.serialize(self.kernel_initializer),
            "bias_initializer": keras.initializers.serialize(self.bias_initializer),
        }
