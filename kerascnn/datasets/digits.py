"""Real handwritten digits that come with scikit-learn: no download.

The test part of the "Optical Recognition of Handwritten Digits" set (Alpaydin and Kaynak 1998,
UCI Machine Learning Repository, CC BY 4.0): 1,797 digits of 8x8 pixels with 17 grey levels.
"""

from itertools import pairwise

import numpy as np

from ._dataset import Dataset
from ._mnist_convention import to_mnist_convention

LEVELS = 16  # a pixel counts the ink in a 4x4 block of a 32x32 bitmap: 0…16
TRAIN, VALIDATION = 719, 180  # the other 898, one half, are the test part


def load(*, data_dir=None, raw: bool = False) -> Dataset:
    """Load the digits, in MNIST's convention or as they are.

    The digits come in the order of their writers and are cut in that order, so that (but for the
    writers at the two cuts) nobody who wrote a test digit wrote one of the others.

    Args:
        data_dir: Not needed: the digits come with scikit-learn.
        raw: True for the original 8x8x1, False for MNIST's 28x28x1.

    Returns:
        A `Dataset` of 719 training, 180 validation and 898 test images.
    """
    from sklearn.datasets import load_digits

    digits = load_digits()
    images = (digits.images / LEVELS).astype(np.float32)[..., None]
    if not raw:
        images = to_mnist_convention(images)
    labels = digits.target.astype(np.int64)
    parts = [0, TRAIN, TRAIN + VALIDATION, len(labels)]
    train, validation, test = (
        (images[start:stop], labels[start:stop]) for start, stop in pairwise(parts)
    )
    return Dataset("digits", train, validation, test, tuple("0123456789"))
