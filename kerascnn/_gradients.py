"""Replace gradients that TensorFlow computes wrongly, for all code that runs in this process.

This is the only way that also reaches the operations inside other layers and functions.
"""

from functools import cache

from tensorflow.python.framework.ops import RegisterGradient, gradient_registry

from . import _max_pooling_3d
from ._kernel_gradients import PIXELS, PIXELS_IN_DEPTH, VOLUMES

MENDED = {  # by TensorFlow's name of the operation: from its own gradient to a right one
    "Conv2D": PIXELS.of_convolution,
    "Conv2DBackpropInput": PIXELS.of_transposed,
    "DepthwiseConv2dNative": PIXELS_IN_DEPTH.of_convolution,
    "Conv3D": VOLUMES.of_convolution,
    "Conv3DBackpropInputV2": VOLUMES.of_transposed,
    "MaxPool3D": lambda original: _max_pooling_3d.gradient,
}


@cache
def mend() -> None:
    """Replace the gradients in TensorFlow's registry, once."""
    for operation, mended in MENDED.items():
        original = gradient_registry.lookup(operation)
        del gradient_registry._registry[operation]
        RegisterGradient(operation)(mended(original))
