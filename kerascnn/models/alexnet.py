"""AlexNet (Krizhevsky, Sutskever & Hinton 2012): as taught, as published, and two more variants."""

from functools import partial
from typing import NamedTuple

from keras.initializers import RandomNormal
from keras.layers import Conv2D, Dense, Dropout, Flatten, MaxPooling2D, ZeroPadding2D

from kerascnn.layers import AdaptiveAveragePooling2D, LocalResponseNormalization

from ._blocks import scaled
from ._registry import architecture


class Row(NamedTuple):
    """A convolution with ReLU and the layers after it; "pool" is 3x3 max-pooling with stride 2."""

    filters: int
    kernel: int
    stride: int = 1
    padding: int = 0
    groups: int = 1  # 2: each GPU processes its own half of the maps
    bias: int = 0  # initial value
    then: tuple[str, ...] = ()


SINGLE_TOWER = (  # the simplified table of Stanford's CS231n, shown in most lectures
    Row(96, kernel=11, stride=4, then=("pool", "norm")),
    Row(256, kernel=5, padding=2, bias=1, then=("pool", "norm")),
    Row(384, kernel=3, padding=1),
    Row(384, kernel=3, padding=1, bias=1),
    Row(256, kernel=3, padding=1, bias=1, then=("pool",)),
)
PAPER = (  # section 3.5
    Row(96, kernel=11, stride=4, then=("norm", "pool")),
    Row(256, kernel=5, padding=2, groups=2, bias=1, then=("norm", "pool")),
    Row(384, kernel=3, padding=1),
    Row(384, kernel=3, padding=1, groups=2, bias=1),
    Row(256, kernel=3, padding=1, groups=2, bias=1, then=("pool",)),
)
TORCHVISION = (  # Krizhevsky 2014, "One weird trick for parallelizing CNNs", arXiv:1404.5997
    Row(64, kernel=11, stride=4, padding=2, then=("pool",)),
    Row(192, kernel=5, padding=2, then=("pool",)),
    Row(384, kernel=3, padding=1),
    Row(256, kernel=3, padding=1),
    Row(256, kernel=3, padding=1, then=("pool",)),
)
CIFAR = (  # the same design for 32x32 pixels: smaller windows, no stride, few filters
    Row(48, kernel=7, padding=3, then=("pool", "norm")),
    Row(64, kernel=5, padding=2, then=("pool", "norm")),
    Row(64, kernel=3, padding=1),
    Row(64, kernel=3, padding=1),
    Row(64, kernel=3, padding=1, then=("pool",)),
)
VARIANTS = {
    "single_tower": SINGLE_TOWER, "paper": PAPER, "torchvision": TORCHVISION, "cifar": CIFAR,
}  # fmt: skip
DENSE = {  # hidden units, initial value of the bias
    "single_tower": (4096, 1), "paper": (4096, 1), "torchvision": (4096, 0), "cifar": (128, 0),
}  # fmt: skip


# `@architecture` passes in the input tensor and the last dense layer; users call the builder with
# the arguments of keras.applications.
@architecture(
    reference="Krizhevsky et al. 2012, ImageNet classification with deep convolutional networks",
    year=2012,
    input_shape={
        "single_tower": (227, 227, 3),
        "paper": (227, 227, 3),
        "torchvision": (224, 224, 3),
        "cifar": (32, 32, 3),
    },
    min_size={"single_tower": 67, "paper": 67, "torchvision": 63, "cifar": 15},
    parameters={
        "single_tower": 62_378_344,
        "paper": 60_965_224,
        "torchvision": 61_100_840,
        "cifar": 414_120,
    },
    macs={
        "single_tower": 1_135_256_096,
        "paper": 724_406_816,
        "torchvision": 714_188_480,
        "cifar": 30_142_464,
    },
    options=(
        'variant: "single_tower" is the network as it is usually taught; "paper" has two groups\n'
        '    and normalizes before pooling; "torchvision" has fewer filters and no normalization;\n'
        '    "cifar" is a smaller network for images of 32x32, specific to this package.\n'
        "dropout: dropout rate at each hidden dense layer (paper, section 4.2: 0.5).\n"
        "width: factor by which to multiply the number of filters and of hidden units."
    ),
)
def build_alexnet(inputs, classifier, *, variant="single_tower", dropout=0.5, width=1.0):
    """AlexNet, as one tower: 62,378,344 parameters.

    DEVIATION from the paper: images are 227x227, since with the paper's 224x224, the first layer
    would have a width of 54.25. By default, there is one tower rather than two halves on two GPUs,
    and pooling comes before normalization, as usually taught. The "cifar" variant uses He
    initialization (He et al. 2015, arXiv:1502.01852) and biases of 0: with the paper's
    initialization, weights of about 0.01 and biases of 1, its outputs would hardly depend on the
    image.

    >>> import kerascnn as kc
    >>> kc.build_alexnet(include_top=False).count_params()
    3747200
    """
    filters_of = scaled(width)
    towers = 2 if variant == "paper" else 1  # keep the filters divisible by 2 for any width
    start = "he_normal" if variant == "cifar" else gaussian(0.01)
    conv = partial(Conv2D, activation="relu", kernel_initializer=start)
    x = inputs
    for i, row in enumerate(VARIANTS[variant], start=1):
        padded = row.padding > 0 and row.stride > 1
        if padded:
            x = ZeroPadding2D(row.padding, name=f"conv{i}_pad")(x)
        x = conv(
            towers * filters_of(row.filters // towers),
            row.kernel,
            row.stride,
            "same" if row.padding and not padded else "valid",
            groups=row.groups,
            bias_initializer="ones" if row.bias else "zeros",  # section 5: feed the ReLUs
            name=f"conv{i}",
        )(x)
        for layer in row.then:
            if layer == "pool":
                x = MaxPooling2D(3, 2, name=f"pool{i}")(x)  # overlapping: section 3.4
            else:
                x = LocalResponseNormalization(name=f"norm{i}")(x)  # section 3.3
    if classifier is None:
        return x

    if variant == "torchvision":
        x = AdaptiveAveragePooling2D(6, name="avgpool")(x)
    x = Flatten(name="flatten")(x)
    units, bias = DENSE[variant]
    for name in ("fc6", "fc7"):
        drop = Dropout(dropout, name=f"{name}_dropout")
        dense = Dense(
            filters_of(units),
            activation="relu",
            kernel_initializer=start,
            bias_initializer="ones" if bias else "zeros",  # section 5
            name=name,
        )
        x = dense(drop(x)) if variant == "torchvision" else drop(dense(x))
    classifier.kernel_initializer = gaussian(0.01)
    return classifier(x)


def gaussian(stddev):
    """Draw weights from N(0, stddev²): section 5."""
    return RandomNormal(stddev=stddev)
