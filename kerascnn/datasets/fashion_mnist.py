"""Fashion-MNIST (Xiao 2017, arXiv:1708.07747): 60,000 + 10,000 grey pictures of clothes."""

from . import _mnist_file
from ._dataset import Dataset

CLASS_NAMES = (  # Table 2
    "T-shirt/top", "trouser", "pullover", "dress", "coat",
    "sandal", "shirt", "sneaker", "bag", "ankle boot",
)  # fmt: skip


def load(*, data_dir=None) -> Dataset:
    """Load Fashion-MNIST from a directory or by Keras's download.

    Args:
        data_dir: A directory with `fashion_mnist.npz`, made like MNIST's file: uint8 `x_train`
            (60000, 28, 28) and `x_test`, integer `y_train` and `y_test`; `None`: that of
            `KERASCNN_DATA` if it holds the file, else Keras downloads the set once (30 MB) and
            keeps it in its cache.

    Returns:
        A `Dataset` of 55,000 training, 5,000 validation and 10,000 test images.

    Raises:
        OSError: The file is missing or damaged, or there is no network.
        ValueError: The file holds something else.
    """
    return _mnist_file.load("fashion_mnist", "Fashion-MNIST", CLASS_NAMES, data_dir)
