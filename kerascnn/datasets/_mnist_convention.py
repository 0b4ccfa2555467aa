"""Conversion of grey images of digits to the format of MNIST.

"The original black and white (bilevel) images from NIST were size normalized to fit in a 20x20
pixel box while preserving their aspect ratio. […] the images were centered in a 28x28 image by
computing the center of mass of the pixels, and translating the image so as to position this point
at the center of the 28x28 field." (yann.lecun.com/exdb/mnist)
"""

import numpy as np

SIZE = 28  # height and width of the field
BOX = 20  # longer side of the digit
TIE = 1e-3  # if the centre of a symmetric digit is between two pixels, always round the same way
CENTRE = 14  # row and column index of the centre of mass: the mean of MNIST's images is 14.0
FINE = 96  # coarse images are first enlarged to at least this size, for smooth outlines
INK = 0.5  # a point is ink if it exceeds this fraction of the brightest value; …
EDGE = 0.5  # … outlines change from paper to ink within this range around it


def to_mnist_convention(images: np.ndarray) -> np.ndarray:
    """Convert grey images of digits to MNIST's convention: bright strokes in a 28x28 field.

    Each digit is scaled to fit a 20x20 box, preserving its aspect ratio. Its centre of mass is
    placed within half a pixel of row and column 14, as in MNIST, or closer to the centre of the box
    if the digit would otherwise leave the field. Strokes are close to 1 and paper is 0.

    Args:
        images: `(N, h, w)` or `(N, h, w, 1)` in [0, 1], bright strokes on a dark background.

    Returns:
        `(N, 28, 28, 1)` float32 in [0, 1]. An image without ink is returned as black.

    Raises:
        ValueError: If the images have another rank or range, or contain NaN.

    >>> stroke = np.zeros((1, 8, 8))
    >>> stroke[0, 1:7, 3] = 1
    >>> digit = to_mnist_convention(stroke)[0, :, :, 0]
    >>> digit.shape, int((digit.max(axis=1) > 0).sum())  # 20 rows contain ink
    ((28, 28), 20)
    """
    images = np.asarray(images)
    if images.ndim == 4 and images.shape[-1] == 1:
        images = images[..., 0]
    if images.ndim != 3:
        raise ValueError(f"images must be (N, h, w) or (N, h, w, 1); received {images.shape}.")
    if images.size and not (images.min() >= 0 and images.max() <= 1):  # also fails for NaN
        raise ValueError(
            f"images must be in [0, 1]; received {images.min()} to {images.max()}: "
            f"divide by the largest value, and invert dark strokes on bright paper."
        )
    result = np.zeros((len(images), SIZE, SIZE, 1), np.float32)
    for image, digit in zip(_refined(images), result[..., 0], strict=True):
        if image.max() > 0:
            digit[:] = _placed(image)
    return result


def _refined(images):
    """Enlarge `(N, h, w)` smoothly and sharpen the outlines of strokes; the maximum becomes 1."""
    images = np.pad(images.astype(np.float32), ((0, 0), (1, 1), (1, 1)))  # room for the outline
    height, width = images.shape[1:]
    factor = -(-FINE // max(height, width))
    images = _cubic(height, factor) @ images @ _cubic(width, factor).T
    peaks = images.max(axis=(1, 2), keepdims=True, initial=0)
    images = np.divide(images, peaks, out=np.zeros_like(images), where=peaks > 0)
    return np.clip((images - INK) / EDGE + 0.5, 0, 1)


def _cubic(size, factor):
    """Return the matrix `(factor * size, size)` of cubic convolution (Keys 1981, a = -1/2)."""
    wanted = (np.arange(factor * size) + 0.5) / factor - 0.5  # new pixels in old coordinates
    d = np.abs(wanted[:, None] - np.arange(size))
    near = 1.5 * d**3 - 2.5 * d**2 + 1  # Keys 1981, Eq. 15
    far = -0.5 * d**3 + 2.5 * d**2 - 4 * d + 2
    return np.where(d < 1, near, np.where(d < 2, far, 0)).astype(np.float32)


def _placed(image):
    """Scale a fine image `(h, w)` to the box and move its centre of mass to the field's centre."""
    rows, columns = _extent(image.any(axis=1)), _extent(image.any(axis=0))
    longer = max(rows[1] - rows[0], columns[1] - columns[0])
    tall = max(1, round(BOX * (rows[1] - rows[0]) / longer))
    wide = max(1, round(BOX * (columns[1] - columns[0]) / longer))
    digit = _averages(*rows, tall, image.shape[0]) @ image
    digit = digit @ _averages(*columns, wide, image.shape[1]).T
    digit /= digit.max()
    field = np.zeros((SIZE, SIZE), np.float32)
    top, left = _offset(digit.sum(axis=1)), _offset(digit.sum(axis=0))
    field[top : top + tall, left : left + wide] = digit
    return field


def _extent(inked):
    """Return the first index with ink and one past the last."""
    (where,) = np.nonzero(inked)
    return where[0], where[-1] + 1


def _averages(start, stop, cells, size):
    """Return the matrix `(cells, size)` that averages pixels start…stop over cells, by area."""
    edges = np.linspace(start, stop, cells + 1)
    pixels = np.arange(size)
    lower = np.maximum(edges[:-1, None], pixels)
    upper = np.minimum(edges[1:, None], pixels + 1)
    return (np.maximum(upper - lower, 0) * cells / (stop - start)).astype(np.float32)


def _offset(profile):
    """Return where a profile of ink starts if its centre of mass is at the field's centre."""
    centre = profile @ np.arange(len(profile)) / profile.sum()
    return int(np.clip(round(CENTRE - centre + TIE), 0, SIZE - len(profile)))
