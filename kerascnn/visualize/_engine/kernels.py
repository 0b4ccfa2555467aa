"""The weights of convolutions and dense layers, as they act."""

import keras
import numpy as np
from keras import ops


def has_filters(operation: keras.Operation) -> bool:
    """Whether an operation slides filters of (kh, kw, C, K) over maps."""
    if isinstance(operation, keras.layers.SeparableConv2D):
        return True
    return len(getattr(getattr(operation, "kernel", None), "shape", ())) == 4


def kernel_of(layer: keras.layers.Layer) -> np.ndarray:
    """The layer's kernel, float32: with what low-rank adaptation (LoRA) adds to it.

    Of a separable convolution it is the one that does the same in one step, (kh, kw, C, K).

    Raises:
        ValueError: whole numbers, as quantization leaves them.
    """
    if isinstance(layer, keras.layers.SeparableConv2D):
        depthwise = ops.convert_to_numpy(layer.depthwise_kernel)  # (kh, kw, C, multiplier)
        pointwise = ops.convert_to_numpy(layer.pointwise_kernel)  # (1, 1, C · multiplier, K)
        pointwise = pointwise.reshape(*depthwise.shape[2:], -1)
        return np.einsum("hwcm,cmk->hwck", depthwise, pointwise).astype("float32")
    kernel = ops.convert_to_numpy(layer.kernel)
    if kernel.dtype.kind in "iu":
        raise ValueError(
            f"layer must have weights that are floats; {layer.name!r} holds {kernel.dtype.name}. "
            "Look at the model before it is quantized."
        )
    return kernel.astype("float32")
