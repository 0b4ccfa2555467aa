"""The S-cells of the neocognitron, which detect features (Fukushima 1980)."""

import math
from collections.abc import Sequence
from functools import partial
from typing import Any

import keras
import numpy as np
from keras import ops

from kerascnn._checks import check_count
from kerascnn._errors import unknown

from ._windows import check_window

PADDINGS = ("valid", "same")
GAMMA = 0.7  # decay of the inhibitory weights c with distance; the paper does not specify it


@keras.saving.register_keras_serializable(package="kerascnn")
class SCells(keras.layers.Layer):
    """Feature detection at every position, with inhibition of poorly matching features.

        u_S = r · φ[(1 + Σ a·u) / (1 + 2r / (1 + r) · b·v) − 1]                     Fukushima 1980
        v = sqrt(Σ c·u²)

    where φ is a rectifier. The excitatory weights a and inhibitory weights b are non-negative and
    shared by all cells of a plane; the weights c are fixed, decrease with distance and sum to 1.
    The inhibition is shunting, that is, it divides. A larger r makes a cell more selective.

    Args:
        planes: number of cell-planes, one for each feature.
        kernel_size: height and width of the receptive field, in cells.
        selectivity: r, positive.
        padding: "valid" or "same".

    Input: (N, H, W, C) float, non-negative. Output: (N, new height, new width, planes).

    >>> layer = SCells(24, 5)
    >>> layer.build((None, 16, 16, 1))
    >>> layer.count_params(), len(layer.trainable_weights)
    (624, 2)
    """

    def __init__(
        self,
        planes: int,
        kernel_size: int,
        selectivity: float = 4.0,
        padding: str = "valid",
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        planes = check_count("planes", planes)
        kernel_size = check_count("kernel_size", kernel_size)
        if not selectivity > 0:
            raise ValueError(f"selectivity must be above 0; received {selectivity!r}.")
        if padding not in PADDINGS:
            raise unknown("padding", padding, PADDINGS)
        self.planes = planes
        self.kernel_size = (kernel_size, kernel_size)
        self.strides = (1, 1)
        self.selectivity = selectivity
        self.padding = padding

    def build(self, input_shape: Any) -> None:
        """Create the weights a and b, and the fixed weights c."""
        if self.padding == "valid":
            check_window(self.name, self.kernel_size, input_shape)
        channels = input_shape[-1]
        inputs = math.prod(self.kernel_size) * channels
        self.a = self.add_weight(
            shape=(*self.kernel_size, channels, self.planes),
            # Small and positive, as at the start of self-organization in the paper.
            initializer=keras.initializers.RandomUniform(0, 2 / inputs),
            constraint=keras.constraints.NonNeg(),
            name="a",
        )
        self.b = self.add_weight(
            shape=(self.planes,),
            initializer="zeros",
            constraint=keras.constraints.NonNeg(),
            name="b",
        )
        fall = GAMMA ** _distances(self.kernel_size[0])
        c = np.repeat(fall[:, :, None, None], channels, axis=2)
        self.c = (c / c.sum()).astype("float32")

    def call(self, u: Any) -> Any:
        """Compute the responses to the cells (N, H, W, C)."""
        r = self.selectivity
        convolve = partial(ops.conv, padding=self.padding, data_format="channels_last")
        excitation = convolve(u, ops.cast(self.a, u.dtype))
        power = convolve(ops.square(u), ops.cast(self.c, u.dtype))
        v = ops.sqrt(power + keras.config.epsilon())  # keeps the gradient finite at 0
        inhibition = 2 * r / (1 + r) * ops.cast(self.b, u.dtype) * v
        return r * ops.relu((1 + excitation) / (1 + inhibition) - 1)

    def compute_output_shape(self, input_shape: Any) -> Any:
        """(N, H, W, C) -> (N, new height, new width, planes)."""
        n, h, w, _c = input_shape
        lost = 0 if self.padding == "same" else self.kernel_size[0] - 1
        return (n, h and h - lost, w and w - lost, self.planes)

    def macs(self, input_shapes: Sequence[tuple], output_shape: tuple) -> int:
        """Count the excitation of each plane and the inhibitory cell that all planes share."""
        window = math.prod(self.a.shape[:3])
        return math.prod(output_shape[1:3]) * window * (self.planes + 1)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments, for saving."""
        return {
            **super().get_config(),
            "planes": self.planes,
            "kernel_size": self.kernel_size[0],
            "selectivity": self.selectivity,
            "padding": self.padding,
        }


def _distances(size):
    """Compute the distance of each cell of a window from the center."""
    offsets = np.arange(size) - (size - 1) / 2
    return np.hypot(offsets[:, None], offsets)
