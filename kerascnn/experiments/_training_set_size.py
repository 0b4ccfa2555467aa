"""What does a linear model look like if it is trained on few images? (lecture map, A3)."""

from collections.abc import Sequence
from itertools import product

import numpy as np

from kerascnn import datasets, models, training, visualize

from ._experiment import experiment, followed, must
from ._handwriting import accuracy, sample

RECIPE = {"optimizer": "sgd", "momentum": 0.0, "learning_rate": 0.1, "batch_size": 50}


@experiment
def training_set_size(
    *,
    data: str = "mnist",
    data_dir: str | None = None,
    images: int = 4_000,
    parts: Sequence[float] = (1, 0.25),
    epochs: int = 20,
    shown: int = 3,
    seeds: Sequence[int] = (0, 1, 2),
    verbose: bool | str = "auto",
) -> dict:
    """Fit logistic regression to a training set and to parts of it, and compare the weights.

    Each class has one weight for each pixel, so its weights form an image. The fewer training
    images there are, the more of their individual details remain in it. The weights are initialized
    to zero, so that they contain no initial noise, and all models are trained for the same number
    of steps, which means more epochs on smaller parts.

    Args:
        data: Name of a data set of 28x28x1 digits: "mnist" or "digits".
        data_dir: Directory with the file of the data set.
        images: Size of the training set.
        parts: Fractions of the training set, from 0 to 1.
        epochs: Number of epochs on the whole training set.
        shown: Class whose weights are returned as `pictures`.
        seeds: Random seeds of the training set and of shuffling.
        verbose: Whether to show a progress bar; "auto" shows one in a terminal.

    Returns:
        A `Result` with `accuracy` (part, seed) on the test images and `training_accuracy` (part,
        seed), from 0 to 1; `total_variation` (part, seed, class) of the weights, relative to the
        sum of their absolute values; `pictures` (part, 28, 28), the weights for the first seed; and
        `images` (part), the numbers of training images.

    Raises:
        ValueError: If the data set has fewer images, or a part or class is out of range.

    The result that comes with the package:

    >>> import kerascnn as kc
    >>> kc.experiments.recorded("training_set_size")["accuracy"].shape
    (2, 3)
    """
    for part in parts:
        must(0 < part <= 1, "parts", "above 0 and at most 1", part)
    loaded = datasets.load(data, data_dir=data_dir)
    must(shown < len(loaded.class_names), "shown", "a class, from 0 to 9", shown)
    right = np.zeros((2, len(parts), len(seeds)))
    variation = np.zeros((len(parts), len(seeds), len(loaded.class_names)))
    pictures = [None] * len(parts)
    counts = [round(images * part) for part in parts]
    steps = product(enumerate(seeds), enumerate(counts))
    for (nth, seed), (row, count) in followed(steps, verbose):
        whole = sample(loaded.train, images, seed)
        few = tuple(array[:count] for array in whole)
        model = models.build("logistic_regression")
        model.set_weights([np.zeros_like(array) for array in model.get_weights()])
        training.train(
            model, few, **RECIPE, epochs=round(epochs * images / count), seed=seed, verbose=0
        )
        templates = visualize.weight_templates(model)[..., 0]
        right[:, row, nth] = accuracy(model, loaded.part("test")), accuracy(model, few)
        variation[row, nth] = total_variation(templates)
        if nth == 0:
            pictures[row] = templates[shown].round(3)
    return {
        "accuracy": right[0],
        "training_accuracy": right[1],
        "total_variation": variation,
        "pictures": pictures,
        "images": counts,
    }


def total_variation(pictures):
    """Compute the total variation of images (N, H, W), relative to their absolute sum, (N,).

    >>> float(total_variation(np.array([[[1.0, 2.0], [1.0, 0.0]]]))[0])  # (1 + 1 + 0 + 2) / 4
    1.0
    """
    down, across = np.diff(pictures, axis=1), np.diff(pictures, axis=2)
    differences = np.abs(down).sum(axis=(1, 2)) + np.abs(across).sum(axis=(1, 2))
    return differences / np.abs(pictures).sum(axis=(1, 2))
