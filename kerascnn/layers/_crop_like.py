"""Cropping to the size of another map, like Caffe's `Crop` layer in FCN."""

from collections.abc import Sequence
from typing import Any

import keras
from keras import ops

from kerascnn._checks import check_pair


@keras.saving.register_keras_serializable(package="kerascnn")
class CropLike(keras.layers.Layer):
    """Crop a map to the height and width of a second map.

    Args:
        offset: row and column of the first pixel to keep, one number or two.

    Call: [map (N, H, W, C), reference (N, h, w, any)] -> (N, h, w, C).

    >>> import numpy as np
    >>> maps = np.arange(5.0).reshape(1, 1, 5, 1)
    >>> np.array(CropLike((0, 1))([maps, np.zeros((1, 1, 3, 2))])).ravel().tolist()
    [1.0, 2.0, 3.0]
    """

    content_inputs = 1  # only the size of the reference is used

    def __init__(self, offset: int | Sequence[int], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.offset = check_pair("offset", offset, least=0)

    def call(self, inputs: Any) -> Any:
        """Crop the first map."""
        x, reference = inputs
        top, left = self.offset
        height, width = ops.shape(reference)[1:3]
        return x[:, top : top + height, left : left + width]

    def compute_output_shape(self, input_shape: Any) -> Any:
        """[(N, H, W, C), (N, h, w, any)] -> (N, h, w, C)."""
        shape, reference = input_shape
        for size, wanted, start in zip(shape[1:3], reference[1:3], self.offset, strict=True):
            if None not in (size, wanted) and start + wanted > size:
                raise ValueError(
                    f"the map must contain a window of {tuple(reference[1:3])} pixels that starts "
                    f"at {self.offset}; received a map of {tuple(shape[1:3])}."
                )
        return (shape[0], *reference[1:3], shape[-1])

    def receptive_field(self, fields: Sequence[Any]) -> Any:
        """Return the field of the first map, shifted by the offset."""
        return tuple(axis.shifted(n) for axis, n in zip(fields[0], self.offset, strict=True))

    def macs(self, input_shapes: Sequence[tuple], output_shape: tuple) -> int:
        """Return 0: the layer has no weights to multiply with."""
        return 0

    def get_config(self) -> dict[str, Any]:
        """Return the arguments, for saving."""
        return {**super().get_config(), "offset": self.offset}
