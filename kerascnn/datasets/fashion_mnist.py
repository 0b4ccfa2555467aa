"""Fashion-MNIST (Xiao 2017, arXiv:1708.07747): 60,000 + 10,000 gray images of clothes."""

from . import _mnist_file
from ._dataset import Dataset

CLASS_NAMES = (  # Table 2
    "T-shirt/top", "trouser", "pullover", "dress", "coat",
    "sandal", "shirt", "sneaker", "bag", "ankle boot",
)  # fmt: skip


def load(*, data_dir=None) -> Dataset:
    """Load Fashion-MNIST from a file, or download it with Keras.

    Args:
        data_dir: Directory with `fashion_mnist.npz`, which has the format of MNIST's file: uint8
            `x_train` (60000, 28, 28) and `x_test`, integer `y_train` and `y_test`. If `None`, it is
            read from the directory specified by the environment variable `KERASCNN_DATA`; if it is
            not there, Keras downloads the data set once (30 MB) and caches it.

    Returns:
        A `Dataset` of 55,000 training, 5,000 validation and 10,000 test images.

    Raises:
        OSError: If the file is missing or damaged, or cannot be downloaded.
        ValueError: If the file has unexpected contents.
    """
    return _mnist_file.load("fashion_mnist", "Fashion-MNIST", CLASS_NAMES, data_dir)
