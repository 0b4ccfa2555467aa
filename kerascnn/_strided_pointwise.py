"""Compute strided 1x1 convolutions on the pixels that they see, which makes their gradients safe.

For the gradient of the kernel of a 1x1 convolution with strides and few input channels, oneDNN
writes beyond the end of its memory (TensorFlow 2.21 on x86), which changes other numbers or ends
the process. A convolution without strides on the pixels that it sees has the same result.
TensorFlow also computes this gradient where only that of the input is asked for, unless it compiles
the graph. It computes signals as images with a single row.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import keras
from keras import ops

from ._twin import twin

FEW = 16  # input channels; with as many, or more, oneDNN stays within its memory
CONVOLUTION, OF_SIGNALS = keras.layers.Conv2D, keras.layers.Conv1D
TRANSPOSED = (keras.layers.Conv1DTranspose, keras.layers.Conv2DTranspose)


def made_safe(operation: keras.Operation) -> keras.Operation:
    """Return a layer, or a twin of it whose gradient is safe."""
    if not _is_convolution(operation):
        return operation
    return twin(operation, None, **_on_seen_pixels(operation))


@contextmanager
def strides_made_safe(model: keras.Model) -> Iterator[None]:
    """Compute the strided 1x1 convolutions of a model safely in the `with` block.

    Raises:
        NotImplementedError: If the gradient of a transposed convolution is unsafe; names the layer.
    """
    layers = list(model._flatten_layers())
    for layer in layers:
        check_transposed(layer, layer.name)
    changed = [(each, _on_seen_pixels(each)) for each in layers if _is_convolution(each)]
    try:
        for layer, methods in changed:
            for name, method in methods.items():
                setattr(layer, name, method)
        yield
    finally:
        for layer, methods in changed:
            for name in methods:
                delattr(layer, name)


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
