"""Load a data set by its name."""

import inspect
from importlib import import_module
from os import PathLike

from kerascnn._errors import unknown

from ._dataset import Dataset

# A data set is a module here with `load(*, data_dir=None, …) -> Dataset`; it is imported on first
# use, so that the digits need neither Keras nor TensorFlow.
NAMES = ("digits", "mnist", "fashion_mnist", "cifar10", "shapes", "cells", "boxes")


def names() -> list[str]:
    """List what `load` can load.

    >>> names()
    ['digits', 'mnist', 'fashion_mnist', 'cifar10', 'shapes', 'cells', 'boxes']
    """
    return list(NAMES)


def load(name: str, *, data_dir: str | PathLike | None = None, **options) -> Dataset:
    """Load a data set: images `(N, H, W, C)` float32 in [0, 1] and their labels.

    | name | images | from |
    | --- | --- | --- |
    | `"digits"` | 1,797 of 28x28x1 | scikit-learn, offline; `raw=True` gives its own 8x8x1 |
    | `"mnist"` | 70,000 of 28x28x1 | `data_dir`, else `$KERASCNN_DATA`, else Keras's download |
    | `"fashion_mnist"` | 70,000 of 28x28x1: clothes | likewise |
    | `"cifar10"` | 60,000 of 32x32x3 | likewise |
    | `"shapes"` | of 32x32x3: one circle, square, triangle, star, cross or ring | made here |
    | `"cells"` | of 128x128x1: cells that touch; labels are masks `(N, 128, 128)` | made here |
    | `"boxes"` | of 112x112x3: up to 5 shapes; labels are their boxes `(N, 5, 5)` | made here |

    What is made here has options, such as `count=`, `size=`, `noise=` and `seed=`, and is the same
    for the same options. `kerascnn.datasets.from_directory` takes pictures of your own.

    Args:
        name: One of `names()`.
        data_dir: A directory that holds the data set's file, such as `mnist.npz`. `None`: the
            directory that the environment variable `KERASCNN_DATA` names, else a download.
        **options: What that data set alone takes, such as `raw=True` of `"digits"` or `count=200`
            of `"cells"`; see `load` in the module of its name.

    Returns:
        A `Dataset` with `.train`, `.validation`, `.test` (each `(images, labels)`), `.class_names`.
        Labels are class indices `(N,)` unless the table says more.

    Raises:
        ValueError: A name or an option that there is not, or a file with other contents.
        OSError: A file that is missing or cannot be read, or no network to download it.

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
