"""Loading a data set by name."""

import inspect
from importlib import import_module
from os import PathLike
from typing import Any

from kerascnn._errors import unknown

from ._dataset import Dataset

# A data set is a module of this package with a function `load(*, data_dir=None, …) -> Dataset`. It
# is imported on first use, so that the digits need neither Keras nor TensorFlow.
NAMES = (
    "digits", "mnist", "fashion_mnist", "cifar10", "shapes", "cells", "boxes", "nuclei",
    "brain_tissue",
)  # fmt: skip


def names() -> list[str]:
    """List the names of the data sets that `load` accepts.

    >>> names()[:4]
    ['digits', 'mnist', 'fashion_mnist', 'cifar10']
    """
    return list(NAMES)


def load(name: str, *, data_dir: str | PathLike | None = None, **options: Any) -> Dataset:
    """Load a data set of images, `(N, H, W, C)` float32 in [0, 1], and labels.

    | name | images | source |
    | --- | --- | --- |
    | `"digits"` | 1,797 of 28x28x1; with `raw=True`, the original 8x8x1 | scikit-learn, offline |
    | `"mnist"` | 70,000 of 28x28x1 | file or download |
    | `"fashion_mnist"` | 70,000 of 28x28x1: clothes | file or download |
    | `"cifar10"` | 60,000 of 32x32x3 | file or download |
    | `"shapes"` | 32x32x3: a circle, square, triangle, star, cross or ring | synthetic |
    | `"cells"` | 128x128x1: cells that touch; labels are masks `(N, 128, 128)` | synthetic |
    | `"boxes"` | 112x112x3: up to 5 shapes; labels are their boxes `(N, 5, 5)` | synthetic |
    | `"nuclei"` | 4 of 256x256x1: nuclei; labels are masks | extra `medical`, offline |
    | `"brain_tissue"` | 240x208x1: slices of a brain; labels are masks | extra `medical`, offline |

    Synthetic data sets have options, such as `count=`, `size=`, `noise=` and `seed=`; the same
    options always produce the same images. To load your own images, see
    `kerascnn.datasets.from_directory`.

    Args:
        name: One of `names()`.
        data_dir: Directory with the file of the data set, such as `mnist.npz`. If `None`, the file
            is read from the directory specified by the environment variable `KERASCNN_DATA`; if it
            is not there, Keras downloads it.
        **options: Options of this data set, such as `raw=True` for `"digits"` or `count=200` for
            `"cells"`; see `load` in the module of the same name.

    Returns:
        A `Dataset` with `.train`, `.validation`, `.test` (each `(images, labels)`) and
        `.class_names`. Labels are class indices `(N,)` unless the table says otherwise.

    Raises:
        ValueError: If the name or an option is unknown, or the file has unexpected contents.
        OSError: If the file is missing or cannot be read or downloaded.
        ImportError: If the package that includes the images is not installed.

    >>> digits = load("digits")
    >>> digits
    <Dataset 'digits': 719 train, 180 validation, 898 test; 28x28x1, 10 classes>
    >>> images, labels = digits.train
    >>> images.shape, images.dtype.name, labels[:5].tolist()
    ((719, 28, 28, 1), 'float32', [0, 1, 2, 3, 4])
    """
    if name not in NAMES:
        raise unknown("name", name, NAMES)
    loader = import_module(f".{name}", __package__).load
    taken = [option for option in inspect.signature(loader).parameters if option != "data_dir"]
    for option in options:
        if not taken:
            raise ValueError(f"{name!r} takes no options besides data_dir; received {option!r}.")
        if option not in taken:
            raise unknown(f"an option of {name!r}", option, taken)
    return loader(data_dir=data_dir, **options)
