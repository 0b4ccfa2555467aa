"""The C-cells of the neocognitron, which tolerate shifts (Fukushima 1980)."""

import math
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from kerascnn._checks import check_count

from ._windows import check_window

DELTA = 0.9  # decay of the weights d with distance; the paper does not specify it


@keras.saving.register_keras_serializable(package="kerascnn")
class CCells(keras.layers.Layer):
    """Pooling of the S-cells of a plane, which makes a response tolerate small shifts.

        u_C = ψ[(1 + Σ d·u_S) / (1 + v_S) − 1],   ψ[x] = φ[x / (α + x)]         Fukushima 1980
        v_S = mean over the planes of Σ d·u_S

    The weights d are fixed, decrease with distance and sum to 1. Planes that respond more strongly
    than the average of all planes have an output of up to 1; the others are inhibited to 0.

    Args:
        kernel_size: height and width of the receptive field, in cells.
        saturation: α, positive: the value of the bracket at which the response is 1 / 2.

    Input: (N, H, W, planes) float. Output: (N, H - kernel + 1, W - kernel + 1, planes).

    >>> CCells(7).compute_output_shape((None, 16, 16, 24))
    (None, 10, 10, 24)
    """

    def __init__(self, kernel_size: int, saturation: float = 0.5, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        kernel_size = check_count("kernel_size", kernel_size)
        if not saturation > 0:
            raise ValueError(f"saturation must be above 0; received {saturation!r}.")
        self.kernel_size = (kernel_size, kernel_size)
        self.strides, self.padding = (1, 1), "valid"
        self.saturation = saturation

    def build(self, input_shape: Any) -> None:
        """Create the fixed weights d, the same for each plane."""
        check_window(self.name, self.kernel_size, input_shape)
        offsets = np.arange(self.kernel_size[0]) - (self.kernel_size[0] - 1) / 2
        d = DELTA ** np.hypot(offsets[:, None], offsets)
        d = np.repeat((d / d.sum())[:, :, None, None], input_shape[-1], axis=2)
        self._d = d.astype("float32")

    def call(self, u: Any) -> Any:
        """Pool the S-cells (N, H, W, planes)."""
        excitation = ops.depthwise_conv(u, ops.cast(self._d, u.dtype), data_format="channels_last")
        inhibition = ops.mean(excitation, axis=-1, keepdims=True)
        x = ops.relu((1 + excitation) / (1 + inhibition) - 1)
        return x / (self.saturation + x)

    def compute_output_shape(self, input_shape: Any) -> Any:
        """(N, H, W, planes) -> (N, H - kernel + 1, W - kernel + 1, planes)."""
        n, h, w, planes = input_shape
        kernel = self.kernel_size[0]
        return (n, h and h - kernel + 1, w and w - kernel + 1, planes)

    def macs(self, input_shapes: Sequence[tuple], output_shape: tuple) -> int:
        """Count the products of one window for each cell."""
        return math.prod(output_shape[1:]) * math.prod(self.kernel_size)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments, for saving."""
        return {
            **super().get_config(),
            "kernel_size": self.kernel_size[0],
            "saturation": self.saturation,
        }
