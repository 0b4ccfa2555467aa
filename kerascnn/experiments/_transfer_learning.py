"""Do features learned from other classes help with few images? (lecture map, E6)."""

from collections.abc import Sequence
from functools import partial

import keras
import numpy as np
from keras.layers import Conv2D, Dense, GlobalAveragePooling2D, MaxPooling2D

from kerascnn import datasets, training

from ._experiment import experiment, first
from ._photographs import trained, trained_briefly

METHODS = ("from scratch", "frozen features", "fine-tuned")
FILTERS = (16, 32, 64, 64)  # of 3x3 convolutions, with 2x2 max-pooling between them
BATCH_SIZE = 25
RATE = 1e-3  # learning rate of Adam; ten times higher if only the new layer is trained


@experiment
def transfer_learning(
    *,
    data: str = "cifar10",
    data_dir: str | None = None,
    counts: Sequence[int] = (5, 10, 20, 50, 100),
    images: int = 8000,
    tests: int = 2500,
    epochs: int = 6,
    steps: int = 200,
    seeds: Sequence[int] = (0, 1, 2),
) -> dict:
    """Learn five classes from few images, from scratch or with features of five other classes.

    A small network is trained on many images of the first half of the classes. Its features are
    then reused for the other half: first frozen, below a new dense layer, then fine-tuned at a
    tenth of the learning rate. From scratch, the same network is trained for as many steps as both
    stages together. See Yosinski et al. 2014 (arXiv:1411.1792).

    Args:
        data: Name of a data set of photos.
        data_dir: Directory with the file of the data set.
        counts: Numbers of training images of each new class; larger sets include the smaller ones.
        images: Number of training images of the first classes.
        tests: Number of test images of the new classes.
        epochs: Number of epochs on the first classes.
        steps: Number of steps with frozen features, and again for fine-tuning; a batch has 25
            images.
        seeds: Random seeds of weights, shuffling and the selection of images.

    Returns:
        A `Result` with `accuracy` (method, count, seed) on test images of the new classes, from 0
        to 1; `base_accuracy` (seed,) on test images of the first classes; `methods` and `counts`,
        the labels of the axes; `base_classes` and `classes`, the names of the first and of the new
        classes.

    Raises:
        ValueError: If the data set has fewer images.

    The result that comes with the package:

    >>> import kerascnn as kc
    >>> kc.experiments.recorded("transfer_learning")["accuracy"].shape
    (3, 5, 3)
    """
    loaded = datasets.load(data, data_dir=data_dir)
    half = len(loaded.class_names) // 2
    old, new = range(half), range(half, len(loaded.class_names))
    many = first("images", images, of_classes(loaded.train, old))
    unseen = of_classes(loaded.train, new)
    few_of_each(unseen, max(counts), 0)  # check the counts first
    old_test, test = (first("tests", tests, of_classes(loaded.part("test"), c)) for c in (old, new))
    accuracy = np.zeros((len(METHODS), len(counts), len(seeds)))
    base_accuracy = np.zeros(len(seeds))
    for nth, seed in enumerate(seeds):
        build = partial(net, many[0].shape[1:], len(old))
        base = trained_briefly(build, many, seed=seed, epochs=epochs, learning_rate=3e-3).model
        base_accuracy[nth] = training.evaluate(base, old_test).accuracy
        for column, count in enumerate(counts):
            few = few_of_each(unseen, count, seed)
            for row, model in enumerate(learners(base, few, len(new), steps, seed)):
                accuracy[row, column, nth] = training.evaluate(model, test).accuracy
    return {
        "accuracy": accuracy,
        "base_accuracy": base_accuracy,
        "methods": list(METHODS),
        "counts": list(counts),
        "base_classes": [loaded.class_names[c] for c in old],
        "classes": [loaded.class_names[c] for c in new],
    }


def learners(base, part, classes, steps, seed):
    """Train with each of `METHODS` in turn; the last one continues from the previous one."""
    batch_size = min(BATCH_SIZE, len(part[1]))
    epochs = max(1, steps // -(-len(part[1]) // batch_size))
    learn = partial(trained, part=part, seed=seed, batch_size=batch_size)
    build = partial(net, base.input_shape[1:], classes)
    yield learn(build, epochs=2 * epochs, learning_rate=RATE).model
    model = training.transfer(copied(base), classes)
    yield learn(lambda: model, epochs=epochs, learning_rate=10 * RATE).model
    yield learn(lambda: training.unfreeze(model), epochs=epochs, learning_rate=RATE).model


def net(shape, classes):
    """Build convolutions with max-pooling, global average pooling and a dense layer."""
    inputs = keras.Input(shape)
    x = inputs
    for nth, filters in enumerate(FILTERS):
        x = MaxPooling2D(2)(x) if nth else x
        x = Conv2D(filters, 3, padding="same", activation="relu")(x)
    x = GlobalAveragePooling2D()(x)
    return keras.Model(inputs, Dense(classes, activation="softmax")(x))


def copied(model):
    """Copy a model with its weights, so that fine-tuning does not modify the original."""
    twin = keras.models.clone_model(model)
    twin.set_weights(model.get_weights())
    return twin


def of_classes(part, classes):
    """Select the images of some classes, with labels that start at 0."""
    images, labels = part
    rows = np.flatnonzero(np.isin(labels, classes))
    return images[rows], labels[rows] - classes[0]


def few_of_each(part, count, seed):
    """Draw the same number of images of each class; larger sets include smaller ones.

    Raises:
        ValueError: If a class has fewer images.
    """
    images, labels = part
    fewest = np.bincount(labels).min()
    if not 1 <= count <= fewest:
        raise ValueError(
            f"counts must be from 1 to {fewest}, the size of the smallest class; received {count}."
        )
    order = np.random.default_rng(seed).permutation(len(labels))
    rows = np.concatenate([order[labels[order] == c][:count] for c in np.unique(labels)])
    return images[rows], labels[rows]
