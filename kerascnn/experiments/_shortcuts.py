"""Which methods show a shortcut that a network has learned? (lecture map, F6)."""

from collections.abc import Sequence
from itertools import product

import numpy as np

from kerascnn import visualize
from kerascnn._checks import check_choice, check_number

from ._experiment import experiment, followed, must
from ._explainers import METHODS, methods_by_name, net, probabilities, two_classes
from ._photographs import trained_briefly
from ._planting import SHORTCUTS, check_planting, given_away, plant

CONDITIONS = ("with", "without", "elsewhere", "other class")


@experiment
def shortcuts(
    *,
    data: str = "cifar10",
    data_dir: str | None = None,
    classes: Sequence[int] = (3, 7),
    shortcut: str = "tag",
    reliabilities: Sequence[float] = (0.5, 0.7, 0.8, 0.9, 1.0),
    methods: Sequence[str] = METHODS,
    images: int = 1000,
    tests: int = 500,
    explained: int = 16,
    epochs: int = 6,
    learning_rate: float = 5e-3,
    tag_size: int = 6,
    seeds: Sequence[int] = (0, 1, 2),
    verbose: bool | str = "auto",
) -> dict:
    """Plant a shortcut in the images of a class, and see whether heatmaps show it.

    A small network learns to tell two classes apart. In a share of the images of the second class,
    the reliability, and in the rest of the first, there is also a shortcut: a tag in a corner, as
    on radiographs; a ruler along an edge, as in photos of skin; or a color cast. With a
    reliability of 0.5, the shortcut says nothing about the class; with 1, it is all that the
    network needs. All heatmaps explain test images of the second class with the shortcut. See
    Lapuschkin et al. 2019 (doi:10.1038/s41467-019-08987-4) and Zech et al. 2018
    (doi:10.1371/journal.pmed.1002683).

    Args:
        data: Name of a data set of images.
        data_dir: Directory with the file of the data set.
        classes: Indices of two classes; the second gets the shortcut.
        shortcut: Shortcut to plant: "tag", "ruler" or "color cast".
        reliabilities: Shares of the second class with the shortcut, from 0.5 to 1.
        methods: Names of methods of `kerascnn.visualize` that explain convolutional networks.
        images: Number of training images of each class.
        tests: Number of test images of each class.
        explained: Number of test images to explain.
        epochs: Number of epochs.
        learning_rate: Initial learning rate of Adam, with a cosine schedule.
        tag_size: Height and width of the tag in pixels.
        seeds: Random seeds of weights, shuffling, the images with the shortcut, and methods.
        verbose: Whether to show a progress bar; "auto" shows one in a terminal.

    Returns:
        A `Result` with `accuracy` (condition, reliability, seed) on test images of both classes,
        from 0 to 1; `reliance` (reliability, seed), by how much the shortcut raises the probability
        of the second class; `mass` and `rank` (method, reliability, seed), the attribution mass in
        the shortcut's mask and the rank accuracy; a color cast has no mask, and NaN. `area`, the
        part of the image that the mask covers; `methods`, `conditions` and `reliabilities`, the
        labels of the axes; `classes`, their names.

    Raises:
        ValueError: If a reliability is not from 0.5 to 1, the tag does not fit into the images,
            gray images cannot have a color cast, or there are too few images.

    >>> import kerascnn as kc
    >>> kc.experiments.recorded("shortcuts")["accuracy"].shape
    (4, 5, 3)
    """
    check_choice("shortcut", shortcut, SHORTCUTS)
    for one in reliabilities:
        check_number("reliabilities", one, 0.5, 1)
    train, test, names = two_classes(data, data_dir, classes, images, tests)
    must(explained <= tests, "explained", f"at most {tests}, the number of tests", explained)
    check_planting(shortcut, train[0].shape[1:], tag_size)
    runs = (len(reliabilities), len(seeds))
    accuracy, reliance = np.zeros((len(CONDITIONS), *runs)), np.zeros(runs)
    mass, rank = np.full((2, len(methods), *runs), np.nan)
    shown = net(train[0].shape[1:])  # one model, so that methods are compiled once
    explainers = methods_by_name(methods, train[0][:: max(1, len(train[0]) // 100)])
    steps = product(enumerate(reliabilities), enumerate(seeds))
    for (row, reliability), (nth, seed) in followed(steps, verbose):
        model, mask = trained_with(
            shortcut, reliability, train,
            tag_size=tag_size, seed=seed, epochs=epochs, learning_rate=learning_rate,
        )  # fmt: skip
        accuracy[:, row, nth] = under_conditions(model, shortcut, test, tag_size)
        second = test[0][test[1] == 1]
        with_it = plant(shortcut, second, tag_size=tag_size)[0]
        reliance[row, nth] = np.mean(probabilities(model, with_it) - probabilities(model, second))
        if mask.all():  # a color cast: every map is inside
            continue
        shown.set_weights(model.get_weights())
        table = visualize.evaluate(
            explainers,
            shown,
            with_it[:explained],
            ["attribution_mass", "rank_accuracy"],
            target=1,
            masks=np.repeat(mask[None], explained, axis=0),
            seeds=(seed,),
            verbose=False,
        )
        for place, method in enumerate(methods):
            mass[place, row, nth] = table.mean(method, "attribution_mass")
            rank[place, row, nth] = table.mean(method, "rank_accuracy")
    return {
        "accuracy": accuracy,
        "reliance": reliance,
        "mass": mass.round(3),
        "rank": rank.round(3),
        "area": mask.mean(),
        "methods": list(methods),
        "conditions": list(CONDITIONS),
        "reliabilities": list(reliabilities),
        "classes": names,
    }


def trained_with(shortcut, reliability, train, *, tag_size, seed, **options):
    """Train the network on images with a shortcut; return it, and where the shortcut is."""
    images, labels = train
    where = given_away(labels, reliability, np.random.default_rng(seed))
    planted, mask = plant(shortcut, images, where, tag_size=tag_size)
    run = trained_briefly(lambda: net(images.shape[1:]), (planted, labels), seed=seed, **options)
    return run.model, mask


def under_conditions(model, shortcut, test, tag_size):
    """Compute the accuracy under each of `CONDITIONS`; NaN for a color cast elsewhere."""
    images, labels = test

    def accuracy(where, place="in place"):
        seen = plant(shortcut, images, where, place=place, tag_size=tag_size)[0]
        return np.mean((probabilities(model, seen) > 0.5) == labels)

    second = labels == 1
    moved = np.nan if shortcut == "color cast" else accuracy(second, "elsewhere")
    return accuracy(second), accuracy(False), moved, accuracy(~second)
