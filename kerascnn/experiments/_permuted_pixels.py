"""Does a network use that pixels are neighbours? (lecture map, A11)."""

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
    """Train an MLP and LeNet-5 on digits, and on the same digits with all pixels shuffled.

    One permutation for all images, drawn from the seed. For a dense layer the order of its inputs
    does not matter; a convolution looks for patterns of neighbours.

    Args:
        data: A data set of 28x28x1 digits: "mnist" or "digits".
        data_dir: A folder with the data set's file.
        images: How many to train on.
        epochs: Passes over them.
        seeds: Of the images, the permutation, the weights and their order in training.
        verbose: Whether a progress bar is shown; "auto": on a terminal.

    Returns:
        A `Result` with `accuracy` (net, pixels, seed) of the test images, 0 to 1, `nets` and
        `pixels`, the names of the first two axes.

    Raises:
        ValueError: Fewer images in the data set.
    """
    loaded = datasets.load(data, data_dir=data_dir)
    right = np.zeros((len(NETS), 2, len(seeds)))
    steps = product(enumerate(seeds), enumerate(NETS), enumerate((False, True)))
    for (nth, seed), (row, net), (column, permuted) in followed(steps, verbose):
        parts = sample(loaded.train, images, seed), loaded.test
        if permuted:
            order = np.random.default_rng(seed).permutation(parts[0][0][0].size)
            parts = [(shuffled(these, order), labels) for these, labels in parts]
        train, test = parts
        model = trained(net, train, seed, epochs=epochs).model
        right[row, column, nth] = accuracy(model, test)
    return {"accuracy": right, "nets": list(NETS), "pixels": ["in place", "permuted"]}


def shuffled(images, order):
    """Put the pixels of all images into another order; (N, H, W, C)."""
    return images.reshape(len(images), -1)[:, order].reshape(images.shape)
