"""The parameter-free shortcut of residual networks (He et al. 2015, section 3.3, option A)."""

from collections.abc import Sequence
from typing import Any

import keras
from keras import ops

from kerascnn._checks import check_count


@keras.saving.register_keras_serializable(package="kerascnn")
class ZeroPaddingShortcut(keras.layers.Layer):
    """Identity shortcut that subsamples the pixels and pads the channels with zeros.

    "The shortcut still performs identity mapping, with extra zero entries padded for increasing
    dimensions" (He et al. 2015). The zeros come after the channels of the input.

    Args:
        filters: number of channels of the output, at least as many as in the input.
        strides: step in pixels, along height and width.

    Input: (N, H, W, C) float. Output: (N, ceil(H / strides), ceil(W / strides), filters).

    >>> import numpy as np
    >>> layer = ZeroPaddingShortcut(3, strides=2)
    >>> np.array(layer(np.ones((1, 4, 4, 1))))[0, 1, 1].tolist()
    [1.0, 0.0, 0.0]
    """

    def __init__(self, filters: int, strides: int = 1, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.filters = check_count("filters", filters)
        strides = check_count("strides", strides)
        # The layer sees single pixels, like a 1x1 convolution with this stride.
        self.kernel_size, self.strides, self.padding = (1, 1), (strides, strides), "valid"

    def build(self, input_shape: Any) -> None:
        """Check that the output has at least as many channels as the input."""
        if input_shape[-1] > self.filters:
            raise ValueError(
                f"filters must be at least {input_shape[-1]}, the number of input channels, since "
                f"a shortcut keeps all of them; received {self.filters}."
            )

    def call(self, x: Any) -> Any:
        """Subsample the maps (N, H, W, C) and pad their channels."""
        more = self.filters - x.shape[-1]
        x = x[:, :: self.strides[0], :: self.strides[1]]
        return ops.pad(x, [(0, 0), (0, 0), (0, 0), (0, more)])

    def compute_output_shape(self, input_shape: Any) -> Any:
        """(N, H, W, C) -> (N, ceil(H / strides), ceil(W / strides), filters)."""
        n, h, w, _c = input_shape
        stride = self.strides[0]
        return (n, h and -(-h // stride), w and -(-w // stride), self.filters)

    def macs(self, input_shapes: Sequence[tuple], output_shape: tuple) -> int:
        """Return 0: the layer has no weights to multiply with."""
        return 0

    def get_config(self) -> dict[str, Any]:
        """Return the arguments, for saving."""
        return {**super().get_config(), "filters": self.filters, "strides": self.strides[0]}
