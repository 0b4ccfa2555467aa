"""Max-pooling that returns the locations of the maxima (Zeiler & Fergus 2013, section 2.1)."""

from collections.abc import Sequence
from typing import Any

import keras
from keras import ops

from kerascnn._checks import check_pair
from kerascnn._errors import unknown

from ._windows import check_window, output_sizes

PADDINGS = ("valid", "same")


@keras.saving.register_keras_serializable(package="kerascnn")
class MaxPoolWithSwitches2D(keras.layers.Layer):
    """Max-pooling that returns the maxima and their locations, called switches.

    A switch is the index row · W + column of the maximum in the input map; if there are several
    equal maxima, it is the first one, row by row. `MaxUnpool2D` uses the switches to put values
    back in place.

    Args:
        pool_size: height and width of the windows in pixels, one number or two.
        strides: step between windows in pixels; defaults to `pool_size`.
        padding: "valid" or "same"; the padding never contains the maximum.

    Input: (N, H, W, C) float. Output: maxima (N, h, w, C), switches (N, h, w, C) int32.

    >>> import numpy as np
    >>> maxima, switches = MaxPoolWithSwitches2D(2)(np.array([[[[1.0], [2.0]], [[4.0], [3.0]]]]))
    >>> float(maxima[0, 0, 0, 0]), int(switches[0, 0, 0, 0])
    (4.0, 2)
    """

    def __init__(
        self,
        pool_size: int | Sequence[int] = 2,
        strides: int | Sequence[int] | None = None,
        padding: str = "valid",
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if padding not in PADDINGS:
            raise unknown("padding", padding, PADDINGS)
        self.pool_size = check_pair("pool_size", pool_size)
        self.strides = self.pool_size if strides is None else check_pair("strides", strides)
        self.padding = padding

    def build(self, input_shape: Any) -> None:
        """Check that a window fits into the maps."""
        if self.padding == "valid":
            check_window(self.name, self.pool_size, input_shape)

    def call(self, x: Any) -> Any:
        """Pool the maps (N, H, W, C)."""
        _n, height, width, _c = ops.shape(x)
        (top, bottom), (left, right) = (
            self._padding(size, k, s)
            for size, k, s in zip((height, width), self.pool_size, self.strides, strict=True)
        )
        lowest = ops.full_like(x[:, :1, :1], float("-inf"))
        x = _border(x, lowest, top, bottom, axis=1)
        x = _border(x, lowest, left, right, axis=2)
        windows = [
            _every(x, dy, dx, self.pool_size, self.strides)
            for dy in range(self.pool_size[0])
            for dx in range(self.pool_size[1])
        ]
        windows = ops.stack(windows, axis=-1)  # (N, h, w, C, pixels of a window)
        place = ops.cast(ops.argmax(windows, axis=-1), "int32")
        rows = ops.arange(windows.shape[1] or ops.shape(windows)[1], dtype="int32")
        columns = ops.arange(windows.shape[2] or ops.shape(windows)[2], dtype="int32")
        row = place // self.pool_size[1] + rows[:, None, None] * self.strides[0] - top
        column = place % self.pool_size[1] + columns[:, None] * self.strides[1] - left
        return ops.max(windows, axis=-1), row * width + column

    def _padding(self, size, kernel, stride):
        """Return the pixels to pad before and after, following TensorFlow's "same"."""
        if self.padding == "valid":
            return 0, 0
        total = (-(-size // stride) - 1) * stride + kernel - size
        total = max(total, 0) if isinstance(total, int) else ops.maximum(total, 0)
        return total // 2, total - total // 2

    def compute_output_shape(self, input_shape: Any) -> Any:
        """(N, H, W, C) -> two of (N, h, w, C), as for `MaxPooling2D`."""
        sizes = output_sizes(input_shape[1:3], self.pool_size, self.strides, self.padding)
        shape = (input_shape[0], *sizes, input_shape[-1])
        return shape, shape

    def compute_output_spec(self, x: Any) -> Any:
        """Return specs of the maxima, of the type of the input, and of the int32 switches."""
        maxima, switches = self.compute_output_shape(x.shape)
        return keras.KerasTensor(maxima, x.dtype), keras.KerasTensor(switches, "int32")

    def macs(self, input_shapes: Sequence[tuple], output_shape: tuple) -> int:
        """Return 0: the layer has no weights to multiply with."""
        return 0

    def get_config(self) -> dict[str, Any]:
        """Return the arguments, for saving."""
        names = ("pool_size", "strides", "padding")
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}


def _border(x, value, before, after, axis):
    """Pad with rows or columns of a value before and after."""
    shape = list(ops.shape(x))
    parts = []
    for count in (before, after):
        shape[axis] = count
        parts.append(ops.broadcast_to(value, shape))
    return ops.concatenate([parts[0], x, parts[1]], axis=axis)


def _every(x, dy, dx, kernel, strides):
    """Select the pixel (dy, dx) of every window."""
    (kh, kw), (sh, sw) = kernel, strides
    return x[:, dy : (dy - kh + 1) or None : sh, dx : (dx - kw + 1) or None : sw]
