"""Which activation function learns fastest? (Krizhevsky et al. 2012, Figure 1)."""

from collections.abc import Sequence
from functools import partial
from itertools import product

import keras
import numpy as np
from keras.initializers import VarianceScaling
from keras.layers import Conv2D, Dense, Flatten, MaxPooling2D

from ._experiment import experiment, followed, must
from ._photographs import few_photographs, trained

SCALES = {  # variance of the initial weights, times the number of inputs
    "relu": 2,  # He et al. 2015, arXiv:1502.01852, Eq. 10
    "tanh": 1,  # Glorot and Bengio 2010, Eq. 10
    "sigmoid": 16,  # its slope at 0 is a quarter of tanh's, so the weights are four times larger
}
FILTERS = (16, 32, 64)  # of 3x3 convolutions, each followed by 2x2 max-pooling


@experiment
def activation_functions(
    *,
    data: str = "cifar10",
    data_dir: str | None = None,
    images: int = 45_000,
    epochs: int = 12,
    batch_size: int = 128,
    rates: Sequence[float] = (0.01, 0.03, 0.1),
    target: float = 0.25,
    precision: str | None = None,
    seeds: Sequence[int] = (0, 1, 2),
    verbose: bool | str = "auto",
) -> dict:
    """Compare how fast a network learns with ReLU, tanh and sigmoid, each at its best rate.

    As in the comparison of ReLU and tanh by Krizhevsky et al. 2012, the network has four layers
    with weights and is trained without regularization, by stochastic gradient descent with a
    momentum of 0.9. The paper says nothing else about its network. As in the paper, the learning
    rate is selected for each function: the one with the lowest training error, averaged over the
    epochs, for the first seed. DEVIATION: the initialization is suited to each function; for
    AlexNet, the paper uses a standard deviation of 0.01. With these weights and rates, tanh keeps
    up with ReLU, which is six times faster in the paper.

    Args:
        data: Name of a data set of photos.
        data_dir: Directory with the file of the data set.
        images: Number of training images; the mean image is subtracted, as in the paper.
        epochs: Number of epochs.
        batch_size: Number of images in a batch.
        rates: Learning rates to try.
        target: Training error to reach, from 0 to 1.
        precision: A dtype policy, such as "mixed_bfloat16"; `None` selects the best one for the
            device.
        seeds: Random seeds of weights and shuffling.
        verbose: Whether to show a progress bar; "auto" shows one in a terminal.

    Returns:
        A `Result` with `search` (activation, rate, epoch), the training error for the first seed;
        `rate` (activation,), the selected rate; `error` (activation, seed, epoch), the training
        error with that rate; `needed` (activation, seed), the number of epochs to reach the target,
        NaN if it was not reached; `activations` and `rates`, the labels of the axes; and
        `precision`. Training errors are from 0 to 1 and measured during the epoch.

    Raises:
        ValueError: If the data set has fewer images, or a rate is not above 0.

    The result that comes with the package:

    >>> import kerascnn as kc
    >>> kc.experiments.recorded("activation_functions")["needed"].shape
    (3, 3)
    """
    must(all(rate > 0 for rate in rates), "rates", "above 0", rates)
    train, _test, classes = few_photographs(data, data_dir, images, 0)
    centered = train[0] - train[0].mean(axis=0), train[1]

    def error_of(activation, rate, seed):
        run = trained(
            partial(net, activation, train[0].shape[1:], classes),
            centered,
            seed=seed,
            epochs=epochs,
            batch_size=batch_size,
            optimizer="sgd",
            momentum=0.9,
            learning_rate=rate,
            input_range=None,
            precision=precision,
        )
        return 1 - np.array(run.history["accuracy"])

    search = np.zeros((len(SCALES), len(rates), epochs))
    steps = product(enumerate(SCALES), enumerate(rates))
    for (row, activation), (column, rate) in followed(steps, verbose):
        search[row, column] = error_of(activation, rate, seeds[0])
    best = search.mean(axis=-1).argmin(axis=-1)
    error = np.zeros((len(SCALES), len(seeds), epochs))
    error[:, 0] = search[np.arange(len(SCALES)), best]
    steps = product(enumerate(SCALES), enumerate(seeds[1:], start=1))
    for (row, activation), (nth, seed) in followed(steps, verbose):
        error[row, nth] = error_of(activation, rates[best[row]], seed)
    return {
        "search": search,
        "rate": np.array(rates)[best],
        "error": error,
        "needed": epochs_to(target, error),
        "activations": list(SCALES),
        "rates": list(rates),
        "precision": precision or "the device's",
    }


def epochs_to(target, error):
    """Count the epochs (last axis) until an error reaches a target; NaN if it never does."""
    reached = error <= target
    return np.where(reached.any(axis=-1), 1.0 + reached.argmax(axis=-1), np.nan)


def net(activation, shape, classes):
    """Build three convolutions with max-pooling and a dense layer."""
    inputs = keras.Input(shape)
    x = inputs
    for filters in FILTERS:
        start = VarianceScaling(SCALES[activation], mode="fan_in", distribution="uniform")
        x = Conv2D(filters, 3, padding="same", activation=activation, kernel_initializer=start)(x)
        x = MaxPooling2D(2)(x)
    return keras.Model(inputs, Dense(classes, activation="softmax")(Flatten()(x)))
