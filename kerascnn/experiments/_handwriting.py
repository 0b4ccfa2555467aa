"""Shared by the experiments on digits: the networks that they compare, and their accuracy."""

import keras
import numpy as np

from kerascnn import models, training

from ._experiment import must

NETS = {"MLP": "mlp", "LeNet-5": "lenet5"}  # 266,610 and 61,706 parameters

BATCH = 500  # number of images to predict at once


def sample(part, count, seed):
    """Draw images and their labels at random, without replacement."""
    images, labels = part
    words = f"from 1 to {len(labels)}, the number of images in the data set"
    must(1 <= count <= len(labels), "images", words, count)
    drawn = np.random.default_rng(seed).permutation(len(labels))[:count]
    return images[drawn], labels[drawn]


def trained(net, data, seed, *, epochs, batch_size=64):
    """Train one of `NETS` from scratch with `kerascnn.training.train`; return a `Training`."""
    keras.utils.set_random_seed(seed)  # for the initial weights
    model = models.build(NETS[net])
    options = {"epochs": epochs, "batch_size": batch_size}
    return training.train(model, data, **options, seed=seed, verbose=0)


def accuracy(model, part):
    """Compute the fraction of the images that a model classifies correctly."""
    images, labels = part
    return np.mean(probabilities(model, images).argmax(axis=-1) == labels)


def probabilities(model, images):
    """Predict the class probabilities of images, (N, class)."""
    batches = [images[start : start + BATCH] for start in range(0, len(images), BATCH)]
    return np.concatenate([keras.ops.convert_to_numpy(model(batch)) for batch in batches])
