"""FusionNet (Quan, Hildebrand & Jeong 2016, arXiv:1612.05360): a U-Net with summed skips."""

from functools import partial

from keras.layers import (
    Activation,
    Add,
    BatchNormalization,
    Conv2D,
    Conv2DTranspose,
    MaxPooling2D,
)

from ._blocks import scaled
from ._finish import Size
from ._registry import architecture

FILTERS = (64, 128, 256, 512)  # of the encoder; the decoder mirrors it
BRIDGE = 1024
STEP = 16  # four poolings halve the image


# `@architecture` passes in the input tensor, the number of classes and the last activation; users
# call the builder with the arguments of keras.applications.
@architecture(
    reference="Quan et al. 2016, arXiv:1612.05360",
    year=2016,
    input_shape=(512, 512, 1),
    classes=1,
    classifier_activation="sigmoid",
    min_size=16,
    size=Size.FREE,
    parameters=78_531_649,
    macs=425_503_752_192,
    top="the last convolution",
    returns="(N, H, W, classes)",
    options="width: factor by which to multiply the number of filters.",
)
def build_fusionnet(inputs, classes, activation, *, width=1.0):
    """FusionNet, a U-Net with residual blocks and summed skip connections: 78,531,649 parameters.

    The paper leaves some choices open. Here, all convolutions have biases, all but the last are
    batch-normalized, and the transposed convolutions and the last convolution are 3x3. With
    `include_top=False`, the model returns the 64 feature maps before the last convolution.

    >>> import kerascnn as kc
    >>> kc.build_fusionnet(width=0.125).output_shape
    (None, 512, 512, 1)
    """
    for n in inputs.shape[1:3]:
        if n is not None and n % STEP:
            raise ValueError(
                f"input_shape must have a height and width that are multiples of {STEP}, since "
                f"four poolings halve them; received {tuple(inputs.shape[1:3])}. "
                f"Nearest to {n}: {n - n % STEP} and {n - n % STEP + STEP}."
            )
    filters_of = scaled(width)
    x, skips = inputs, []
    for level, filters in enumerate(FILTERS, start=1):
        x = residual_level(x, filters_of(filters), name=f"down{level}")
        skips.append(x)
        x = MaxPooling2D(2, name=f"down{level}_pool")(x)
    x = residual_level(x, filters_of(BRIDGE), name="bridge")
    for level in reversed(range(1, len(FILTERS) + 1)):
        filters = filters_of(FILTERS[level - 1])
        x = conv_norm(x, partial(Conv2DTranspose, strides=2), filters, name=f"up{level}_deconv")
        x = Add(name=f"up{level}_add")([x, skips[level - 1]])
        x = residual_level(x, filters, name=f"up{level}")
    if classes is None:
        return x
    x = Conv2D(classes, 3, padding="same", name="scores")(x)
    return Activation(activation, dtype="float32", name="predictions")(x)


def residual_level(x, filters, *, name):
    """Apply a convolution, a residual block of three convolutions and another one: Figure 2."""
    x = start = conv_norm(x, Conv2D, filters, name=f"{name}_conv1")
    x = conv_norm(x, Conv2D, filters, name=f"{name}_res1")
    x = conv_norm(x, Conv2D, filters, name=f"{name}_res2")
    x = conv_norm(x, Conv2D, filters, activation=None, name=f"{name}_res3")
    x = Add(name=f"{name}_res_add")([start, x])
    return conv_norm(x, Conv2D, filters, name=f"{name}_conv2")


def conv_norm(x, conv, filters, *, activation: str | None = "relu", name):
    """Apply a 3x3 convolution, batch normalization and ReLU."""
    x = conv(filters, 3, padding="same", kernel_initializer="he_normal", name=f"{name}_conv")(x)
    x = BatchNormalization(name=f"{name}_bn")(x)
    return Activation(activation, name=f"{name}_relu")(x) if activation else x
