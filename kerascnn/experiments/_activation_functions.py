"""Which activation function learns fastest? (Krizhevsky et al. 2012, Figure 1)."""

from collections.abc import Sequence
from functools import partial

import keras
import numpy as np
from keras.initializers import VarianceScaling
from keras.layers import Conv2D, Dense, Flatten, MaxPooling2D

from ._experiment import experiment
from ._photographs import few_photographs, trained

SCALES = {  # variance of the first weights, times the number of inputs
    "relu": 2,  # He et al. 2015, arXiv:1502.01852, Eq. 10
    "tanh": 1,  # Glorot and Bengio 2010, Eq. 10
    "sigmoid": 16,  # its slope at 0 is a quarter of tanh's, so four times the weights
}
FILTERS = (16, 32, 64)  # of 3x3 convolutions, each followed by a 2x2 max-pool


@experiment
def activation_functions(
    *,
    data: str = "cifar10",
    data_dir: str | None = None,
    images: int = 4000,
    epochs: int = 12,
    rates: Sequence[float] = (0.01, 0.03, 0.1),
    target: float = 0.25,
    seeds: Sequence[int] = (0, 1, 2),
) -> dict:
    """Train one net with ReLU, tanh and sigmoid, each at its fastest rate, to the same error.

    Four layers with weights, without regularization, by stochastic gradient descent with momentum
    0.9, as Krizhevsky et al. 2012 compared ReLU and tanh; the net, the images and the epochs are
    far fewer here. As there, the rate is chosen for each: that of the lowest training error, on
    average over the epochs, with the first seed. DEVIATION: the first weights suit each function,
    where the paper draws all with a deviation of 0.01. That ReLU is several times faster than tanh,
    as in the paper, cannot be expected of a net and a training as small as these.

    Args:
        data: A data set of photos.
        data_dir: A folder with the data set's file.
        images: How many to train on; the mean image is subtracted, as in the paper.
        epochs: Passes over them.
        rates: Learning rates to try.
        target: The training error to reach, 0 to 1.
        seeds: Of weights and shuffling.

    Returns:
        A `Result` with `search` (activation, rate, epoch): the training error with the first seed;
        `rate` (activation,), the one chosen; `error` (activation, seed, epoch) with that rate;
        `needed` (activation, seed): the epochs to the target, NaN where it was not reached;
        `activations` and `rates`, along the axes. The training error is that of the whole epoch,
        0 to 1, while the weights change.

    Raises:
        ValueError: More images than there are.
    """
    train, _test, classes = few_photographs(data, data_dir, images, 0)
    centred = train[0] - train[0].mean(axis=0), train[1]

    def error_of(activation, rate, seed):
        run = trained(
            partial(net, activation, train[0].shape[1:], classes),
            centred,
            seed=seed,
            epochs=epochs,
            batch_size=64,
            optimizer="sgd",
            momentum=0.9,
            learning_rate=rate,
            input_range=None,
        )
        return 1 - np.array(run.history["accuracy"])

    search = np.zeros((len(SCALES), len(rates), epochs))
    error = np.zeros((len(SCALES), len(seeds), epochs))
    chosen = []
    for row, activation in enumerate(SCALES):
        for column, rate in enumerate(rates):
            search[row, column] = error_of(activation, rate, seeds[0])
        best = search[row].mean(axis=-1).argmin()
        chosen.append(rates[best])
        error[row, 0] = search[row, best]
        for nth, seed in enumerate(seeds[1:], start=1):
            error[row, nth] = error_of(activation, rates[best], seed)
    return {
        "search": search,
        "rate": chosen,
        "error": error,
        "needed": epochs_to(target, error),
        "activations": list(SCALES),
        "rates": list(rates),
    }


def epochs_to(target, error):
    """Count the epochs, the last axis, until an error is down to a target; NaN: never."""
    reached = error <= target
    return np.where(reached.any(axis=-1), 1.0 + reached.argmax(axis=-1), np.nan)


def net(activation, shape, classes):
    """Three convolutions with pooling and a dense layer."""
    inputs = keras.Input(shape)
    x = inputs
    for filters in FILTERS:
        start = VarianceScaling(SCALES[activation], mode="fan_in", distribution="uniform")
        x = Conv2D(filters, 3, padding="same", activation=activation, kernel_initializer=start)(x)
        x = MaxPooling2D(2)(x)
    return keras.Model(inputs, Dense(classes, activation="softmax")(Flatten()(x)))
