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
LAYERS = ("image", "conv", "pool")  # whose maps are measured
POOL_BEFORE = (3, 5)  # convolutions, counted from 1, that come after a 2x2 max-pool


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
    """Train the same net with zeros around every map, and without, for nets of several depths.

    The mean of each map goes to the dense layer, so that both have the same parameters, and both
    begin with the same weights. What cannot be kept equal: without padding each 3x3 convolution
    takes a frame of one pixel off its maps, so that they cost fewer multiply-adds, the mean is
    over fewer places, and fewer windows see the pixels at the border. All are normalized by
    batches, so that few epochs are enough.

    Args:
        data: A data set of photos; those of 32 pixels leave one of them after six convolutions.
        data_dir: A folder with the data set's file.
        depths: How many convolutions, 1 to 6.
        images: How many to train on.
        tests: How many test images to look at.
        epochs: Passes over the training images.
        learning_rate: Adam's, which falls along half a cosine.
        seeds: Of weights and shuffling.

    Returns:
        A `Result` with `accuracy` (depth, padding, seed) of the test images, and `learnt`, of the
        training images during the last epoch, both 0 to 1; `macs` and `parameters` (depth,
        padding), multiply-adds for one image; `sizes` (padding, layer), the height of the maps of
        the last depth, in pixels, from the image on; `depths`, `paddings` and `layers`, along the
        axes.

    Raises:
        ValueError: Other depths, or more images than there are.
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
    """The first convolutions of `FILTERS`, and the mean of each map for a dense layer."""
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
