"""Compute strided 1x1 convolutions on the pixels that they see, which makes their gradients safe.

For the gradient of the kernel of a 1x1 convolution with strides and few input channels, oneDNN
writes beyond the end of its memory (TensorFlow 2.21 on x86), which changes other numbers or ends
the process. A convolution without strides on the pixels that it sees has the same result.
TensorFlow also computes this gradient where only that of the input is asked for, unless it compiles
the graph.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import keras
from keras import ops

from ._twin import twin

FEW = 16  # input channels; with as many, or more, oneDNN stays within its memory
CONVOLUTION = keras.layers.Conv2D
TRANSPOSED = keras.layers.Conv2DTranspose


def made_safe(operation: keras.Operation) -> keras.Operation:
    """Return a layer, or a twin of it whose gradient is safe."""
    if not _is_convolution(operation):
        return operation
    return twin(operation, convolution_op=_on_seen_pixels(operation))


@contextmanager
def strides_made_safe(model: keras.Model) -> Iterator[None]:
    """Compute the strided 1x1 convolutions of a model safely in the `with` block.

    Raises:
        NotImplementedError: If the gradient of a transposed convolution is unsafe; names the layer.
    """
    layers = list(model._flatten_layers())
    for layer in layers:
        check_transposed(layer, layer.name)
    changed = [layer for layer in layers if _is_convolution(layer)]
    try:
        for layer in changed:
            layer.convolution_op = _on_seen_pixels(layer)
        yield
    finally:
        for layer in changed:
            del layer.convolution_op


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
        isinstance(operation, CONVOLUTION)
        and _is_unsafe(operation)
        and type(operation).convolution_op is CONVOLUTION.convolution_op
        and "convolution_op" not in vars(operation)
    )


def _is_unsafe(layer: keras.Layer) -> bool:
    pointwise = tuple(layer.kernel_size) == (1, 1) and max(layer.strides) > 1
    return pointwise and layer.built and layer.kernel.shape[-2] < FEW


def _on_seen_pixels(layer: keras.Layer) -> Callable:
    """Return a `convolution_op` that leaves out the pixels between the strides."""
    rows, columns = (slice(None, None, stride) for stride in layer.strides)
    last = layer.data_format == "channels_last"
    seen = (slice(None), rows, columns) if last else (slice(None), slice(None), rows, columns)
    data_format = layer.data_format  # not the layer, which this function becomes a part of

    def convolution_op(inputs: keras.KerasTensor, kernel: keras.KerasTensor) -> keras.KerasTensor:
        return ops.conv(inputs[seen], kernel, padding="valid", data_format=data_format)

    return convolution_op
