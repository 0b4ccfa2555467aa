"""The subsampling of LeNet-5 (LeCun et al. 1998, section II.B, layers S2 and S4)."""

import math
from collections.abc import Callable, Sequence
from typing import Any

import keras
from keras import ops

from kerascnn._checks import check_pair

from ._windows import check_window


@keras.saving.register_keras_serializable(package="kerascnn")
class TrainableSubsampling2D(keras.layers.Layer):
    """Subsampling with a trainable coefficient and bias for each map.

    "The four inputs to a unit in S2 are added, then multiplied by a trainable coefficient, and
    added to a trainable bias." The windows do not overlap. The coefficients are initialized to
    1 / (number of pixels in a window), so that the layer starts out as average pooling.

    Args:
        pool_size: height and width of the windows in pixels, one number or (height, width).
        activation: activation function.

    Input: (N, H, W, C) float. Output: (N, H // height, W // width, C).

    >>> import numpy as np
    >>> layer = TrainableSubsampling2D(2)
    >>> np.array(layer(np.array([[[[1.0], [2.0]], [[3.0], [6.0]]]]))).ravel().tolist()
    [3.0]
    """

    def __init__(
        self,
        pool_size: int | Sequence[int] = 2,
        activation: str | Callable | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.pool_size = self.strides = check_pair("pool_size", pool_size)
        self.padding = "valid"
        self.activation = keras.activations.get(activation)

    def build(self, input_shape: Any) -> None:
        """Create a coefficient and a bias for each map."""
        check_window(self.name, self.pool_size, input_shape)
        average = keras.initializers.Constant(1 / math.prod(self.pool_size))
        maps = input_shape[-1:]
        self.coefficient = self.add_weight(shape=maps, initializer=average, name="coefficient")
        self.bias = self.add_weight(shape=maps, initializer="zeros", name="bias")

    def call(self, x: Any) -> Any:
        """Subsample the maps (N, H, W, C)."""
        mean = ops.average_pool(x, self.pool_size, self.strides, data_format="channels_last")
        total = mean * math.prod(self.pool_size)
        return self.activation(total * self.coefficient + self.bias)

    def compute_output_shape(self, input_shape: Any) -> Any:
        """(N, H, W, C) -> (N, H // height, W // width, C)."""
        n, h, w, c = input_shape
        height, width = self.pool_size
        return (n, h and h // height, w and w // width, c)

    def macs(self, input_shapes: Sequence[tuple], output_shape: tuple) -> int:
        """Return 0: pixels are summed, not multiplied by weights."""
        return 0

    def connections(self, input_shapes: Sequence[tuple], output_shape: tuple) -> int:
        """Count the pixels of the window and the bias of each unit: LeNet-5's S2 has 5,880."""
        return math.prod(output_shape[1:]) * (math.prod(self.pool_size) + 1)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments, for saving."""
        return {
            **super().get_config(),
            "pool_size": self.pool_size,
            "activation": keras.activations.serialize(self.activation),
        }
