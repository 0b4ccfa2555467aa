"""What do U-Net's skips and its weight map achieve? (lecture map, D14 and E7)."""

from collections.abc import Sequence
from functools import partial

import keras
import numpy as np
from keras.layers import (
    Activation,
    Add,
    BatchNormalization,
    Concatenate,
    Conv2D,
    Conv2DTranspose,
    MaxPooling2D,
)

from kerascnn import datasets, metrics

from ._experiment import experiment
from ._photographs import trained

NETS = {  # how the maps of the contracting path are used; whether the weight map is
    "copied, weight map": ("copied", True),
    "copied": ("copied", False),
    "added, weight map": ("added", True),
    "none, weight map": ("none", True),
}
FILTERS = (8, 16, 32, 64)  # of the contracting path; the expansive path mirrors it
BRIDGE = 128
W0, SIGMA = 5.0, 3.0  # of the weight map, for cells that are closer than in the paper
LEAST = 20  # pixels; smaller components are not cells


@experiment
def skips_and_weights(
    *,
    nets: Sequence[str] = tuple(NETS),
    images: int = 400,
    size: int = 64,
    epochs: int = 12,
    batch_size: int = 16,
    learning_rate: float = 5e-3,
    shown: int = 0,
    seeds: Sequence[int] = (0, 1, 2),
) -> dict:
    """Train a small U-Net on cells with and without its weight map, and with other skips.

    The maps of the contracting path are copied beside the up-sampled ones, as in U-Net, added to
    them, as in FusionNet, or not used. Copied maps need more weights in the next convolution. All
    networks use batch normalization, so that few epochs are enough.

    Args:
        nets: The networks: use of the maps, and whether pixels are weighted by U-Net's map.
        images: Number of training images; a fifth as many are for testing.
        size: Height and width of the images in pixels.
        epochs: Number of epochs.
        batch_size: Images per step.
        learning_rate: Initial learning rate of Adam, with a cosine schedule.
        shown: Index of the test image whose masks are recorded.
        seeds: Random seeds of weights and shuffling.

    Returns:
        A `Result` with, for each (net, seed), on the test images: `dice`, the Dice coefficient of
        the cells; `f1`, the F1 score of single cells; `distance`, the mean distance between the
        true and the predicted outlines in pixels, the mean of the images with cells in both masks,
        or NaN if there are none; `parameters` (net);
        `masks` (net, row), the mask of one image and the first seed, with a digit for each pixel;
        and `nets`.

    >>> import kerascnn as kc
    >>> kc.experiments.recorded("skips_and_weights")["dice"].shape
    (4, 3)
    """
    data = datasets.load("cells", labels="instances", count=images, size=size)
    (pictures, instances), (tests, truth) = data.train, data.part("test")
    labels, true = ((each > 0).astype("int32") for each in (instances, truth))
    weights = datasets.weight_map(instances, w0=W0, sigma=SIGMA, class_weights=(1, 1))
    dice, f1, distance = np.zeros((3, len(nets), len(seeds)))
    parameters, masks = np.zeros(len(nets), int), []
    for row, name in enumerate(nets):
        skips, weighted = NETS[name]
        part = (pictures, labels, weights) if weighted else (pictures, labels)
        for nth, seed in enumerate(seeds):
            model = trained(
                partial(net, skips, pictures.shape[1:]),
                part,
                seed=seed,
                epochs=epochs,
                batch_size=batch_size,
                learning_rate=learning_rate,
                schedule="cosine",
            ).model
            found = model.predict(tests, verbose=0).argmax(axis=-1)
            dice[row, nth] = metrics.dice(true, found, classes=2)[1]
            f1[row, nth] = metrics.instance_f1(truth, metrics.instances(found, least=LEAST))
            distance[row, nth] = mean_distance(true, found)
            if nth == 0:
                masks.append(["".join(map(str, line)) for line in found[shown].tolist()])
        parameters[row] = model.count_params()
    return {
        "dice": dice,
        "f1": f1,
        "distance": distance,
        "parameters": parameters,
        "masks": masks,
        "nets": list(nets),
    }


def mean_distance(true, found):
    """Compute the mean distance of the outlines of masks (N, H, W), in pixels."""
    both = [(a, b) for a, b in zip(true, found, strict=True) if a.any() and b.any()]
    return np.mean([metrics.surface_distance(*pair) for pair in both]) if both else np.nan


def net(skips, shape):
    """Build a U-Net of four levels whose skips are "copied", "added" or "none"."""
    inputs = keras.Input(shape, name="image")
    x, kept = inputs, []
    for level, filters in enumerate(FILTERS, start=1):
        x = twice(x, filters, f"down{level}")
        kept.append(x)
        x = MaxPooling2D(2, name=f"pool{level}")(x)
    x = twice(x, BRIDGE, "bridge")
    for level in reversed(range(1, len(FILTERS) + 1)):
        filters, before = FILTERS[level - 1], kept[level - 1]
        x = Conv2DTranspose(filters, 2, 2, activation="relu", name=f"up{level}")(x)
        if skips == "copied":
            x = Concatenate(name=f"up{level}_concat")([before, x])
        elif skips == "added":
            x = Add(name=f"up{level}_add")([before, x])
        x = twice(x, filters, f"up{level}")
    scores = Conv2D(2, 1, name="scores")(x)
    return keras.Model(inputs, Activation("softmax", name="predictions")(scores))


def twice(x, filters, name):
    """Apply a 3x3 convolution, batch normalization and a ReLU, twice."""
    for nth in (1, 2):
        x = Conv2D(filters, 3, padding="same", use_bias=False, name=f"{name}_conv{nth}")(x)
        x = BatchNormalization(momentum=0.9, name=f"{name}_bn{nth}")(x)
        x = Activation("relu", name=f"{name}_relu{nth}")(x)
    return x
