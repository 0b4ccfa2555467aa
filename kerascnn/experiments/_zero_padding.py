"""Does zero padding help? (lecture map, C8)."""

from collections.abc import Sequence
from functools import partial

import keras
import numpy as np
from keras.layers import (
    Activation,
    BatchNormalization,
    Conv2D,
    Dense,
    GlobalAveragePooling2D,
    MaxPooling2D,
)

from kerascnn import describe, training

from ._experiment import experiment
from ._photographs import few_photographs, trained_briefly

PADDINGS = ("same", "valid")
FILTERS = (12, 12, 24, 24, 48, 48)  # of 3x3 convolutions
LAYERS = ("image", "conv", "pool")  # layers whose map sizes are recorded
POOL_BEFORE = (3, 5)  # convolutions, counted from 1, that follow 2x2 max-pooling


@experiment
def zero_padding(
    *,
    data: str = "cifar10",
    data_dir: str | None = None,
    depths: Sequence[int] = (4, 5, 6),
    images: int = 4000,
    tests: int = 5000,
    epochs: int = 6,
    learning_rate: float = 5e-3,
    seeds: Sequence[int] = (0, 1, 2),
) -> dict:
    """Train networks of several depths with and without zero padding.

    Global average pooling comes before the dense layer, so that both networks have the same number
    of parameters; they also start from the same weights. Other differences cannot be avoided:
    without padding, each 3x3 convolution removes a border of one pixel from its maps, so that the
    network costs fewer MACs, the average is over fewer positions, and fewer windows see the pixels
    at the border. All networks use batch normalization, so that few epochs are enough.

    Args:
        data: Name of a data set of photos; from 32 pixels, one is left after six convolutions.
        data_dir: Directory with the file of the data set.
        depths: Numbers of convolutions, from 1 to 6.
        images: Number of training images.
        tests: Number of test images.
        epochs: Number of epochs.
        learning_rate: Initial learning rate of Adam, with a cosine schedule.
        seeds: Random seeds of weights and shuffling.

    Returns:
        A `Result` with `accuracy` (depth, padding, seed) on the test images and `learnt`, the
        accuracy on the training images during the last epoch, both from 0 to 1; `macs` and
        `parameters` (depth, padding), for one image; `sizes` (padding, layer), the heights of the
        maps of the last depth in pixels, starting with the image; `depths`, `paddings` and
        `layers`, the labels of the axes.

    Raises:
        ValueError: If a depth is out of range or the data set has fewer images.

    The result that comes with the package:

    >>> import kerascnn as kc
    >>> kc.experiments.recorded("zero_padding")["accuracy"].shape
    (3, 2, 3)
    """
    if not all(1 <= depth <= len(FILTERS) for depth in depths):
        raise ValueError(f"depths must be from 1 to {len(FILTERS)}; received {tuple(depths)}.")
    train, test, classes = few_photographs(data, data_dir, images, tests)
    accuracy, learnt = np.zeros((2, len(depths), len(PADDINGS), len(seeds)))
    macs, parameters = np.zeros((2, len(depths), len(PADDINGS)), int)
    sizes = {}
    for row, depth in enumerate(depths):
        for column, padding in enumerate(PADDINGS):
            build = partial(net, depth, padding, train[0].shape[1:], classes)
            for nth, seed in enumerate(seeds):
                run = trained_briefly(
                    build, train, seed=seed, epochs=epochs, learning_rate=learning_rate
                )
                learnt[row, column, nth] = run.history["accuracy"][-1]
                accuracy[row, column, nth] = training.evaluate(run.model, test).accuracy
            macs[row, column] = describe(run.model).macs
            parameters[row, column] = run.model.count_params()
            sizes[padding] = {
                layer.name: layer.output.shape[1]
                for layer in run.model.layers
                if layer.name.startswith(LAYERS)
            }
    return {
        "accuracy": accuracy,
        "learnt": learnt,
        "macs": macs,
        "parameters": parameters,
        "sizes": [list(of_layers.values()) for of_layers in sizes.values()],
        "depths": list(depths),
        "paddings": list(PADDINGS),
        "layers": list(sizes[PADDINGS[0]]),
    }


def net(depth, padding, shape, classes):
    """Build the first convolutions of `FILTERS`, global average pooling and a dense layer."""
    inputs = keras.Input(shape, name="image")
    x = inputs
    for nth, filters in enumerate(FILTERS[:depth], start=1):
        if nth in POOL_BEFORE:
            x = MaxPooling2D(2, name=f"pool{nth - 1}")(x)
        x = Conv2D(filters, 3, padding=padding, use_bias=False, name=f"conv{nth}")(x)
        x = BatchNormalization(momentum=0.9)(x)
        x = Activation("relu")(x)
    x = GlobalAveragePooling2D()(x)
    return keras.Model(inputs, Dense(classes, activation="softmax")(x))
