"""Strided convolution or pooling? (lecture map, C5)."""

from collections.abc import Sequence
from functools import partial

import keras
import numpy as np
from keras.layers import AveragePooling2D, Conv2D, Dense, GlobalAveragePooling2D, MaxPooling2D

from kerascnn import describe, training

from ._experiment import experiment
from ._photographs import few_photographs, trained_briefly

conv = partial(Conv2D, kernel_size=3, padding="same", activation="relu")

STAGES = {  # layers that halve height and width; factor for the number of filters
    "strided convolution": (lambda x, filters: conv(filters, strides=2)(x), 1),
    "average pooling, convolution": (lambda x, filters: conv(filters)(AveragePooling2D(2)(x)), 1),
    "max pooling, convolution": (lambda x, filters: conv(filters)(MaxPooling2D(2)(x)), 1),
    # Half the filters on half the channels compensate for four times as many positions.
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
    """Compare strides and pooling in a small network that halves its maps three times.

    The networks have the same cost. A convolution with stride 2 and a convolution after 2x2 pooling
    compute the same number of outputs with the same number of weights: these networks have equal
    MACs, parameters and map sizes, and start from the same weights. A convolution before pooling
    computes four times as many outputs; this network has half as many filters instead, which costs
    about the same. The cost of pooling itself, one addition or comparison for each input, is not
    counted. See Springenberg et al. 2014 (arXiv:1412.6806), who replace pooling with strides in
    larger networks.

    Args:
        data: Name of a data set of photos whose height and width can be halved three times.
        data_dir: Directory with the file of the data set.
        images: Number of training images.
        tests: Number of test images.
        epochs: Number of epochs.
        learning_rate: Initial learning rate of Adam, with a cosine schedule.
        seeds: Random seeds of weights and shuffling.

    Returns:
        A `Result` with `accuracy` (net, seed) on the test images, from 0 to 1; `macs` and
        `parameters` (net,), for one image; and `nets`, the labels of the first axis.

    Raises:
        ValueError: If the data set has fewer images.

    The result that comes with the package:

    >>> import kerascnn as kc
    >>> kc.experiments.recorded("stride_or_pooling")["accuracy"].shape
    (4, 3)
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
    """Build a convolution, three stages of `STAGES`, global average pooling and a dense layer."""
    stage, width = STAGES[name]
    first, *others = (int(width * filters) for filters in FILTERS)
    inputs = keras.Input(shape)
    x = conv(first)(inputs)
    for filters in others:
        x = stage(x, filters)
    x = GlobalAveragePooling2D()(x)
    return keras.Model(inputs, Dense(classes, activation="softmax")(x))
