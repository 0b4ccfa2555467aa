"""Convolution and pooling on arrays, as in Keras, but also for integers.

They allow small figures to be drawn without importing Keras.
"""

import numpy as np

from kerascnn import arithmetic


def correlate(
    image: np.ndarray, kernel: np.ndarray, stride: int = 1, *, padding: int = 0, dilation: int = 1
) -> np.ndarray:
    """Cross-correlate an image (H, W) with a kernel (h, w), which networks call convolution.

    Raises:
        ValueError: If the kernel does not fit into the image.
    """
    image, kernel = np.pad(image, padding), np.asarray(kernel)
    rows, columns = (
        arithmetic.conv_output_size(size, side, stride, dilation=dilation)
        for size, side in zip(image.shape, kernel.shape, strict=True)
    )
    output = np.zeros((rows, columns), np.result_type(image, kernel, np.int64))
    for (i, j), weight in np.ndenumerate(kernel):
        seen = image[i * dilation :: stride, j * dilation :: stride]
        output += weight * seen[:rows, :columns]
    return output


def pool(image: np.ndarray, mode: str, window: int = 2, stride: int | None = None) -> np.ndarray:
    """Pool an image (H, W) or maps (H, W, C) by "max" or "mean".

    Raises:
        ValueError: If the window does not fit into the image.
    """
    image, stride = np.asarray(image), stride or window
    for size in image.shape[:2]:
        arithmetic.conv_output_size(size, window, stride)
    windows = np.lib.stride_tricks.sliding_window_view(image, (window, window), (0, 1))
    reduce = {"max": np.max, "mean": np.mean}[mode]
    return reduce(windows[::stride, ::stride], axis=(-2, -1))


def transposed(
    image: np.ndarray, kernel: np.ndarray, stride: int = 1, *, padding: str = "valid"
) -> np.ndarray:
    """Stamp a kernel (h, w) for each pixel of an image (H, W), adding where stamps overlap.

    Args:
        padding: "valid", or "same", which crops the output to `stride` times the image's size.
    """
    image, kernel = np.asarray(image), np.asarray(kernel)
    shape = [stride * (n - 1) + k for n, k in zip(image.shape, kernel.shape, strict=True)]
    output = np.zeros(shape, np.result_type(image, kernel, np.int64))
    for (i, j), value in np.ndenumerate(image):
        there = output[i * stride :, j * stride :]
        there[: kernel.shape[0], : kernel.shape[1]] += value * kernel
    if padding == "valid":
        return output
    cut = []
    for size, side in zip(image.shape, kernel.shape, strict=True):
        before = max(side - stride, 0) // 2
        cut.append(slice(before, before + size * stride))
    output = np.pad(output, [(0, max(0, c.stop - n)) for c, n in zip(cut, shape, strict=True)])
    return output[tuple(cut)]
