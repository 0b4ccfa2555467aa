"""MNIST (LeCun, Cortes, Burges): 60,000 + 10,000 handwritten digits of 28x28 pixels."""

import os
import zipfile
import zlib
from pathlib import Path

import numpy as np

from ._dataset import Dataset

FILE = "mnist.npz"  # Keras's file and its keys
KEYS = ("x_train", "y_train", "x_test", "y_test")
VALIDATION_PART = 12  # the last twelfth of the training images, 5,000 of 60,000, is validation
ELSEWHERE = (
    f"give data_dir= or set KERASCNN_DATA to a directory that holds {FILE}, "
    f"or load 'digits', which needs no network"
)


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
    path = _found(data_dir)
    x_train, y_train, x_test, y_test = _downloaded() if path is None else _read(path)
    images, labels = _checked(x_train, y_train, path)
    cut = len(labels) - len(labels) // VALIDATION_PART
    return Dataset(
        "mnist",
        train=(images[:cut], labels[:cut]),
        validation=(images[cut:], labels[cut:]),
        test=_checked(x_test, y_test, path),
        class_names=tuple("0123456789"),
    )


def _found(data_dir):
    """Find the file; `None` says that it must be downloaded."""
    if data_dir is not None:
        path = Path(data_dir) / FILE
        if not path.is_file():
            raise FileNotFoundError(f"data_dir must hold {FILE}; there is none in '{data_dir}'.")
        return path
    if directory := os.environ.get("KERASCNN_DATA"):
        path = Path(directory) / FILE
        if path.is_file():
            return path
    return None


def _read(path):
    try:
        with open(path, "rb") as file:
            archive = np.load(file, allow_pickle=False)
            if not isinstance(archive, np.lib.npyio.NpzFile):
                raise zipfile.BadZipFile("not an .npz archive")
            arrays = {key: archive[key] for key in KEYS if key in archive}
    except (OSError, EOFError, ValueError, zipfile.BadZipFile, zlib.error) as error:
        # NumPy takes what it does not know for a pickle, and says so in a ValueError.
        reason = "not an .npz archive" if isinstance(error, ValueError) else error
        raise OSError(f"'{path}' cannot be read ({reason}): copy or download it again.") from None
    if missing := [key for key in KEYS if key not in arrays]:
        raise ValueError(
            f"'{path}' must hold the arrays {', '.join(KEYS)}; {missing[0]} is missing."
        )
    return [arrays[key] for key in KEYS]


def _downloaded():
    from keras.datasets import mnist

    try:
        (x_train, y_train), (x_test, y_test) = mnist.load_data()
    # Keras raises a bare Exception when it cannot fetch a file (and removes what it began).
    except Exception as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise OSError(f"MNIST could not be downloaded ({reason}): {ELSEWHERE}.") from None
    return x_train, y_train, x_test, y_test


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
