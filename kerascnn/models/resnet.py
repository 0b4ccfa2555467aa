"""ResNets and plain networks (He, Zhang, Ren & Sun 2015, arXiv:1512.03385): Table 1, Figure 3."""

from functools import partial

from keras.layers import (
    Activation,
    Add,
    BatchNormalization,
    Conv2D,
    GlobalAveragePooling2D,
    MaxPooling2D,
    ZeroPadding2D,
)

from kerascnn._errors import unknown
from kerascnn.layers import ZeroPaddingShortcut

from ._blocks import padded, scaled
from ._finish import Size
from ._registry import architecture

TABLE_1 = {  # block type, and number of blocks in conv2_x, conv3_x, conv4_x and conv5_x
    18: ("basic", (2, 2, 2, 2)),
    34: ("basic", (3, 4, 6, 3)),
    50: ("bottleneck", (3, 4, 6, 3)),
    101: ("bottleneck", (3, 4, 23, 3)),
    152: ("bottleneck", (3, 8, 36, 3)),
}
FILTERS = (64, 128, 256, 512)
EXPANSION = 4  # the last 1x1 convolution of a bottleneck has four times as many filters
SHORTCUTS = ("A", "B", "C")  # section 3.3: zero-padding, projection where needed, all projections

# `strided` is the convolution of a bottleneck that has the stride: the first 1x1 in the paper, the
# 3x3 in torchvision. A bias before batch normalization has no effect; "v1" has one in ResNet-50
# and deeper because keras.applications does, so that its weights can be loaded.
VARIANTS = {
    "v1": {"epsilon": 1.001e-5, "momentum": 0.99, "strided": 1},
    "v1.5": {"epsilon": 1e-5, "momentum": 0.9, "strided": 2},
}

imagenet_architecture = partial(
    architecture,
    reference="He et al. 2015, arXiv:1512.03385",
    year=2015,
    input_shape=(224, 224, 3),
    min_size=32,
    size=Size.FREE,
)
OPTIONS = (
    'variant: "v1" has the strides of the paper and the layers of keras.applications; "v1.5"\n'
    "    is torchvision's ResNet, with the stride in the 3x3 convolution of a bottleneck and\n"
    "    no biases.\n"
    'shortcut: type of shortcut. "A" pads with zeros, "B" uses a projection where the shape\n'
    '    changes, "C" uses projections everywhere.\n'
    "width: factor by which to multiply the number of filters."
)
resnet_architecture = partial(imagenet_architecture, options=OPTIONS)
plain_architecture = partial(
    imagenet_architecture, options="width: factor by which to multiply the number of filters."
)


# `@resnet_architecture` passes in the input tensor and the last dense layer; users call the builder
# with the arguments of keras.applications.
@resnet_architecture(
    parameters={"v1": 11_689_512, "v1.5": 11_689_512},
    macs={"v1": 1_814_073_344, "v1.5": 1_814_073_344},
)
def build_resnet18(inputs, classifier, *, variant="v1", shortcut="B", width=1.0):
    """ResNet-18, basic blocks: 11,689,512 parameters.

    >>> import kerascnn as kc
    >>> kc.build_resnet18(width=0.25, include_top=False).output_shape
    (None, None, None, 128)
    """
    return residual_layers(18, inputs, classifier, variant, shortcut, width)


@resnet_architecture(
    parameters={"v1": 21_797_672, "v1.5": 21_797_672},
    macs={"v1": 3_663_761_408, "v1.5": 3_663_761_408},
)
def build_resnet34(inputs, classifier, *, variant="v1", shortcut="B", width=1.0):
    """ResNet-34, basic blocks: 21,797,672 parameters.

    >>> import kerascnn as kc
    >>> kc.build_resnet34(width=0.25, include_top=False, pooling="avg").output_shape
    (None, 128)
    """
    return residual_layers(34, inputs, classifier, variant, shortcut, width)


@resnet_architecture(
    parameters={"v1": 25_583_592, "v1.5": 25_557_032},
    macs={"v1": 3_857_973_248, "v1.5": 4_089_184_256},
)
def build_resnet50(inputs, classifier, *, variant="v1", shortcut="B", width=1.0):
    """ResNet-50, bottleneck blocks: 25,583,592 trainable parameters, as in keras.applications.

    >>> import kerascnn as kc
    >>> kc.build_resnet50(width=0.125, include_top=False, pooling="avg").output_shape
    (None, 256)
    """
    return residual_layers(50, inputs, classifier, variant, shortcut, width)


@resnet_architecture(
    parameters={"v1": 44_601_832, "v1.5": 44_549_160},
    macs={"v1": 7_570_194_432, "v1.5": 7_801_405_440},
)
def build_resnet101(inputs, classifier, *, variant="v1", shortcut="B", width=1.0):
    """ResNet-101, bottleneck blocks: 44,601,832 trainable parameters, as in keras.applications.

    >>> import kerascnn as kc
    >>> kc.build_resnet101(width=0.125, include_top=False, pooling="avg").output_shape
    (None, 256)
    """
    return residual_layers(101, inputs, classifier, variant, shortcut, width)


@resnet_architecture(
    parameters={"v1": 60_268_520, "v1.5": 60_192_808},
    macs={"v1": 11_282_415_616, "v1.5": 11_513_626_624},
)
def build_resnet152(inputs, classifier, *, variant="v1", shortcut="B", width=1.0):
    """ResNet-152, bottleneck blocks: 60,268,520 trainable parameters, as in keras.applications.

    >>> import kerascnn as kc
    >>> kc.build_resnet152(width=0.125, include_top=False, pooling="avg").output_shape
    (None, 256)
    """
    return residual_layers(152, inputs, classifier, variant, shortcut, width)


@plain_architecture(parameters=11_515_688, macs=1_794_805_760)
def build_plain18(inputs, classifier, *, width=1.0):
    """Plain-18, ResNet-18 without its shortcuts: 11,515,688 parameters.

    >>> import kerascnn as kc
    >>> kc.build_plain18(width=0.25, classes=7).output_shape
    (None, 7)
    """
    return residual_layers(18, inputs, classifier, "v1", None, width)


@plain_architecture(parameters=21_623_848, macs=3_644_493_824)
def build_plain34(inputs, classifier, *, width=1.0):
    """Plain-34, ResNet-34 without its shortcuts: 21,623,848 parameters.

    >>> import kerascnn as kc
    >>> kc.build_plain34(width=0.25, classes=7).output_shape
    (None, 7)
    """
    return residual_layers(34, inputs, classifier, "v1", None, width)


def residual_layers(depth, inputs, classifier, variant, shortcut, width):
    """Apply the layers of one column of Table 1; `shortcut=None` leaves out the shortcuts."""
    filters_of, config = scaled(width), VARIANTS[variant]
    kind, blocks_of_stages = TABLE_1[depth]
    bottlenecks = kind == "bottleneck"
    conv = partial(
        Conv2D,
        use_bias=bottlenecks and variant == "v1",
        kernel_initializer="he_normal",  # section 3.4, He et al. 2015, arXiv:1502.01852
    )
    conv_norm = make_conv_norm(conv, config["epsilon"], config["momentum"])
    branch = partial(bottleneck, strided=config["strided"]) if bottlenecks else basic
    join = make_shortcut(shortcut, conv_norm)

    x = conv_norm(inputs, filters_of(64), 7, 2, name="conv1")
    x = Activation("relu", name="conv1_relu")(x)
    x = ZeroPadding2D(1, name="pool1_pad")(x)
    x = MaxPooling2D(3, 2, name="pool1_pool")(x)
    for stage, (blocks, filters) in enumerate(zip(blocks_of_stages, FILTERS, strict=True), start=2):
        for block in range(1, blocks + 1):
            stride = 2 if stage > 2 and block == 1 else 1
            name = f"conv{stage}_block{block}"
            x = residual_block(x, branch, join, conv_norm, filters_of(filters), stride, name=name)
    if classifier is None:
        return x
    return classifier(GlobalAveragePooling2D(name="avg_pool")(x))


def make_conv_norm(conv, epsilon, momentum):
    """Return a function that applies a convolution and batch normalization."""

    def conv_norm(x, filters, kernel, stride=1, *, name):
        x = padded(x, conv, filters, kernel, stride, name=f"{name}_conv")
        return BatchNormalization(epsilon=epsilon, momentum=momentum, name=f"{name}_bn")(x)

    return conv_norm


def basic(x, conv_norm, filters, stride, *, name):
    """Apply two 3x3 convolutions: Figure 5, left."""
    x = conv_norm(x, filters, 3, stride, name=f"{name}_1")
    x = Activation("relu", name=f"{name}_1_relu")(x)
    return conv_norm(x, filters, 3, name=f"{name}_2")


def bottleneck(x, conv_norm, filters, stride, *, strided, name):
    """Apply 1x1, 3x3 and 1x1 convolutions: Figure 5, right."""
    x = conv_norm(x, filters, 1, stride if strided == 1 else 1, name=f"{name}_1")
    x = Activation("relu", name=f"{name}_1_relu")(x)
    x = conv_norm(x, filters, 3, stride if strided == 2 else 1, name=f"{name}_2")
    x = Activation("relu", name=f"{name}_2_relu")(x)
    return conv_norm(x, EXPANSION * filters, 1, name=f"{name}_3")


def residual_block(x, branch, join, conv_norm, filters, stride, *, name):
    """Compute y = F(x) + x (Equation 1), then ReLU; a plain network computes F(x) alone."""
    outputs = EXPANSION * filters if branch is not basic else filters
    shortcut = join and join(x, outputs, stride, name=f"{name}_0")
    x = branch(x, conv_norm, filters, stride, name=name)
    if join:
        x = Add(name=f"{name}_add")([shortcut, x])
    return Activation("relu", name=f"{name}_out")(x)


def make_shortcut(option, conv_norm):
    """Return a function that applies one of the shortcuts of section 3.3; `None` for none."""
    if option is not None and option not in SHORTCUTS:
        raise unknown("shortcut", option, SHORTCUTS)

    def join(x, filters, stride, *, name):
        fits = stride == 1 and x.shape[-1] == filters
        if fits and option != "C":
            return x
        if option == "A":
            return ZeroPaddingShortcut(filters, stride, name=f"{name}_pad")(x)
        return conv_norm(x, filters, 1, stride, name=name)

    return join if option else None
