"""Compute 3-D max-pooling as 2-D max-pooling, twice, whose gradient TensorFlow computes correctly.

Where several values of a window are its maximum, TensorFlow's 3-D max-pooling passes the whole
gradient back to each of them (2.21, on a CPU, unless oneDNN computes it in a compiled graph). After
2x2x2 up-sampling, the gradient is 8 times too large. In 2-D, a single one of them gets it. The
maximum of a box is that of the maxima of its slices, so the result is the same to the last bit.
"""

from collections.abc import Callable

import keras
from keras import ops
from keras.src.ops.nn import MaxPool

BOXES = 5  # axes of a batch of volumes


def safe_methods(operation: keras.Operation) -> dict[str, Callable]:
    """Return the method by its name that pools volumes as images, if the operation pools them."""
    layer = keras.layers.MaxPooling3D
    if keras.backend.backend() != "tensorflow":
        return {}
    if isinstance(operation, layer):
        pools = type(operation).call is layer.call and "call" not in vars(operation)
    else:
        pools = isinstance(operation, MaxPool)
    if not pools:
        return {}
    size, strides = operation.pool_size, operation.strides
    padding, data_format = operation.padding, operation.data_format

    def call(inputs: keras.KerasTensor) -> keras.KerasTensor:
        if len(inputs.shape) != BOXES:  # the operation of `keras.ops` pools images, too
            return ops.max_pool(inputs, size, strides, padding, data_format)
        return max_pool(inputs, size, strides, padding, data_format)

    return {"call": call}


def max_pool(
    volumes: keras.KerasTensor,
    size: int | tuple[int, int, int],
    strides: int | tuple[int, int, int] | None,
    padding: str,
    data_format: str | None,
) -> keras.KerasTensor:
    """Pool volumes, (N, D, H, W, C) or (N, C, D, H, W), as `keras.ops.max_pool` does."""
    size = _three(size)
    strides = size if strides is None else _three(strides)
    first = (data_format or keras.config.image_data_format()) == "channels_first"
    x = ops.moveaxis(volumes, 1, -1) if first else volumes
    _, depth, height, width, channels = ops.shape(x)
    slices = ops.reshape(x, (-1, height, width, channels))
    slices = ops.max_pool(slices, size[1:], strides[1:], padding, "channels_last")
    _, height, width, _ = ops.shape(slices)
    rows = ops.reshape(slices, (-1, depth, height * width, channels))
    rows = ops.max_pool(rows, (size[0], 1), (strides[0], 1), padding, "channels_last")
    x = ops.reshape(rows, (-1, ops.shape(rows)[1], height, width, channels))
    return ops.moveaxis(x, -1, 1) if first else x


def _three(sizes: int | tuple[int, int, int]) -> tuple[int, int, int]:
    return (sizes,) * 3 if isinstance(sizes, int) else tuple(sizes)
