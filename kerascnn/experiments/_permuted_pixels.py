"""Does a network make use of the order of pixels? (lecture map, A11)."""

from collections.abc import Sequence
from itertools import product

import numpy as np

from kerascnn import datasets

from ._experiment import experiment, followed
from ._handwriting import NETS, accuracy, sample, trained


@experiment
def permuted_pixels(
    *,
    data: str = "mnist",
    data_dir: str | None = None,
    images: int = 10_000,
    epochs: int = 5,
    seeds: Sequence[int] = (0, 1, 2),
    verbose: bool | str = "auto",
) -> dict:
    """Train an MLP and LeNet-5 on digits, and on the same digits with their pixels permuted.

    The random permutation is the same for all images. The order of its inputs does not matter to a
    dense layer, whereas a convolution relies on patterns of neighboring pixels.

    Args:
        data: Name of a data set of 28x28x1 digits: "mnist" or "digits".
        data_dir: Directory with the file of the data set.
        images: Number of training images.
        epochs: Number of epochs.
        seeds: Random seeds of the images, the permutation, the weights and shuffling.
        verbose: Whether to show a progress bar; "auto" shows one in a terminal.

    Returns:
        A `Result` with `accuracy` (net, pixels, seed) on the test images, from 0 to 1; `nets` and
        `pixels`, the labels of the first two axes.

    Raises:
        ValueError: If the data set has fewer images.

    The result that comes with the package:

    >>> import kerascnn as kc
    >>> kc.experiments.recorded("permuted_pixels")["accuracy"].shape
    (2, 2, 3)
    """
    loaded = datasets.load(data, data_dir=data_dir)
    right = np.zeros((len(NETS), 2, len(seeds)))
    steps = product(enumerate(seeds), enumerate(NETS), enumerate((False, True)))
    for (nth, seed), (row, net), (column, permuted) in followed(steps, verbose):
        train, test = sample(loaded.train, images, seed), loaded.part("test")
        if permuted:
            order = np.random.default_rng(seed).permutation(train[0][0].size)
            train, test = ((shuffled(these, order), labels) for these, labels in (train, test))
        model = trained(net, train, seed, epochs=epochs).model
        right[row, column, nth] = accuracy(model, test)
    return {"accuracy": right, "nets": list(NETS), "pixels": ["in place", "permuted"]}


def shuffled(images, order):
    """Permute the pixels of all images (N, H, W, C)."""
    return images.reshape(len(images), -1)[:, order].reshape(images.shape)
