"""Bilinear interpolation as the kernel of a transposed convolution (Long et al. 2015)."""

import keras
import numpy as np
from keras import ops


@keras.saving.register_keras_serializable(package="kerascnn")
class Bilinear(keras.initializers.Initializer):
    """Initializer that makes a `Conv2DTranspose` upsample each channel bilinearly.

    To upsample by a factor f, use kernel_size = 2f and strides = f (for odd f, 2f − 1 works too).
    The kernel is a tent, `1 − |x − center| / f` along each axis, as in FCN's `surgery.py`.

    Kernel: (height, width, output channels, input channels), with as many output as input channels.

    >>> import numpy as np
    >>> np.array(Bilinear()((1, 4, 1, 1))).ravel().tolist()
    [0.25, 0.75, 0.75, 0.25]
    """

    def __call__(self, shape, dtype=None):
        """Return a kernel of the given shape."""
        height, width, outputs, inputs = shape
        if outputs != inputs:
            raise ValueError(
                "the output must have as many channels as the input, since each channel is "
                f"interpolated separately; received {outputs} and {inputs}."
            )
        tent = np.outer(_tent(height), _tent(width))
        kernel = tent[:, :, None, None] * np.eye(outputs)
        return ops.convert_to_tensor(kernel, dtype=dtype or keras.config.floatx())


def _tent(size):
    factor = (size + 1) // 2
    center = factor - 1 if size % 2 else factor - 0.5  # surgery.py, upsample_filt
    return 1 - abs(np.arange(size) - center) / factor
