"""AlexNet (Krizhevsky, Sutskever & Hinton 2012), in one tower as it is taught.

The table is the simplified one of Stanford's CS231n, which most lectures show.
"""

from functools import partial

from keras.initializers import RandomNormal
from keras.layers import Conv2D, Dense, Dropout, Flatten, MaxPooling2D

from kerascnn.layers import LocalResponseNormalization

from ._registry import architecture

SINGLE_TOWER = (  # name, filters, kernel, stride, padding, bias at the start, then pool and norm
    ("1", 96, 11, 4, "valid", 0, ("pool", "norm")),
    ("2", 256, 5, 1, "same", 1, ("pool", "norm")),
    ("3", 384, 3, 1, "same", 0, ()),
    ("4", 384, 3, 1, "same", 1, ()),
    ("5", 256, 3, 1, "same", 1, ("pool",)),
)
FC = 4096


@architecture(
    reference="Krizhevsky et al. 2012, ImageNet classification with deep convolutional networks",
    year=2012,
    input_shape=(227, 227, 3),
    min_size=67,
    parameters={"single_tower": 62_378_344},
    macs={"single_tower": 1_135_256_096},
    options=(
        'variant: "single_tower", the taught table.\n'
        "dropout: rate after each hidden dense layer (paper, section 4.2: 0.5)."
    ),
)
def build_alexnet(inputs, classifier, *, variant="single_tower", dropout=0.5):
    """AlexNet in one tower: 227x227x3 to 1,000 classes, 62,378,344 parameters.

    DEVIATION from the paper, as taught: one tower instead of two halves on two GPUs, pooling
    before normalization, and an input of 227: 224, which the paper prints, gives 54.25 columns.

    >>> import kerascnn as kc
    >>> kc.build_alexnet(include_top=False).count_params()
    3747200
    """
    conv = partial(Conv2D, activation="relu", kernel_initializer=gaussian(0.01))
    dense = partial(
        Dense, FC, activation="relu", kernel_initializer=gaussian(0.01), bias_initializer="ones"
    )
    x = inputs
    for i, filters, kernel, stride, padding, bias, then in SINGLE_TOWER:
        bias = "ones" if bias else "zeros"  # ones feed the ReLUs positive inputs: section 5
        x = conv(filters, kernel, stride, padding, bias_initializer=bias, name=f"conv{i}")(x)
        if "pool" in then:
            x = MaxPooling2D(3, 2, name=f"pool{i}")(x)  # overlapping: section 3.4
        if "norm" in then:
            x = LocalResponseNormalization(name=f"norm{i}")(x)  # section 3.3
    if classifier is None:
        return x
    x = Flatten(name="flatten")(x)
    for name in ("fc6", "fc7"):
        x = dense(name=name)(x)
        x = Dropout(dropout, name=f"{name}_dropout")(x)
    classifier.kernel_initializer = gaussian(0.01)
    return classifier(x)


def gaussian(stddev):
    """Weights ~ N(0, stddev²): section 5."""
    return RandomNormal(stddev=stddev)
