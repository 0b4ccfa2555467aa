"""Real handwritten digits that are included in scikit-learn, so that no download is needed.

They are the test set of the "Optical Recognition of Handwritten Digits" data set (Alpaydin and
Kaynak 1998, UCI Machine Learning Repository, CC BY 4.0): 1,797 digits of 8x8 pixels with 17 gray
levels.
"""

from functools import cache
from itertools import pairwise

import numpy as np

from ._credit import Credit
from ._dataset import Dataset
from ._mnist_convention import to_mnist_convention

CREDIT = Credit(
    "E. Alpaydin and C. Kaynak",
    "CC BY 4.0",
    "https://archive.ics.uci.edu/dataset/80/optical+recognition+of+handwritten+digits",
)
LEVELS = 16  # a pixel is the number of black pixels in a 4x4 block of a 32x32 bitmap: 0 to 16
TRAIN, VALIDATION = 719, 180  # the other 898, about half, are the test data


def load(*, data_dir=None, raw: bool = False) -> Dataset:
    """Load the digits, either in MNIST's convention or in their original form.

    The digits are sorted by writer and are split in that order, so that (except at the boundaries)
    no writer contributes to two of the splits.

    Args:
        data_dir: Ignored, since the digits are included in scikit-learn.
        raw: Whether to return the original 8x8x1 images rather than 28x28x1 as in MNIST.

    Returns:
        A `Dataset` of 719 training, 180 validation and 898 test images.
    """
    images, labels = (array.copy() for array in _read(bool(raw)))
    parts = [0, TRAIN, TRAIN + VALIDATION, len(labels)]
    train, validation, test = (
        (images[start:stop], labels[start:stop]) for start, stop in pairwise(parts)
    )
    return Dataset("digits", train, validation, test, tuple("0123456789"))


@cache
def _read(raw: bool) -> tuple[np.ndarray, np.ndarray]:
    """Return all images and labels; converting them takes longer than reading them."""
    from sklearn.datasets import load_digits

    digits = load_digits()
    images = (digits.images / LEVELS).astype(np.float32)[..., None]
    return images if raw else to_mnist_convention(images), digits.target.astype(np.int64)
