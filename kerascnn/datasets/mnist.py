"""MNIST (LeCun, Cortes, Burges): 60,000 + 10,000 handwritten digits of 28x28 pixels."""

from . import _mnist_file
from ._credit import Credit
from ._dataset import Dataset

# as Keras's documentation says
CREDIT = Credit("Y. LeCun and C. Cortes", "CC BY-SA 3.0", "https://keras.io/api/datasets/mnist/")
CLASS_NAMES = tuple("0123456789")


def load(*, data_dir=None) -> Dataset:
    """Load MNIST from a file, or download it with Keras.

    Args:
        data_dir: Directory with `mnist.npz`. If `None`, the file is read from the directory
            specified by the environment variable `KERASCNN_DATA`; if it is not there, Keras
            downloads it once (11 MB) and caches it.

    Returns:
        A `Dataset` of 55,000 training, 5,000 validation and 10,000 test images.

    Raises:
        OSError: If the file is missing or damaged, or cannot be downloaded.
        ValueError: If the file has unexpected contents.
    """
    return _mnist_file.load("mnist", "MNIST", CLASS_NAMES, data_dir)
