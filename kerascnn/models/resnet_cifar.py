"""ResNets and plain networks for CIFAR-10 (He et al. 2015, arXiv:1512.03385), section 4.2."""

from functools import partial

from keras.layers import Activation, Conv2D, GlobalAveragePooling2D

from ._blocks import scaled
from ._finish import Size
from ._registry import architecture
from .resnet import basic, make_conv_norm, make_shortcut, residual_block

FILTERS = (16, 32, 64)  # three stages of n blocks on maps of 32x32, 16x16, 8x8; depth 6n + 2
EPSILON, MOMENTUM = 1e-5, 0.9  # as in Caffe and PyTorch

cifar_architecture = partial(
    architecture,
    reference="He et al. 2015, arXiv:1512.03385, section 4.2",
    year=2015,
    input_shape=(32, 32, 3),
    classes=10,
    min_size=4,
    size=Size.FREE,
)
cifar_resnet_architecture = partial(
    cifar_architecture,
    options=(
        'shortcut: type of shortcut. "A", as in the paper, pads with zeros, "B" uses a projection\n'
        '    where the shape changes, "C" uses projections everywhere.\n'
        "width: factor by which to multiply the number of filters."
    ),
)
cifar_plain_architecture = partial(
    cifar_architecture, options="width: factor by which to multiply the number of filters."
)


# `@cifar_resnet_architecture` passes in the input tensor and the last dense layer; users call the
# builder with the arguments of keras.applications.
@cifar_resnet_architecture(parameters=269_722, macs=40_551_040)
def build_resnet20(inputs, classifier, *, shortcut="A", width=1.0):
    """ResNet-20 for CIFAR-10: 269,722 parameters.

    >>> import kerascnn as kc
    >>> kc.describe(kc.build_resnet20()).trainable_parameters
    269722
    """
    return cifar_layers(20, inputs, classifier, shortcut, width)


@cifar_resnet_architecture(parameters=464_154, macs=68_862_592)
def build_resnet32(inputs, classifier, *, shortcut="A", width=1.0):
    """ResNet-32 for CIFAR-10: 464,154 parameters.

    >>> import kerascnn as kc
    >>> kc.build_resnet32(classes=7).output_shape
    (None, 7)
    """
    return cifar_layers(32, inputs, classifier, shortcut, width)


@cifar_resnet_architecture(parameters=658_586, macs=97_174_144)
def build_resnet44(inputs, classifier, *, shortcut="A", width=1.0):
    """ResNet-44 for CIFAR-10: 658,586 parameters.

    >>> import kerascnn as kc
    >>> kc.build_resnet44(classes=7).output_shape
    (None, 7)
    """
    return cifar_layers(44, inputs, classifier, shortcut, width)


@cifar_resnet_architecture(parameters=853_018, macs=125_485_696)
def build_resnet56(inputs, classifier, *, shortcut="A", width=1.0):
    """ResNet-56 for CIFAR-10: 853,018 parameters.

    >>> import kerascnn as kc
    >>> kc.build_resnet56(classes=7).output_shape
    (None, 7)
    """
    return cifar_layers(56, inputs, classifier, shortcut, width)


@cifar_resnet_architecture(parameters=1_727_962, macs=252_887_680)
def build_resnet110(inputs, classifier, *, shortcut="A", width=1.0):
    """ResNet-110 for CIFAR-10: 1,727,962 parameters.

    >>> import kerascnn as kc
    >>> kc.build_resnet110(classes=7).output_shape
    (None, 7)
    """
    return cifar_layers(110, inputs, classifier, shortcut, width)


@cifar_plain_architecture(parameters=269_722, macs=40_551_040)
def build_plain20(inputs, classifier, *, width=1.0):
    """Plain-20 for CIFAR-10: ResNet-20 without its shortcuts.

    >>> import kerascnn as kc
    >>> kc.build_plain20(classes=7).output_shape
    (None, 7)
    """
    return cifar_layers(20, inputs, classifier, None, width)


@cifar_plain_architecture(parameters=464_154, macs=68_862_592)
def build_plain32(inputs, classifier, *, width=1.0):
    """Plain-32 for CIFAR-10: ResNet-32 without its shortcuts.

    >>> import kerascnn as kc
    >>> kc.build_plain32(classes=7).output_shape
    (None, 7)
    """
    return cifar_layers(32, inputs, classifier, None, width)


@cifar_plain_architecture(parameters=658_586, macs=97_174_144)
def build_plain44(inputs, classifier, *, width=1.0):
    """Plain-44 for CIFAR-10: ResNet-44 without its shortcuts.

    >>> import kerascnn as kc
    >>> kc.build_plain44(classes=7).output_shape
    (None, 7)
    """
    return cifar_layers(44, inputs, classifier, None, width)


@cifar_plain_architecture(parameters=853_018, macs=125_485_696)
def build_plain56(inputs, classifier, *, width=1.0):
    """Plain-56 for CIFAR-10: ResNet-56 without its shortcuts.

    >>> import kerascnn as kc
    >>> kc.build_plain56(classes=7).output_shape
    (None, 7)
    """
    return cifar_layers(56, inputs, classifier, None, width)


@cifar_plain_architecture(parameters=1_727_962, macs=252_887_680)
def build_plain110(inputs, classifier, *, width=1.0):
    """Plain-110 for CIFAR-10: ResNet-110 without its shortcuts.

    >>> import kerascnn as kc
    >>> kc.build_plain110(classes=7).output_shape
    (None, 7)
    """
    return cifar_layers(110, inputs, classifier, None, width)


def cifar_layers(depth, inputs, classifier, shortcut, width):
    """Apply a 3x3 convolution, three stages of n blocks and the classifier: 6n + 2 layers."""
    filters_of = scaled(width)
    conv = partial(Conv2D, use_bias=False, kernel_initializer="he_normal")
    conv_norm = make_conv_norm(conv, EPSILON, MOMENTUM)
    join = make_shortcut(shortcut, conv_norm)
    x = conv_norm(inputs, filters_of(FILTERS[0]), 3, name="conv1")
    x = Activation("relu", name="conv1_relu")(x)
    for stage, filters in enumerate(FILTERS, start=2):
        for block in range(1, (depth - 2) // 6 + 1):
            stride = 2 if stage > 2 and block == 1 else 1
            name = f"conv{stage}_block{block}"
            x = residual_block(x, basic, join, conv_norm, filters_of(filters), stride, name=name)
    if classifier is None:
        return x
    return classifier(GlobalAveragePooling2D(name="avg_pool")(x))
