"""Is an ensemble of seven networks better than one? (lecture map, E5; Krizhevsky et al. 2012)."""

from collections.abc import Sequence
from itertools import product

import numpy as np

from kerascnn import datasets

from ._experiment import experiment, followed
from ._handwriting import probabilities, sample, trained


@experiment
def ensemble_of_seven(
    *,
    data: str = "mnist",
    data_dir: str | None = None,
    nets: int = 7,
    images: int = 2_000,
    epochs: int = 10,
    seeds: Sequence[int] = (0, 1, 2),
    verbose: bool | str = "auto",
) -> dict:
    """Train LeNet-5 several times from different weights and average the predictions.

    AlexNet's top-5 error decreased from 18.2% for one network to 16.4% for five, and to 15.4% for
    seven, two of which were pretrained on more photos (Krizhevsky et al. 2012, Table 2). Each seed
    selects different training images, which all of its networks share.

    Args:
        data: Name of a data set of 28x28x1 digits: "mnist" or "digits".
        data_dir: Directory with the file of the data set.
        nets: Number of networks.
        images: Number of training images.
        epochs: Number of epochs.
        seeds: Random seeds of the images, and of weights and shuffling, which differ between
            networks.
        verbose: Whether to show a progress bar; "auto" shows one in a terminal.

    Returns:
        A `Result` with `alone` (seed, net), the accuracy of each network on the test images, from
        0 to 1, and `together` (seed, count), the accuracy of the first 1, 2, … networks.

    Raises:
        ValueError: If the data set has fewer images.

    The result that comes with the package:

    >>> import kerascnn as kc
    >>> kc.experiments.recorded("ensemble_of_seven")["together"].shape
    (3, 7)
    """
    loaded = datasets.load(data, data_dir=data_dir)
    test_images, labels = loaded.part("test")
    scores = np.zeros((len(seeds), nets, len(labels), len(loaded.class_names)))
    for (row, seed), nth in followed(product(enumerate(seeds), range(nets)), verbose):
        train = sample(loaded.train, images, seed)
        run = trained("LeNet-5", train, nets * seed + nth, epochs=epochs, batch_size=32)
        scores[row, nth] = probabilities(run.model, test_images)
    return {"alone": right(scores, labels), "together": right(averaged(scores), labels)}


def averaged(scores):
    """Average the first 1, 2, … networks, as `kerascnn.training.ensemble` does.

    Args:
        scores: Probabilities (seed, net, image, class).
    """
    counts = np.arange(1, scores.shape[1] + 1)[:, None, None]
    return scores.cumsum(axis=1) / counts


def right(scores, labels):
    """Compute accuracies (seed, net) from probabilities (seed, net, image, class)."""
    return (scores.argmax(axis=-1) == labels).mean(axis=-1)
