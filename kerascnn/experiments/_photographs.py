"""Shared by the experiments on small photos: few images, and models built from a seed."""

import keras

from kerascnn import datasets, training

from ._experiment import first, must


def few_photographs(data, data_dir, images, tests):
    """Load the first training and the first test images of a data set.

    Returns:
        Training data and test data, each images (N, H, W, C) in [0, 1] and labels (N,), and the
        number of classes.
    """
    loaded = datasets.load(data, data_dir=data_dir)
    train = first("images", images, loaded.train)
    return train, first("tests", tests, loaded.part("test")), len(loaded.class_names)


def first_shrunk(name, count, part, size):
    """Return the first images of a split, averaged over blocks to (count, size, size, C).

    Raises:
        ValueError: If there are fewer images, or `size` does not divide their size.
    """
    whole = part[0].shape[1]
    must(whole % size == 0, "size", f"a divisor of {whole}, the size of the images", size)
    images, labels = first(name, count, part)
    step = whole // size
    blocks = images.reshape(count, size, step, size, step, images.shape[-1])
    return blocks.mean(axis=(2, 4)), labels


def trained(build, part, *, seed, **options):
    """Build a model with the weights of a seed and train it; return the `Training`.

    Models whose layers have the same shapes start from the same weights and see the same batches.
    """
    keras.utils.set_random_seed(seed)
    return training.train(build(), part, seed=seed, verbose=0, **options)


def trained_briefly(build, part, *, seed, epochs, learning_rate):
    """Train with Adam, a batch size of 32 and a cosine schedule."""
    options = {"batch_size": 32, "schedule": "cosine"}
    return trained(build, part, seed=seed, epochs=epochs, learning_rate=learning_rate, **options)
