"""Shrink the maps by strides or by pooling? (lecture map, C5)."""

from collections.abc import Sequence
from functools import partial

import keras
import numpy as np
from keras.layers import AveragePooling2D, Conv2D, Dense, GlobalAveragePooling2D, MaxPooling2D

from kerascnn import describe, training

from ._experiment import experiment
from ._photographs import few_photographs, trained_briefly

conv = partial(Conv2D, kernel_size=3, padding="same", activation="relu")

STAGES = {  # what halves height and width; the factor on the filters of the whole net
    "strided convolution": (lambda x, filters: conv(filters, strides=2)(x), 1),
    "average pooling, convolution": (lambda x, filters: conv(filters)(AveragePooling2D(2)(x)), 1),
    "max pooling, convolution": (lambda x, filters: conv(filters)(MaxPooling2D(2)(x)), 1),
    # Four times the positions: half the filters of half the channels make up for them.
    "convolution, max pooling": (lambda x, filters: MaxPooling2D(2)(conv(filters)(x)), 1 / 2),
}
FILTERS = (16, 32, 64, 64)  # of the first convolution, then of three stages


@experiment
def stride_or_pooling(
    *,
    data: str = "cifar10",
    data_dir: str | None = None,
    images: int = 8000,
    tests: int = 5000,
    epochs: int = 6,
    learning_rate: float = 3e-3,
    seeds: Sequence[int] = (0, 1, 2),
) -> dict:
    """Train a small net that halves its maps three times, by strides or by pooling, for one cost.

    A convolution of stride 2 and one behind a 2x2 pooling compute as many outputs with as many
    weights: these nets have the same multiply-adds, parameters and map sizes, and begin with the
    same weights. A convolution before the pooling computes four times as many outputs; that net
    has half the filters instead, which costs about as much. What pooling itself costs, one addition
    or comparison for each of its inputs, is not counted. See Springenberg et al. 2014
    (arXiv:1412.6806), who replace pooling by strides in larger nets.

    Args:
        data: A data set of photos whose sides can be halved three times.
        data_dir: A folder with the data set's file.
        images: How many to train on.
        tests: How many test images to look at.
        epochs: Passes over the training images.
        learning_rate: Adam's, which falls along half a cosine.
        seeds: Of weights and shuffling.

    Returns:
        A `Result` with `accuracy` (net, seed) of the test images, 0 to 1; `macs` and `parameters`
        (net,), multiply-adds for one image; `nets`, the names of the first axis.

    Raises:
        ValueError: More images than there are.
    """
    train, test, classes = few_photographs(data, data_dir, images, tests)
    accuracy = np.zeros((len(STAGES), len(seeds)))
    macs, parameters = [], []
    for row, name in enumerate(STAGES):
        build = partial(net, name, train[0].shape[1:], classes)
        for nth, seed in enumerate(seeds):
            run = trained_briefly(
                build, train, seed=seed, epochs=epochs, learning_rate=learning_rate
            )
            accuracy[row, nth] = training.evaluate(run.model, test).accuracy
        macs.append(describe(run.model).macs)
        parameters.append(run.model.count_params())
    return {"accuracy": accuracy, "macs": macs, "parameters": parameters, "nets": list(STAGES)}


def net(name, shape, classes):
    """A convolution, three stages of `STAGES`, and the mean of each map for a dense layer."""
    stage, width = STAGES[name]
    first, *others = (int(width * filters) for filters in FILTERS)
    inputs = keras.Input(shape)
    x = conv(first)(inputs)
    for filters in others:
        x = stage(x, filters)
    x = GlobalAveragePooling2D()(x)
    return keras.Model(inputs, Dense(classes, activation="softmax")(x))
