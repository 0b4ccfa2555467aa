"""U-Net (Ronneberger, Fischer & Brox 2015, arXiv:1505.04597), Figure 1."""

from functools import partial

from keras.layers import (
    Activation,
    Concatenate,
    Conv2D,
    Conv2DTranspose,
    Cropping2D,
    Dropout,
    MaxPooling2D,
)

from ._blocks import scaled
from ._finish import Size
from ._registry import architecture

FILTERS = (64, 128, 256, 512)  # of the contracting path; the expansive path mirrors it
BRIDGE = 1024
CROPS = (88, 40, 16, 4)  # pixels cropped from each side of the skipped maps, by level
# A size is valid if it is STEP·n + REST, since the maps must have an even size before each of the
# four poolings. With "valid" padding, each level of the contracting path loses 4 pixels, which
# adds up to 4 + 8 + 16 + 32 pixels of the image.
STEP = 16
REST = {"valid": 60, "same": 0}
SMALLEST = {"valid": 188, "same": 16}  # 188 -> 4; below it, a map of the expansive path is empty


# `@architecture` passes in the input tensor, the number of classes and the last activation; users
# call the builder with the arguments of keras.applications.
@architecture(
    reference="Ronneberger et al. 2015, arXiv:1505.04597",
    year=2015,
    input_shape={"valid": (572, 572, 1), "same": (512, 512, 1)},
    classes=2,
    min_size=1,
    size=Size.FREE,
    parameters={"valid": 31_030_658, "same": 31_030_658},
    macs={"valid": 150_428_424_448, "same": 192_384_335_872},
    variant_option="padding",
    top="the last 1x1 convolution",
    returns='(N, H, W, classes) with padding="same"; with "valid", H and W are 184 smaller',
    options=(
        'padding: "valid" as in the paper, from 572x572 to 388x388; or "same", which returns maps\n'
        "    of the size of the image.\n"
        "dropout: dropout rate at the end of the contracting path (section 3.1).\n"
        "width: factor by which to multiply the number of filters."
    ),
)
def build_unet(inputs, classes, activation, *, padding="valid", dropout=0.5, width=1.0):
    """U-Net, which classifies each pixel; 23 convolutions: 31,030,658 parameters.

    With "valid" padding, the output lacks 92 pixels on each side: pad the images beforehand, for
    example by mirroring their edges. With `include_top=False`, the model returns the 64 feature
    maps before the last 1x1 convolution.

    The paper leaves two choices open: the dropout rate, which is 0.5 here, and whether a ReLU
    follows each up-convolution, which it does here.

    >>> import kerascnn as kc
    >>> kc.build_unet(width=0.125).output_shape
    (None, 388, 388, 2)
    """
    check_size(inputs.shape[1:3], padding)
    filters_of = scaled(width)
    conv = partial(
        Conv2D, kernel_size=3, padding=padding, activation="relu", kernel_initializer="he_normal"
    )

    def twice(x, filters, name):
        for i in (1, 2):
            x = conv(filters_of(filters), name=f"{name}_conv{i}")(x)
        return x

    x, skips = inputs, []
    for level, filters in enumerate(FILTERS, start=1):
        x = twice(x, filters, f"down{level}")
        if level == len(FILTERS):
            x = Dropout(dropout, name=f"down{level}_dropout")(x)
        skips.append(x)
        x = MaxPooling2D(2, name=f"down{level}_pool")(x)
    x = twice(x, BRIDGE, "bridge")
    x = Dropout(dropout, name="bridge_dropout")(x)

    for level in reversed(range(1, len(FILTERS) + 1)):
        filters, skip, crop = FILTERS[level - 1], skips[level - 1], CROPS[level - 1]
        up = Conv2DTranspose(filters_of(filters), 2, 2, activation="relu", name=f"up{level}")
        if padding == "valid":
            skip = Cropping2D(crop, name=f"up{level}_crop")(skip)
        x = Concatenate(name=f"up{level}_concat")([skip, up(x)])
        x = twice(x, filters, f"up{level}")
    if classes is None:
        return x
    x = Conv2D(classes, 1, kernel_initializer="he_normal", name="scores")(x)
    return Activation(activation, dtype="float32", name="predictions")(x)


def check_size(size, padding):
    """Check that all poolings halve the height and width evenly; suggest sizes if they do not."""
    for n in size:
        if n is None:
            continue
        if n < SMALLEST[padding] or (n - REST[padding]) % STEP:
            below = n - (n - REST[padding]) % STEP
            near = [s for s in (below, below + STEP) if s >= SMALLEST[padding]]
            near = " and ".join(map(str, near or [SMALLEST[padding]]))
            raise ValueError(
                f"input_shape must have a height and width that can be halved four times with "
                f"padding={padding!r}: {SMALLEST[padding]} plus a multiple of {STEP}; "
                f"received {tuple(size)}. Nearest to {n}: {near}."
            )
