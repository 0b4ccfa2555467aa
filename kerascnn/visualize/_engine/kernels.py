"""The effective weights of convolutions and dense layers."""

import keras
import numpy as np


def has_filters(operation: keras.Operation) -> bool:
    """Return whether an operation is a 2D convolution with filters (kh, kw, C, K)."""
    if isinstance(operation, keras.layers.SeparableConv2D):
        return True
    return len(getattr(getattr(operation, "kernel", None), "shape", ())) == 4


def kernel_of(layer: keras.layers.Layer) -> np.ndarray:
    """Return the kernel of a layer, float32, including its low-rank adaptation (LoRA).

    For a separable convolution, this is the kernel of the equivalent standard convolution,
    (kh, kw, C, K).

    Raises:
        ValueError: If the weights are quantized to integers.
    """
    if isinstance(layer, keras.layers.SeparableConv2D):
        depthwise = np.asarray(layer.depthwise_kernel)  # (kh, kw, C, multiplier)
        pointwise = np.asarray(layer.pointwise_kernel)  # (1, 1, C · multiplier, K)
        pointwise = pointwise.reshape(*depthwise.shape[2:], -1)
        return np.einsum("hwcm,cmk->hwck", depthwise, pointwise).astype("float32")
    check_float(layer)
    return np.asarray(layer.kernel).astype("float32")  # `np.array` warns of a copy, as Keras does


def check_float(layer: keras.layers.Layer) -> None:
    """Check that the weights of a layer are not quantized.

    Raises:
        ValueError: If they are integers.
    """
    dtype = keras.backend.standardize_dtype(layer.kernel.dtype)
    if not keras.backend.is_float_dtype(dtype):
        raise ValueError(
            f"layer must have float weights; {layer.name!r} has {dtype} weights. "
            "Use the model before quantization."
        )
