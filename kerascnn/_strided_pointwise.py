"""Compute strided 1x1 convolutions on the pixels that they see, which makes their gradients safe.

For the gradient of the kernel of a 1x1 convolution with strides and few input channels, oneDNN
writes beyond the end of its memory (TensorFlow 2.21 on x86), which changes other numbers or ends
the process. A convolution without strides on the pixels that it sees has the same result.
TensorFlow also computes this gradient where only that of the input is asked for, unless it compiles
the graph. It computes signals as images with a single row.
"""

from collections.abc import Callable

import keras
from keras import ops

from ._twin import twin

FEW = 16  # input channels; with as many, or more, oneDNN stays within its memory
CONVOLUTION, OF_SIGNALS = keras.layers.Conv2D, keras.layers.Conv1D
TRANSPOSED = (keras.layers.Conv1DTranspose, keras.layers.Conv2DTranspose)


def safe_methods(operation: keras.Operation) -> dict[str, Callable]:
    """Return the methods by their names that make the gradient of a layer safe, if it is not."""
    return _on_seen_pixels(operation) if _is_convolution(operation) else {}


def check_transposed(operation: keras.Operation, name: str) -> None:
    """Reject a transposed convolution whose gradient is unsafe.

    Raises:
        NotImplementedError: If it is.
    """
    if isinstance(operation, TRANSPOSED) and _is_unsafe(operation):
        raise NotImplementedError(
            f"TensorFlow cannot compute the gradient of the layer {name!r} safely, a transposed "
            f"1x1 convolution with strides {tuple(operation.strides)} and fewer than {FEW} "
            "filters. Use a kernel at least as large as the strides."
        )


def _is_convolution(operation: keras.Operation) -> bool:
    """Return whether it is an unsafe convolution that Keras computes itself."""
    return (
        isinstance(operation, (CONVOLUTION, OF_SIGNALS))
        and _is_unsafe(operation)
        and type(operation).convolution_op is CONVOLUTION.convolution_op
        and type(operation).call in (CONVOLUTION.call, OF_SIGNALS.call)
        and not {"convolution_op", "call"} & vars(operation).keys()
    )


def _is_unsafe(layer: keras.Layer) -> bool:
    pointwise = max(layer.kernel_size) == 1 and max(layer.strides) > 1
    return pointwise and layer.built and layer.kernel.shape[-2] < FEW


def _on_seen_pixels(layer: keras.Layer) -> dict[str, Callable]:
    """Return a method of the layer by its name that leaves out the pixels between the strides."""
    pixels = [slice(None, None, stride) for stride in layer.strides]
    last = layer.data_format == "channels_last"
    seen = (slice(None), *pixels) if last else (slice(None), slice(None), *pixels)
    data_format = layer.data_format  # not the layer, which this function becomes a part of

    def convolution_op(inputs: keras.KerasTensor, kernel: keras.KerasTensor) -> keras.KerasTensor:
        return ops.conv(inputs[seen], kernel, padding="valid", data_format=data_format)

    if not isinstance(layer, OF_SIGNALS):
        return {"convolution_op": convolution_op}
    dense = twin(layer, strides=(1,), padding="valid")  # Conv1D calls no convolution_op
    return {"call": lambda inputs: OF_SIGNALS.call(dense, inputs[seen])}
