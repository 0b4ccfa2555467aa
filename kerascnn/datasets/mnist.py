"""MNIST (LeCun, Cortes, Burges): 60,000 + 10,000 handwritten digits of 28x28 pixels."""

import numpy as np

from . import _archive
from ._dataset import Dataset

FILE = "mnist.npz"  # Keras's file and its keys
KEYS = ("x_train", "y_train", "x_test", "y_test")
VALIDATION_PART = 12  # the last twelfth of the training images, 5,000 of 60,000, is validation


def load(*, data_dir=None) -> Dataset:
    """Load MNIST from a directory or by Keras's download.

    Args:
        data_dir: A directory with `mnist.npz`; `None`: that of `KERASCNN_DATA` if it holds the
            file, else Keras downloads it once (11 MB) and keeps it in its cache.

    Returns:
        A `Dataset` of 55,000 training, 5,000 validation and 10,000 test images.

    Raises:
        OSError: The file is missing or damaged, or there is no network.
        ValueError: The file holds something else.
    """
    path = _archive.find(FILE, data_dir)
    x_train, y_train, x_test, y_test = _downloaded() if path is None else _archive.read(path, KEYS)
    images, labels = _checked(x_train, y_train, path)
    cut = len(labels) - len(labels) // VALIDATION_PART
    return Dataset(
        "mnist",
        train=(images[:cut], labels[:cut]),
        validation=(images[cut:], labels[cut:]),
        test=_checked(x_test, y_test, path),
        class_names=tuple("0123456789"),
    )


def _downloaded():
    from keras.datasets import mnist

    train, test = _archive.download("MNIST", FILE, mnist.load_data)
    return [*train, *test]


def _checked(images, labels, path):
    """Turn uint8 (N, 28, 28) into float32 (N, 28, 28, 1) in [0, 1], or say what is wrong."""
    if (
        images.ndim != 3
        or images.shape[1:] != (28, 28)
        or images.dtype != np.uint8
        or labels.shape != images.shape[:1]
        or not np.issubdtype(labels.dtype, np.integer)
    ):
        raise ValueError(
            f"'{path}' must hold uint8 images (N, 28, 28) with N integer labels; "
            f"received {images.dtype} {images.shape} with {labels.dtype} {labels.shape}."
        )
    return images[..., None].astype(np.float32) / 255, labels.astype(np.int64)
