"""What the experiments on small photos share: few images, a net made from a seed, its cost."""

import keras

from kerascnn import arithmetic, datasets, training


def few_photographs(data, data_dir, images, tests):
    """Load the first training and the first test images of a data set.

    Returns:
        Two parts, each images (N, H, W, C) in [0, 1] and labels (N,), and the number of classes.
    """
    loaded = datasets.load(data, data_dir=data_dir)
    train = first("images", images, loaded.train)
    return train, first("tests", tests, loaded.test), len(loaded.class_names)


def first(name, count, part):
    """The first images of a part, with their labels.

    Raises:
        ValueError: There are not so many; `name` is what the argument is called.
    """
    images, labels = part
    if not 0 <= count <= len(labels):
        raise ValueError(f"{name} must be up to {len(labels)}, which there are; received {count}.")
    return images[:count], labels[:count]


def trained(build, part, *, seed, **options):
    """Build a net with the weights of a seed and train it; gives the `Training`.

    Nets whose layers have the same shapes begin with the same weights and see the same batches.
    """
    keras.utils.set_random_seed(seed)
    return training.train(build(), part, seed=seed, verbose=0, **options)


def multiply_adds(model):
    """Count the multiply-adds of a net of convolutions and dense layers, for one image."""
    macs = 0
    for layer in model.layers:
        if isinstance(layer, keras.layers.Conv2D):
            size, channels = layer.output.shape[1:3], layer.input.shape[-1]
            macs += arithmetic.conv_macs(size, layer.kernel_size, channels, layer.filters)
        elif isinstance(layer, keras.layers.Dense):
            macs += arithmetic.dense_macs(layer.input.shape[-1], layer.units)
    return macs
