"""Does a network take every kind of shortcut? (lecture map, F6)."""

from collections.abc import Sequence
from itertools import product

import numpy as np

from kerascnn._checks import check_number

from ._experiment import experiment, followed
from ._explainers import two_classes
from ._planting import SHORTCUTS, check_planting
from ._shortcuts import CONDITIONS, trained_with, under_conditions


@experiment
def three_shortcuts(
    *,
    data: str = "cifar10",
    data_dir: str | None = None,
    classes: Sequence[int] = (3, 7),
    shortcuts: Sequence[str] = SHORTCUTS,
    reliabilities: Sequence[float] = (0.5, 1.0),
    images: int = 1000,
    tests: int = 500,
    epochs: int = 6,
    learning_rate: float = 5e-3,
    tag_size: int = 6,
    seeds: Sequence[int] = (0, 1, 2),
    verbose: bool | str = "auto",
) -> dict:
    """Measure the accuracy of a network that learned with a tag, a ruler or a color cast.

    The networks, their training and the shortcuts are those of `shortcuts`. A ruler in
    photos of skin moves the answers of networks (Winkler et al. 2019,
    doi:10.1001/jamadermatol.2019.1735), and so does the light in which they are taken.

    Args:
        data: Name of a data set of RGB images.
        data_dir: Directory with the file of the data set.
        classes: Indices of two classes; the second gets the shortcut.
        shortcuts: Shortcuts to plant: "tag", "ruler" and "color cast".
        reliabilities: Shares of the second class with the shortcut, from 0.5 to 1.
        images: Number of training images of each class.
        tests: Number of test images of each class.
        epochs: Number of epochs.
        learning_rate: Initial learning rate of Adam, with a cosine schedule.
        tag_size: Height and width of the tag in pixels.
        seeds: Random seeds of weights, shuffling and the images with the shortcut.
        verbose: Whether to show a progress bar; "auto" shows one in a terminal.

    Returns:
        A `Result` with `accuracy` (shortcut, reliability, condition, seed) on test images of both
        classes, from 0 to 1; NaN for a color cast elsewhere, since it has no place. `shortcuts`,
        `reliabilities` and `conditions`, the labels of the axes; `classes`, their names.

    Raises:
        ValueError: If a reliability is not from 0.5 to 1, the tag does not fit into the images,
            gray images cannot have a color cast, or there are too few images.

    >>> import kerascnn as kc
    >>> kc.experiments.recorded("three_shortcuts")["accuracy"].shape
    (3, 2, 4, 3)
    """
    for one in reliabilities:
        check_number("reliabilities", one, 0.5, 1)
    train, test, names = two_classes(data, data_dir, classes, images, tests)
    for shortcut in shortcuts:
        check_planting(shortcut, train[0].shape[1:], tag_size)
    shape = (len(shortcuts), len(reliabilities), len(CONDITIONS), len(seeds))
    accuracy = np.zeros(shape)
    steps = product(enumerate(shortcuts), enumerate(reliabilities), enumerate(seeds))
    for (row, shortcut), (column, reliability), (nth, seed) in followed(steps, verbose):
        model, _mask = trained_with(
            shortcut, reliability, train,
            tag_size=tag_size, seed=seed, epochs=epochs, learning_rate=learning_rate,
        )  # fmt: skip
        accuracy[row, column, :, nth] = under_conditions(model, shortcut, test, tag_size)
    return {
        "accuracy": accuracy,
        "shortcuts": list(shortcuts),
        "reliabilities": list(reliabilities),
        "conditions": list(CONDITIONS),
        "classes": names,
    }
