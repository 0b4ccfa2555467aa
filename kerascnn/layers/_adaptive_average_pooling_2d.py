"""Average pooling to a fixed output size, as in torchvision's AlexNet and GoogLeNet."""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from kerascnn._checks import check_pair


@keras.saving.register_keras_serializable(package="kerascnn")
class AdaptiveAveragePooling2D(keras.layers.Layer):
    """Average pooling with windows chosen to produce a given output size.

    Window i of n along a side of length L extends from floor(i·L / n) to ceil((i + 1)·L / n), as in
    PyTorch. If n does not divide L, windows overlap.

    Args:
        output_size: (height, width) of the output, or one number for both.

    Input: (N, H, W, C) float, with known H and W. Output: (N, height, width, C).

    >>> import numpy as np
    >>> layer = AdaptiveAveragePooling2D((1, 2))
    >>> np.array(layer(np.array([[[[1.0], [2.0], [6.0]]]]))).ravel().tolist()
    [1.5, 4.0]
    """

    def __init__(self, output_size: int | Sequence[int], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.output_size = check_pair("output_size", output_size)

    def build(self, input_shape: Any) -> None:
        """Create the weights of the windows, a row for each row or column of the output."""
        if None in input_shape[1:3]:
            raise ValueError(
                "the input's height and width must be known, since the windows depend on them; "
                f"received {tuple(input_shape)}. Pass an input_shape without None."
            )
        sides = zip(input_shape[1:3], self.output_size, strict=True)
        self._rows, self._columns = (_windows(size, n) for size, n in sides)

    def call(self, x: Any) -> Any:
        """Pool the maps (N, H, W, C)."""
        rows, columns = (ops.cast(w, x.dtype) for w in (self._rows, self._columns))
        return ops.einsum("nhwc,ih,jw->nijc", x, rows, columns)

    def compute_output_shape(self, input_shape: Any) -> Any:
        """(N, H, W, C) -> (N, height, width, C)."""
        return (input_shape[0], *self.output_size, input_shape[-1])

    def macs(self, input_shapes: Sequence[tuple], output_shape: tuple) -> int:
        """Return 0: an average has no weights."""
        return 0

    def receptive_field(self, fields: Sequence[Any]) -> Any:
        """Combine the fields of the pixels in each window."""
        return tuple(
            axis.through([np.flatnonzero(row).tolist() for row in shares], shares.shape[1])
            for axis, shares in zip(fields[0], (self._rows, self._columns), strict=True)
        )

    def get_config(self) -> dict[str, Any]:
        """Return the arguments, for saving."""
        return {**super().get_config(), "output_size": self.output_size}


def _windows(size, n):
    """Return the weight (n, size) of each pixel in each window."""
    starts = [i * size // n for i in range(n)]
    ends = [-(-(i + 1) * size // n) for i in range(n)]
    shares = np.zeros((n, size), "float32")
    for i, (start, end) in enumerate(zip(starts, ends, strict=True)):
        shares[i, start:end] = 1 / (end - start)
    return shares
