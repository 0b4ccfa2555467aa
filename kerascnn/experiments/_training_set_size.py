"""What does a linear model look like that saw few images? (lecture map, A3)."""

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
    """Fit logistic regression to a training set and to a part of it, and look at the weights.

    Each class has one weight for each pixel: a picture. Fewer images leave more of their
    accidents in it. All start from zero, so that no noise is there from the beginning, and take
    the same number of steps: a part of the images is passed over more often.

    Args:
        data: A data set of 28x28x1 digits: "mnist" or "digits".
        data_dir: A folder with the data set's file.
        images: The size of the training set.
        parts: Of the training set, 0 to 1.
        epochs: Passes over the whole set.
        shown: The class whose pictures are kept.
        seeds: Of the training set and the order of its images.
        verbose: Whether a progress bar is shown; "auto": on a terminal.

    Returns:
        A `Result` with `accuracy` (part, seed) of the test images and `training_accuracy` (part,
        seed), 0 to 1; `total_variation` (part, seed, class) of the pictures, in units of their
        sum of absolute weights; `pictures` (part, 28, 28) of the first seed, and `images` (part).

    Raises:
        ValueError: Fewer images in the data set; a part or a class that there is not.
    """
    for part in parts:
        must(0 < part <= 1, "parts", "above 0 and at most 1", part)
    loaded = datasets.load(data, data_dir=data_dir)
    must(shown < len(loaded.class_names), "shown", "a class, 0 to 9", shown)
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
        right[:, row, nth] = accuracy(model, loaded.test), accuracy(model, few)
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
    """How much neighbouring pixels differ, for each unit of absolute value; (N, H, W) to (N,).

    >>> float(total_variation(np.array([[[1.0, 2.0], [1.0, 0.0]]]))[0])  # (1 + 1 + 0 + 2) / 4
    1.0
    """
    down, across = np.diff(pictures, axis=1), np.diff(pictures, axis=2)
    differences = np.abs(down).sum(axis=(1, 2)) + np.abs(across).sum(axis=(1, 2))
    return differences / np.abs(pictures).sum(axis=(1, 2))
