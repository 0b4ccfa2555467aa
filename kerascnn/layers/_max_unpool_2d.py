"""Unpooling with switches (Zeiler & Fergus 2013, section 2.1)."""

from collections.abc import Sequence
from typing import Any

import keras
from keras import ops

from kerascnn._checks import is_whole


@keras.saving.register_keras_serializable(package="kerascnn")
class MaxUnpool2D(keras.layers.Layer):
    """Unpooling, which puts values back at the maxima that `MaxPoolWithSwitches2D` found.

    The other pixels are 0. Where overlapping windows share a maximum, their values are summed, as
    in the gradient of max-pooling, which this layer computes.

    Args:
        output_size: (H, W) of the map that was pooled, which may be odd. With `None`, pass that map
            as a third input.

    Call: [values (N, h, w, C), switches (N, h, w, C)] or [values, switches, map (N, H, W, any)]
    -> (N, H, W, C).

    >>> import numpy as np
    >>> values, switches = np.array([[[[5.0]]]]), np.array([[[[2]]]])
    >>> np.array(MaxUnpool2D((2, 2))([values, switches])).ravel().tolist()
    [0.0, 0.0, 5.0, 0.0]
    """

    def __init__(self, output_size: Sequence[int] | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if output_size is not None:
            output_size = tuple(output_size)
            if len(output_size) != 2 or not all(is_whole(n, 1) for n in output_size):
                raise ValueError(
                    "output_size must be the (height, width) of the map that was pooled; "
                    f"received {output_size!r}."
                )
        self.output_size = output_size

    def call(self, inputs: Any) -> Any:
        """Unpool the values (N, h, w, C)."""
        values, switches, *reference = inputs
        n, _h, _w, c = ops.shape(values)
        height, width = self._size(*(ops.shape(r) for r in reference))
        # The flat index of a pixel in the output is ((image · H·W) + switch) · C + channel.
        images = ops.reshape(ops.arange(n, dtype="int32"), (-1, 1, 1, 1)) * (height * width)
        places = (images + ops.cast(switches, "int32")) * c + ops.arange(c, dtype="int32")
        total = ops.segment_sum(
            ops.reshape(values, (-1,)), ops.reshape(places, (-1,)), n * height * width * c
        )
        return ops.reshape(total, (n, height, width, c))

    def _size(self, reference=None):
        if reference is not None:
            return reference[1], reference[2]
        if self.output_size is None:
            raise ValueError(
                "output_size must be the (height, width) of the map that was pooled, unless that "
                "map is passed as a third input; received neither."
            )
        return self.output_size

    def compute_output_shape(self, input_shape: Any) -> Any:
        """[(N, h, w, C), (N, h, w, C)] -> (N, H, W, C)."""
        values, _switches, *reference = input_shape
        return (values[0], *self._size(*reference), values[-1])

    def macs(self, input_shapes: Sequence[tuple], output_shape: tuple) -> int:
        """Return 0: the layer has no weights to multiply with."""
        return 0

    def get_config(self) -> dict[str, Any]:
        """Return the arguments, for saving."""
        return {**super().get_config(), "output_size": self.output_size}
