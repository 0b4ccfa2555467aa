"""Shared by the experiments on explanations: the network, its two classes, and the methods."""

from functools import partial

import keras
import numpy as np
from keras.layers import Activation, BatchNormalization, Conv2D, Dense, GlobalAveragePooling2D

from kerascnn import datasets, visualize

from ._experiment import must

FILTERS = (16, 32, 32)  # of 3x3 convolutions; the second and third halve the maps
BATCH = 500  # number of images to predict at once

METHODS = (  # all of `kerascnn.visualize` that make a heatmap of a convolutional classifier
    "saliency", "smooth_grad", "gradient_times_input", "integrated_gradients",
    "expected_gradients", "blur_integrated_gradients", "deep_lift", "lrp", "guided_backprop",
    "guided_grad_cam", "occlusion", "rise", "eigen_cam", "grad_cam", "grad_cam_plus_plus",
    "layer_cam", "hires_cam", "finer_cam", "ablation_cam", "score_cam",
)  # fmt: skip
RANDOM = ("smooth_grad", "expected_gradients", "rise")  # have a seed
OPTIONS = {  # for images of 32x32 pixels
    "smooth_grad": {"samples": 20},
    "integrated_gradients": {"steps": 20},
    "expected_gradients": {"samples": 40},
    "blur_integrated_gradients": {"steps": 20},
    "occlusion": {"size": 4, "stride": 2},
    "rise": {"cells": 8, "masks": 400, "probability": False},
}


def two_classes(data, data_dir, pair, images, tests):
    """Load the first images of two classes of a data set.

    Returns:
        Training data and test data, each images (N, H, W, C) in [0, 1] and labels, 0 and 1, and
        the names of the classes.

    Raises:
        ValueError: If there are not two different classes, or too few images of one.
    """
    loaded = datasets.load(data, data_dir=data_dir)
    count = len(loaded.class_names)
    words = f"two different classes, from 0 to {count - 1}"
    valid = len(pair) == 2 and len(set(pair)) == 2 and all(c in range(count) for c in pair)
    must(valid, "classes", words, tuple(pair))
    train = _first_of_each("images", images, loaded.train, pair)
    test = _first_of_each("tests", tests, loaded.part("test"), pair)
    return train, test, [loaded.class_names[c] for c in pair]


def _first_of_each(name, count, part, pair):
    images, labels = part
    rows = [np.flatnonzero(labels == c) for c in pair]
    fewest = min(map(len, rows))
    must(1 <= count <= fewest, name, f"from 1 to {fewest}, the images of a class", count)
    rows = np.concatenate([of_class[:count] for of_class in rows])
    return images[rows], np.repeat((0, 1), count)


def net(shape, classes=2):
    """Build convolutions with batch normalization, global average pooling and a dense layer."""
    inputs = keras.Input(shape)
    x = inputs
    for nth, filters in enumerate(FILTERS, start=1):
        stride = 1 if nth == 1 else 2
        x = Conv2D(filters, 3, strides=stride, padding="same", use_bias=False, name=f"conv{nth}")(x)
        x = BatchNormalization(momentum=0.9, name=f"norm{nth}")(x)
        x = Activation("relu", name=f"relu{nth}")(x)
    x = GlobalAveragePooling2D(name="mean")(x)
    return keras.Model(inputs, Dense(classes, activation="softmax", name="predictions")(x))


def methods_by_name(names, baselines):
    """Return functions `method(model, images, target)` that make heatmaps, by name.

    Args:
        names: Some of `METHODS`.
        baselines: Training images for expected gradients.
    """
    given = OPTIONS | {
        "expected_gradients": {"baselines": baselines} | OPTIONS["expected_gradients"]
    }
    found = {n: partial(getattr(visualize, n), **given.get(n, {})) for n in names}
    if "rise" in found:
        found["rise"] = partial(from_lowest, found["rise"])
    return found


def from_lowest(method, model, images, target, seed=0):
    """Subtract the lowest value of each heatmap, for methods whose values mean only an order."""
    maps = method(model, images, target, seed=seed)
    return maps - maps.min(axis=(1, 2), keepdims=True)


def probabilities(model, images):
    """Predict the probability of class 1, (N,)."""
    batches = [images[start : start + BATCH] for start in range(0, len(images), BATCH)]
    return np.concatenate([keras.ops.convert_to_numpy(model(b))[:, 1] for b in batches])
