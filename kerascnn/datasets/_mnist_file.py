"""The file format that MNIST and Fashion-MNIST share: 60,000 + 10,000 gray images of 28x28."""

from importlib import import_module

import numpy as np

from . import _archive
from ._dataset import Dataset

KEYS = ("x_train", "y_train", "x_test", "y_test")  # as in the file that Keras downloads for MNIST
VALIDATION_PART = 12  # the last twelfth of the training images, 5,000 of 60,000, is validation


def load(name, title, class_names, data_dir) -> Dataset:
    """Read `name`.npz, or download it with the module `name` of keras.datasets.

    Raises:
        OSError: If the file is missing or damaged, or cannot be downloaded.
        ValueError: If the file has unexpected contents.
    """
    file = f"{name}.npz"
    path = _archive.find(file, data_dir)
    if path is None:
        load_data = import_module(f"keras.datasets.{name}").load_data
        (x, y), (x_test, y_test) = _archive.download(title, file, load_data)
    else:
        x, y, x_test, y_test = _archive.read(path, KEYS)
    images, labels = _checked(x, y, path or title, len(class_names))
    cut = len(labels) - len(labels) // VALIDATION_PART
    return Dataset(
        name,
        train=(images[:cut], labels[:cut]),
        validation=(images[cut:], labels[cut:]),
        test=_checked(x_test, y_test, path or title, len(class_names)),
        class_names=class_names,
    )


def _checked(images, labels, source, classes):
    """Check the arrays and convert uint8 (N, 28, 28) to float32 (N, 28, 28, 1) in [0, 1]."""
    if (
        images.ndim != 3
        or images.shape[1:] != (28, 28)
        or images.dtype != np.uint8
        or labels.shape != images.shape[:1]
        or not np.issubdtype(labels.dtype, np.integer)
    ):
        raise ValueError(
            f"'{source}' must contain uint8 images (N, 28, 28) with N integer labels; "
            f"received {images.dtype} {images.shape} with {labels.dtype} {labels.shape}."
        )
    if not np.isin(labels, range(classes)).all():
        raise ValueError(
            f"'{source}' must contain labels from 0 to {classes - 1}; "
            f"received {labels.min()} to {labels.max()}."
        )
    return images[..., None].astype(np.float32) / 255, labels.astype(np.int64)
