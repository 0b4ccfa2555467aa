"""Building blocks shared by the architectures: widths, and padding as in Caffe and PyTorch."""

from collections.abc import Callable

import keras
from keras.layers import MaxPooling2D, ZeroPadding2D

from kerascnn._checks import is_number


def scaled(width: float) -> Callable[[int], int]:
    """Return a function that scales a number of filters or units; 1 keeps the paper's numbers.

    >>> [scaled(0.25)(filters) for filters in (64, 128, 1)]
    [16, 32, 1]
    """
    if not is_number(width) or width <= 0:
        raise ValueError(
            "width must be a positive number, the factor by which to multiply the number of "
            f"filters (1.0 keeps the paper's); received {width!r}."
        )
    return lambda filters: max(1, round(filters * width))


def padded(
    x: keras.KerasTensor, conv: Callable, filters: int, kernel: int, stride: int = 1, *, name: str
) -> keras.KerasTensor:
    """Convolve with kernel // 2 zeros on every side, as in Caffe, darknet and PyTorch.

    With a stride, Keras's "same" pads more at the bottom and right, which shifts the map by one
    pixel.

    Args:
        x: maps (N, H, W, C).
        conv: `Conv2D` with its options bound.
        name: name of the convolution; the padding layer is named after it.
    """
    if stride == 1:
        return conv(filters, kernel, padding="same", name=name)(x)
    if kernel > 1:
        x = ZeroPadding2D(kernel // 2, name=f"{name.removesuffix('_conv')}_pad")(x)
    return conv(filters, kernel, stride, padding="valid", name=name)(x)


def ceil_max_pool(x: keras.KerasTensor, size: int, *, name: str) -> keras.KerasTensor:
    """Max-pool with stride 2, rounding the output size up, as in Caffe: 112 -> 56 for 3x3 windows.

    The last windows extend past the right and bottom edges. For 2x2 windows and for even sizes (an
    unknown size counts as even), this is "same" padding; for odd sizes, 3x3 windows fit without
    padding.
    """
    odd = [n is not None and n % 2 == 1 for n in x.shape[1:3]]
    if size == 2 or not any(odd):
        return MaxPooling2D(size, 2, padding="same", name=name)(x)
    if not all(odd):  # after a ReLU, zeros do not change the maximum
        x = ZeroPadding2D([(0, not o) for o in odd], name=f"{name}_pad")(x)
    return MaxPooling2D(size, 2, name=name)(x)
