"""CIFAR-10 (Krizhevsky 2009): 50,000 + 10,000 color images of 32x32 pixels in ten classes."""

import io
from itertools import pairwise

import numpy as np
from PIL import Image

from . import _archive
from ._dataset import Dataset

FILE = "cifar10_jpeg.npz"
KEYS = tuple(f"{what}_{part}" for part in ("train", "test") for what in ("jpeg", "offset", "y"))
SHAPE = (32, 32, 3)
CLASS_NAMES = (
    "airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck",
)  # fmt: skip
VALIDATION_PART = 10  # the last tenth: "a 45k/5k train/validation split" (He 2015, section 4.2)


def load(*, data_dir=None) -> Dataset:
    """Load CIFAR-10 from a file, or download it with Keras.

    Args:
        data_dir: Directory with `cifar10_jpeg.npz`, which contains the images as concatenated
            JPEGs: training image i is the bytes of `jpeg_train` from `offset_train[i]` to
            `offset_train[i + 1]` and has class `y_train[i]`; likewise for `test`. The compression
            changes pixels slightly. If `None`, the file is read from the directory specified by
            the environment variable `KERASCNN_DATA`; if it is not there, Keras downloads the
            original data set once (170 MB) and caches it.

    Returns:
        A `Dataset` of 45,000 training, 5,000 validation and 10,000 test images.

    Raises:
        OSError: If the file is missing or damaged, or cannot be downloaded.
        ValueError: If the file has unexpected contents.
    """
    path = _archive.find(FILE, data_dir)
    train, test = _downloaded() if path is None else _read(path)
    images, labels = train
    cut = len(labels) - len(labels) // VALIDATION_PART
    return Dataset(
        "cifar10",
        train=(images[:cut], labels[:cut]),
        validation=(images[cut:], labels[cut:]),
        test=test,
        class_names=CLASS_NAMES,
    )


def _downloaded():
    from keras.datasets import cifar10

    parts = _archive.download("CIFAR-10", FILE, cifar10.load_data)
    return [
        (images.astype(np.float32) / 255, labels.ravel().astype(np.int64))
        for images, labels in parts
    ]


def _read(path):
    jpeg, offset, labels, *of_test = _archive.read(path, KEYS)
    jpeg_test, offset_test, labels_test = of_test
    return [
        _decoded(jpeg, offset, labels, path),
        _decoded(jpeg_test, offset_test, labels_test, path),
    ]


def _decoded(jpeg, offset, labels, path):
    """Check the arrays of one split and decode its images to float32 in [0, 1]."""
    if (
        jpeg.dtype != np.uint8
        or offset.shape != (len(labels) + 1,)
        or not np.issubdtype(labels.dtype, np.integer)
        or not np.isin(labels, range(len(CLASS_NAMES))).all()
    ):
        raise ValueError(
            f"'{path}' must contain uint8 JPEG bytes with N + 1 offsets and N labels of 0 to 9; "
            f"received {jpeg.dtype} with {len(offset)} offsets and {len(labels)} labels."
        )
    images = np.empty((len(labels), *SHAPE), np.float32)
    data = jpeg.tobytes()
    for i, (start, stop) in enumerate(pairwise(offset)):
        try:
            with Image.open(io.BytesIO(data[start:stop])) as image:
                images[i] = np.asarray(image.convert("RGB"))
        except (OSError, ValueError) as error:  # damaged, or of the wrong size
            raise _archive.damaged(path, f"image {i}: {error}") from None
    images /= 255
    return images, labels.astype(np.int64)
