"""Conversion of gray images of digits, photos included, to the format of MNIST.

"The original black and white (bilevel) images from NIST were size normalized to fit in a 20x20
pixel box while preserving their aspect ratio. […] the images were centered in a 28x28 image by
computing the center of mass of the pixels, and translating the image so as to position this point
at the center of the 28x28 field." (yann.lecun.com/exdb/mnist)
"""

import numpy as np

SIZE = 28  # height and width of the field
BOX = 20  # the longer side of the digit
TIE = 1e-3  # the center of a symmetric digit is between two pixels: always choose the same one
CENTER = 14  # row and column index of the center of mass: its mean over MNIST's images is 14.0
FINE = 96  # small images are first enlarged to at least this size, for smooth outlines
LARGE = 4 * FINE  # large images are first reduced to this size, which is still fine enough
FRAME = 0.05  # width of the margin that shows the background, as a fraction of each side
GROUND = 0.05  # a background up to this fraction of the brightest value is black, as in MNIST
FITS = 4  # number of fits to the background, each without the ink found by the previous one
INK = 0.5  # a pixel of this fraction of the brightest value is half ink, …
EDGE = 0.5  # … and an outline changes from paper to ink within this range around it


def to_mnist_convention(images: np.ndarray) -> np.ndarray:
    """Convert gray images of digits to MNIST's convention: bright strokes in a 28x28 field.

    Each digit is scaled to fit a 20x20 box, preserving its aspect ratio. Its center of mass is
    placed within half a pixel of row and column 14, as in MNIST, or closer to the center of the box
    if the digit would otherwise leave the field. Strokes are close to 1 and paper is 0.

    Each image is converted separately: if its margin is brighter than the middle of its range, it
    is treated as dark ink on bright paper and inverted. Uneven lighting of the paper or board is
    corrected.

    Args:
        images: `(N, h, w)` or `(N, h, w, 1)` in [0, 1]: bright strokes on a dark background, or
            dark strokes on a bright one.

    Returns:
        `(N, 28, 28, 1)` float32 in [0, 1]. An image without ink is returned as black.

    Raises:
        ValueError: If the shape is wrong, or a value is NaN or not in [0, 1].

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
            f"images must be in [0, 1]; received {images.min()} to {images.max()}. "
            f"Divide by the largest value."
        )
    result = np.zeros((len(images), SIZE, SIZE, 1), np.float32)
    if not len(images):
        return result
    refine = _refinement(*_size_down(images.shape[1:]))
    for image, digit in zip(images, result[..., 0], strict=True):  # one by one: fine ones are large
        fine = refine(ink_of(_brought_down(image.astype(np.float32))))
        if fine.max() > 0:
            digit[:] = _placed(fine)
    return result


def is_dark_on_bright(image: np.ndarray) -> bool:
    """Return whether the margin of a gray image `(h, w)` is bright, as for dark ink on paper.

    >>> paper = np.ones((9, 9))
    >>> paper[2:7, 4] = 0
    >>> is_dark_on_bright(paper), is_dark_on_bright(1 - paper)
    (True, False)
    """
    return bool(_ground_level(image) > (image.min() + image.max()) / 2)


def ink_of(image: np.ndarray) -> np.ndarray:
    """Return the contrast of an image `(h, w)` to its background: 0 for paper, positive for ink."""
    bright = is_dark_on_bright(image)
    if not bright and _ground_level(image) <= GROUND * image.max():
        return image
    sign = -1 if bright else 1
    y, x = np.mgrid[: image.shape[0], : image.shape[1]].reshape(2, -1) / max(image.shape)
    surface = np.stack([np.ones_like(x), x, y, x * x, x * y, y * y], axis=1)
    values, paper = image.ravel(), np.ones(image.size, bool)
    for _ in range(FITS):
        fitted = surface @ np.linalg.lstsq(surface[paper], values[paper], rcond=None)[0]
        above = sign * (values - fitted)
        paper = above <= np.maximum(above, 0).max() / 3  # the rest is ink and its edges
    return np.maximum(above, 0).reshape(image.shape).astype(np.float32)


def _ground_level(image):
    """Return the brightness of an image's margin."""
    rows, columns = (max(1, round(FRAME * side)) for side in image.shape)
    inner = np.zeros(image.shape, bool)
    inner[rows:-rows, columns:-columns] = True
    return float(np.median(image[~inner]))


def _size_down(size):
    """Return the size to which images of a size are reduced."""
    longer = max(size)
    return size if longer <= LARGE else tuple(max(1, round(n * LARGE / longer)) for n in size)


def _brought_down(image):
    """Average a large image `(h, w)` over equal areas."""
    (height, width), (tall, wide) = image.shape, _size_down(image.shape)
    if (tall, wide) == (height, width):
        return image
    return _averages(0, height, tall, height) @ image @ _averages(0, width, wide, width).T


def _refinement(height, width):
    """Return a function that enlarges `(height, width)` smoothly and sharpens the outlines."""
    height, width = height + 2, width + 2  # room for the outline
    factor = -(-FINE // max(height, width))
    rows, columns = _cubic(height, factor), _cubic(width, factor).T

    def refined(image):
        image = rows @ np.pad(image, 1) @ columns
        peak = image.max(initial=0)
        if peak <= 0:
            return np.zeros_like(image)
        return np.clip((image / peak - INK) / EDGE + 0.5, 0, 1)

    return refined


def _cubic(size, factor):
    """Return the matrix `(factor * size, size)` of cubic convolution (Keys 1981, a = -1/2)."""
    wanted = (np.arange(factor * size) + 0.5) / factor - 0.5  # new pixels in old coordinates
    d = np.abs(wanted[:, None] - np.arange(size))
    near = 1.5 * d**3 - 2.5 * d**2 + 1  # Keys 1981, Eq. 15
    far = -0.5 * d**3 + 2.5 * d**2 - 4 * d + 2
    return np.where(d < 1, near, np.where(d < 2, far, 0)).astype(np.float32)


def _placed(image):
    """Scale a fine image `(h, w)` to the box and move its center of mass to the field's center."""
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
    """Return where a profile of ink starts if its center of mass is at the field's center."""
    center = profile @ np.arange(len(profile)) / profile.sum()
    return int(np.clip(round(CENTER - center + TIE), 0, SIZE - len(profile)))
