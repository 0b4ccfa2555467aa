"""GoogLeNet (Szegedy et al. 2014, arXiv:1409.4842), Table 1, and a single Inception module."""

from collections.abc import Sequence
from functools import partial

import keras
from keras.initializers import Constant
from keras.layers import (
    Activation,
    AveragePooling2D,
    BatchNormalization,
    Concatenate,
    Conv2D,
    Dense,
    Dropout,
    Flatten,
    GlobalAveragePooling2D,
    MaxPooling2D,
)

from kerascnn._checks import is_whole
from kerascnn._errors import unknown
from kerascnn.layers import AdaptiveAveragePooling2D, LocalResponseNormalization

from ._blocks import ceil_max_pool, padded
from ._finish import Size
from ._registry import architecture

TABLE_1 = {  # 1x1, 3x3 reduce, 3x3, 5x5 reduce, 5x5, pool proj
    "3a": (64, 96, 128, 16, 32, 32),
    "3b": (128, 128, 192, 32, 96, 64),
    "4a": (192, 96, 208, 16, 48, 64),
    "4b": (160, 112, 224, 24, 64, 64),
    "4c": (128, 128, 256, 24, 64, 64),
    "4d": (112, 144, 288, 32, 64, 64),
    "4e": (256, 160, 320, 32, 128, 128),
    "5a": (256, 160, 320, 32, 128, 128),
    "5b": (384, 192, 384, 48, 128, 128),
}
POOL_AFTER = {"3b": "pool3", "4e": "pool4"}
AUXILIARY_AFTER = {"4a": "loss1", "4d": "loss2"}  # section 5

# torchvision has no local response normalization, 3x3 kernels in the branch named "5x5"
# (pytorch/vision#906), 2x2 windows in pool4 and a lower dropout rate.
VARIANTS = {
    "paper": {"norm": True, "kernel_5x5": 5, "pool4": 3, "dropout": 0.4},
    "torchvision": {"norm": False, "kernel_5x5": 3, "pool4": 2, "dropout": 0.2},
}
KINDS = ("naive", "reduced")
CS231N = (128, 64, 192, 64, 96, 64)  # the module of the lecture, for an input of 28x28x256


# `@architecture` passes in the input tensor, the last dense layer, the number of classes and the
# last activation; users call the builder with the arguments of keras.applications.
@architecture(
    reference="Szegedy et al. 2014, Going deeper with convolutions, arXiv:1409.4842",
    year=2014,
    input_shape=(224, 224, 3),
    min_size=32,
    size=Size.FREE,
    parameters={"paper": 6_998_552, "torchvision": 6_624_904},
    macs={"paper": 1_582_671_872, "torchvision": 1_498_376_192},
    options=(
        'variant: "paper", with local response normalization as in BVLC\'s model; or\n'
        '    "torchvision", with batch normalization and 3x3 kernels in the branch named "5x5".\n'
        "auxiliary: whether to return the two auxiliary classifiers too, as [main, loss1, loss2].\n"
        "    Train with `loss_weights=[1, 0.3, 0.3]`. For inference, keep the main output only:\n"
        "    `keras.Model(model.input, model.outputs[0])`."
    ),
)
def build_googlenet(inputs, classifier, classes, activation, *, variant="paper", auxiliary=False):
    """GoogLeNet, nine Inception modules: 6,998,552 parameters, or 13,378,280 with auxiliary heads.

    DEVIATION: the last average pooling is global; for images of 224x224 that is 7x7, as in the
    paper.

    >>> import kerascnn as kc
    >>> kc.build_googlenet(include_top=False).count_params()  # without the 1,025,000 on top
    5973552
    """
    config = VARIANTS[variant]
    conv = batch_normalized if variant == "torchvision" else rectified
    norm = partial(LocalResponseNormalization, k=1.0, convention="caffe")  # bvlc_googlenet
    heads = []

    x = conv(inputs, 64, 7, 2, name="conv1_7x7_s2")
    x = ceil_max_pool(x, 3, name="pool1_3x3_s2")
    if config["norm"]:
        x = norm(name="pool1_norm1")(x)
    x = conv(x, 64, 1, name="conv2_3x3_reduce")
    x = conv(x, 192, 3, name="conv2_3x3")
    if config["norm"]:
        x = norm(name="conv2_norm2")(x)
    x = ceil_max_pool(x, 3, name="pool2_3x3_s2")
    for module, filters in TABLE_1.items():
        x = inception(x, conv, filters, config["kernel_5x5"], name=f"inception_{module}")
        if module in POOL_AFTER:
            pool = POOL_AFTER[module]
            x = ceil_max_pool(x, config.get(pool, 3), name=f"{pool}_max")
        if auxiliary and module in AUXILIARY_AFTER:
            heads.append((AUXILIARY_AFTER[module], x))
    if classifier is None:
        if auxiliary:
            raise ValueError(
                "auxiliary must be False with include_top=False, which omits all classifiers."
            )
        return x

    x = GlobalAveragePooling2D(name="pool5")(x)
    x = Dropout(config["dropout"], name="pool5_dropout")(x)
    main = classifier(x)
    if not auxiliary:
        return main
    side = partial(auxiliary_head, conv=conv, variant=variant)
    last = partial(Dense, classes, activation=activation, dtype="float32")
    return [main, *(last(name=f"{name}_classifier")(side(x, name=name)) for name, x in heads)]


def inception(x, conv, filters, kernel_5x5=5, *, name):
    """Apply four branches in parallel and concatenate their maps: Figure 2b."""
    n1x1, n3x3_reduce, n3x3, n5x5_reduce, n5x5, pool_proj = filters
    b1 = conv(x, n1x1, 1, name=f"{name}_1x1")
    b2 = conv(x, n3x3_reduce, 1, name=f"{name}_3x3_reduce")
    b2 = conv(b2, n3x3, 3, name=f"{name}_3x3")
    b3 = conv(x, n5x5_reduce, 1, name=f"{name}_5x5_reduce")
    b3 = conv(b3, n5x5, kernel_5x5, name=f"{name}_5x5")
    b4 = MaxPooling2D(3, 1, padding="same", name=f"{name}_pool")(x)
    b4 = conv(b4, pool_proj, 1, name=f"{name}_pool_proj")
    return Concatenate(name=f"{name}_output")([b1, b2, b3, b4])


def naive_inception(x, conv, filters, *, name):
    """Apply the branches without 1x1 reductions: Figure 2a."""
    n1x1, _n3x3_reduce, n3x3, _n5x5_reduce, n5x5, _pool_proj = filters
    branches = [
        conv(x, n1x1, 1, name=f"{name}_1x1"),
        conv(x, n3x3, 3, name=f"{name}_3x3"),
        conv(x, n5x5, 5, name=f"{name}_5x5"),
        MaxPooling2D(3, 1, padding="same", name=f"{name}_pool")(x),
    ]
    return Concatenate(name=f"{name}_output")(branches)


def rectified(x, filters, kernel, stride=1, *, name):
    """Apply a convolution and ReLU; biases start at 0.2, as in bvlc_googlenet."""
    conv = partial(Conv2D, activation="relu", bias_initializer=Constant(0.2))
    return padded(x, conv, filters, kernel, stride, name=name)


def batch_normalized(x, filters, kernel, stride=1, *, name):
    """Apply a convolution, batch normalization and ReLU: torchvision's BasicConv2d."""
    x = padded(x, partial(Conv2D, use_bias=False), filters, kernel, stride, name=f"{name}_conv")
    x = BatchNormalization(epsilon=1e-3, momentum=0.9, name=f"{name}_bn")(x)
    return Activation("relu", name=name)(x)


def auxiliary_head(x, *, conv, variant, name):
    """Apply all layers of an auxiliary classifier but the last: section 5."""
    if None in x.shape[1:3] or min(x.shape[1:3]) < 5:
        raise ValueError(
            "input_shape must be static and at least 80x80 with auxiliary=True, since the "
            f"auxiliary heads average over 5x5 windows; received maps of {x.shape[1:3]} there."
        )
    if variant == "torchvision":
        x = AdaptiveAveragePooling2D(4, name=f"{name}_ave_pool")(x)
    else:
        x = AveragePooling2D(5, 3, name=f"{name}_ave_pool")(x)
    x = conv(x, 128, 1, name=f"{name}_conv")
    x = Flatten(name=f"{name}_flatten")(x)
    x = Dense(1024, activation="relu", name=f"{name}_fc")(x)
    return Dropout(0.7, name=f"{name}_dropout")(x)


def build_inception_module(
    kind: str = "reduced",
    input_shape: tuple[int | None, int | None, int] = (28, 28, 256),
    *,
    filters: Sequence[int] = CS231N,
) -> keras.Model:
    """Build one Inception module, to compare its cost with and without 1x1 reductions.

    Args:
        kind: "naive" (Figure 2a) or "reduced" (Figure 2b).
        input_shape: (H, W, C).
        filters: number of filters of the convolutions, in the order of Table 1: 1x1, 3x3 reduce,
            3x3, 5x5 reduce, 5x5, pool proj. The default is the example of Stanford's CS231n. A
            naive module has no reductions and no projection, and ignores their numbers.

    Returns:
        A functional `keras.Model`, from maps (N, H, W, C) float to (N, H, W, sum of the filters of
        all branches).

    Raises:
        ValueError: If an argument is out of range.

    >>> import kerascnn as kc
    >>> [kc.build_inception_module(kind).output_shape[-1] for kind in ("naive", "reduced")]
    [672, 480]
    >>> kc.describe(kc.build_inception_module("naive")).macs
    854196224
    """
    if kind not in KINDS:
        raise unknown("kind", kind, KINDS)
    if len(filters) != 6 or not all(is_whole(n, 1) for n in filters):
        raise ValueError(f"filters must be six numbers, a row of Table 1; received {filters!r}.")
    if len(input_shape) != 3 or input_shape[-1] is None:
        raise ValueError(
            f"input_shape must be (height, width, channels), such as (28, 28, 256); "
            f"received {input_shape}."
        )
    inputs = keras.Input(input_shape, name="input")
    module = inception if kind == "reduced" else naive_inception
    outputs = module(inputs, rectified, filters, name="inception")
    return keras.Model(inputs, outputs, name=f"inception_{kind}")
