"""VGG (Simonyan & Zisserman 2014, arXiv:1409.1556), Table 1."""

from functools import partial

from keras.layers import (
    Activation,
    BatchNormalization,
    Conv2D,
    Dense,
    Dropout,
    Flatten,
    MaxPooling2D,
)

from kerascnn._checks import check_count

from ._blocks import scaled
from ._registry import architecture

TABLE_1 = {  # (convolutions, filters) of each block, which ends with 2x2 max-pooling
    "A": ((1, 64), (1, 128), (2, 256), (2, 512), (2, 512)),
    "B": ((2, 64), (2, 128), (2, 256), (2, 512), (2, 512)),
    "D": ((2, 64), (2, 128), (3, 256), (3, 512), (3, 512)),
    "E": ((2, 64), (2, 128), (4, 256), (4, 512), (4, 512)),
}
FC = 4096

vgg_architecture = partial(
    architecture,
    reference="Simonyan & Zisserman 2014, arXiv:1409.1556",
    year=2014,
    input_shape=(224, 224, 3),
    min_size=32,
    options=(
        "dropout: dropout rate after each hidden dense layer. The paper uses 0.5; the default,\n"
        "    0, adds no dropout layers, as in keras.applications.\n"
        "width: factor by which to multiply the number of filters and of hidden units.\n"
        "hidden: number of units in each hidden dense layer, before scaling by `width`.\n"
        "batch_normalization: whether to apply batch normalization (Ioffe & Szegedy 2015) after\n"
        "    each convolution, as in torchvision's vgg16_bn; the paper predates it."
    ),
)


# `@vgg_architecture` passes in the input tensor and the last dense layer; users call the builder
# with the arguments of keras.applications.
@vgg_architecture(parameters=132_863_336, macs=7_609_090_048)
def build_vgg11(
    inputs, classifier, *, dropout=0.0, width=1.0, hidden=FC, batch_normalization=False
):
    """VGG11, column A: 132,863,336 parameters.

    >>> import kerascnn as kc
    >>> kc.build_vgg11(width=0.125, input_shape=(64, 64, 3), classes=7).output_shape
    (None, 7)
    """
    return vgg_layers("A", inputs, classifier, dropout, width, hidden, batch_normalization)


@vgg_architecture(parameters=133_047_848, macs=11_308_466_176)
def build_vgg13(
    inputs, classifier, *, dropout=0.0, width=1.0, hidden=FC, batch_normalization=False
):
    """VGG13, column B: 133,047,848 parameters.

    >>> import kerascnn as kc
    >>> kc.build_vgg13(width=0.125, input_shape=(64, 64, 3), classes=7).output_shape
    (None, 7)
    """
    return vgg_layers("B", inputs, classifier, dropout, width, hidden, batch_normalization)


@vgg_architecture(parameters=138_357_544, macs=15_470_264_320)
def build_vgg16(
    inputs, classifier, *, dropout=0.0, width=1.0, hidden=FC, batch_normalization=False
):
    """VGG16, column D: 138,357,544 parameters, with the layer names of keras.applications.

    >>> import kerascnn as kc
    >>> kc.build_vgg16(include_top=False).count_params()
    14714688
    """
    return vgg_layers("D", inputs, classifier, dropout, width, hidden, batch_normalization)


@vgg_architecture(parameters=143_667_240, macs=19_632_062_464)
def build_vgg19(
    inputs, classifier, *, dropout=0.0, width=1.0, hidden=FC, batch_normalization=False
):
    """VGG19, column E: 143,667,240 parameters, with the layer names of keras.applications.

    >>> import kerascnn as kc
    >>> kc.build_vgg19(width=0.125, input_shape=(64, 64, 3), classes=7).output_shape
    (None, 7)
    """
    return vgg_layers("E", inputs, classifier, dropout, width, hidden, batch_normalization)


def vgg_layers(column, inputs, classifier, dropout, width, hidden, batch_normalization):
    """Apply the layers of one column of Table 1."""
    check_count("hidden", hidden)
    filters_of = scaled(width)
    conv = normalized if batch_normalization else partial(Conv2D, activation="relu")
    x = inputs
    for block, (convolutions, filters) in enumerate(TABLE_1[column], start=1):
        for i in range(1, convolutions + 1):
            name = f"block{block}_conv{i}"
            x = conv(filters_of(filters), kernel_size=3, padding="same", name=name)(x)
        x = MaxPooling2D(2, name=f"block{block}_pool")(x)
    if classifier is None:
        return x
    x = Flatten(name="flatten")(x)
    for name in ("fc1", "fc2"):
        x = Dense(filters_of(hidden), activation="relu", name=name)(x)
        if dropout:
            x = Dropout(dropout, name=f"{name}_dropout")(x)
    return classifier(x)


def normalized(filters, *, name, **options):
    """Apply a convolution, batch normalization and ReLU."""

    def unit(x):
        x = Conv2D(filters, name=name, **options)(x)
        x = BatchNormalization(name=f"{name}_bn")(x)
        return Activation("relu", name=f"{name}_relu")(x)

    return unit
