"""MNIST (LeCun, Cortes, Burges): 60,000 + 10,000 handwritten digits of 28x28 pixels."""

from . import _mnist_file
from ._dataset import Dataset

CLASS_NAMES = tuple("0123456789")


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
    return _mnist_file.load("mnist", "MNIST", CLASS_NAMES, data_dir)
