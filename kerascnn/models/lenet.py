"""LeNet-5 (LeCun, Bottou, Bengio & Haffner 1998), Figure 2: as taught today, and as in 1998."""

from functools import partial

from keras.initializers import RandomUniform
from keras.layers import Conv2D, Dense, Flatten, MaxPooling2D

from kerascnn.layers import RBFOutput, TableConv2D, TrainableSubsampling2D, scaled_tanh

from ._digit_codes import DIGIT_CODES
from ._registry import architecture

C1, C3, C5, F6 = 6, 16, 120, 84  # number of maps or units in the layers of the paper
PAPER_SIZE = 32
TABLE_1 = (  # the maps of S2 that each map of C3 is connected to
    (0, 1, 2), (1, 2, 3), (2, 3, 4), (3, 4, 5), (0, 4, 5), (0, 1, 5),
    (0, 1, 2, 3), (1, 2, 3, 4), (2, 3, 4, 5), (0, 3, 4, 5), (0, 1, 4, 5), (0, 1, 2, 5),
    (0, 1, 3, 4), (1, 2, 4, 5), (0, 2, 3, 5),
    (0, 1, 2, 3, 4, 5),
)  # fmt: skip


# `@architecture` passes in the input tensor, the last dense layer, the number of classes and the
# last activation; users call the builder with the arguments of keras.applications.
@architecture(
    reference="LeCun et al. 1998, Gradient-based learning applied to document recognition",
    year=1998,
    input_shape={"modern": (28, 28, 1), "1998": (32, 32, 1)},
    classes=10,
    min_size={"modern": 28, "1998": 32},
    parameters={"modern": 61_706, "1998": 60_000},
    macs={"modern": 416_520, "1998": 326_520},
    options=(
        'variant: "modern" has full connections, max-pooling, ReLU and softmax; "1998" is the\n'
        "    network of the paper, with the connections of Table I in C3, trainable subsampling,\n"
        "    scaled tanh and radial basis functions. It expects digits of 32x32 with a background\n"
        "    of -0.1 and a foreground of 1.175."
    ),
)
def build_lenet5(inputs, classifier, classes, activation, *, variant="modern"):
    """LeNet-5: 61,706 parameters, or 60,000 trainable ones in the variant of 1998.

    The paper pads MNIST's 28x28 digits to 32x32 beforehand. Here, C1 pads such images ("same"),
    which produces the same maps; images of 32x32 or more are not padded, as in the paper.

    DEVIATION from the paper, as in today's courses: C3 is connected to all six maps of S2, pooling
    layers have no weights, ReLU replaces tanh, and a softmax replaces radial basis functions.

    >>> import kerascnn as kc
    >>> kc.build_lenet5().count_params()
    61706

    The variant of 1998 expects digits padded to 32x32:

    >>> import numpy as np
    >>> images, labels = kc.datasets.load("digits").test  # 28x28
    >>> padded = np.pad(images, [(0, 0), (2, 2), (2, 2), (0, 0)])
    >>> preprocess = kc.weights.preprocessing("lenet5", "mnist", variant="1998")
    >>> model = kc.build_lenet5(variant="1998", weights="mnist")
    >>> outputs = model.predict(preprocess(padded[:200]), verbose=0)
    >>> bool(np.mean(outputs.argmax(axis=1) == labels[:200]) > 0.85)
    True
    """
    if variant == "1998":
        return as_in_1998(inputs, classes, activation)
    small = any(size is None or size < PAPER_SIZE for size in inputs.shape[1:3])
    padding = "same" if small else "valid"
    x = Conv2D(C1, 5, padding=padding, activation="relu", name="c1")(inputs)
    x = MaxPooling2D(2, name="s2")(x)
    x = Conv2D(C3, 5, activation="relu", name="c3")(x)
    x = MaxPooling2D(2, name="s4")(x)
    x = Conv2D(C5, 5, activation="relu", name="c5")(x)
    if classifier is None:
        return x
    x = Flatten(name="flatten")(x)
    x = Dense(F6, activation="relu", name="f6")(x)
    return classifier(x)


def as_in_1998(inputs, classes, activation):
    """Apply the layers of section II.B: 340,908 connections."""
    conv = partial(Conv2D, kernel_size=5, activation=scaled_tanh)
    pool = partial(TrainableSubsampling2D, activation=scaled_tanh)
    x = conv(C1, kernel_initializer=uniform(25), name="c1")(inputs)
    x = pool(name="s2")(x)
    # A unit of C3 has 75, 100 or 150 inputs; all are initialized as if they had 100.
    c3 = partial(TableConv2D, TABLE_1, 5, scaled_tanh, kernel_initializer=uniform(100))
    x = c3(name="c3")(x)
    x = pool(name="s4")(x)
    x = conv(C5, kernel_initializer=uniform(400), name="c5")(x)
    if classes is None:
        return x
    if classes != len(DIGIT_CODES):
        raise ValueError(
            f"classes must be {len(DIGIT_CODES)} with variant='1998', whose outputs have a fixed "
            f"code for each digit; received {classes}. Use variant='modern' for other classes."
        )
    x = Flatten(name="flatten")(x)
    x = Dense(F6, scaled_tanh, kernel_initializer=uniform(120), name="f6")(x)
    return RBFOutput(DIGIT_CODES, activation=activation, dtype="float32", name="predictions")(x)


def uniform(inputs):
    """Draw weights between −2.4 / F and 2.4 / F for a unit with F inputs: Appendix A."""
    return RandomUniform(-2.4 / inputs, 2.4 / inputs)
