"""Are seven networks together better than one? (lecture map, E5; Krizhevsky et al. 2012)."""

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
    """Train LeNet-5 several times from other weights, and average what the networks say.

    AlexNet's top-5 error fell from 18.2 % for one net to 16.4 % for five, and to 15.4 % for seven
    of which two had learnt from more photos (Krizhevsky et al. 2012, Table 2). Each seed draws
    other training digits, the same for all of its networks.

    Args:
        data: A data set of 28x28x1 digits: "mnist" or "digits".
        data_dir: A folder with the data set's file.
        nets: How many networks.
        images: How many to train on.
        epochs: Passes over them.
        seeds: Of the images, and of weights and order, which differ from net to net.
        verbose: Whether a progress bar is shown; "auto": on a terminal.

    Returns:
        A `Result` with `alone` (seed, net), the accuracy of each network on the test images, 0 to
        1, and `together` (seed, count), that of the first 1, 2, … of them.

    Raises:
        ValueError: Fewer images in the data set.
    """
    loaded = datasets.load(data, data_dir=data_dir)
    test_images, labels = loaded.test
    scores = np.zeros((len(seeds), nets, len(labels), len(loaded.class_names)))
    for (row, seed), nth in followed(product(enumerate(seeds), range(nets)), verbose):
        train = sample(loaded.train, images, seed)
        run = trained("LeNet-5", train, nets * seed + nth, epochs=epochs, batch_size=32)
        scores[row, nth] = probabilities(run.model, test_images)
    return {"alone": right(scores, labels), "together": right(averaged(scores), labels)}


def averaged(scores):
    """What the first 1, 2, … nets say together, as `kerascnn.training.ensemble` has it.

    Args:
        scores: Probabilities (seed, net, image, class).
    """
    counts = np.arange(1, scores.shape[1] + 1)[:, None, None]
    return scores.cumsum(axis=1) / counts


def right(scores, labels):
    """The part of the images in the right class; (seed, net, image, class) to (seed, net)."""
    return (scores.argmax(axis=-1) == labels).mean(axis=-1)
