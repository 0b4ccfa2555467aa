"""YOLO, version 1 (Redmon, Divvala, Girshick & Farhadi 2016, arXiv:1506.02640), Figure 3."""

from functools import partial

from keras.layers import (
    Activation,
    BatchNormalization,
    Conv2D,
    Dense,
    Dropout,
    Flatten,
    LeakyReLU,
    MaxPooling2D,
    Reshape,
)

from kerascnn._checks import check_count

from ._blocks import padded, scaled
from ._registry import architecture

POOL = "pool"  # 2x2, stride 2
FIGURE_3 = (  # filters, kernel, stride
    (64, 7, 2), POOL,
    (192, 3, 1), POOL,
    (128, 1, 1), (256, 3, 1), (256, 1, 1), (512, 3, 1), POOL,
    *4 * ((256, 1, 1), (512, 3, 1)), (512, 1, 1), (1024, 3, 1), POOL,
    *2 * ((512, 1, 1), (1024, 3, 1)), (1024, 3, 1), (1024, 3, 2),
    (1024, 3, 1), (1024, 3, 1),
)  # fmt: skip
SMALL = (  # the same design for 112x112 pixels: one stride, three poolings, 7x7 cells
    (16, 5, 2), (32, 3, 1), POOL,
    (64, 3, 1), POOL,
    (128, 3, 1), POOL,
    (256, 3, 1), (256, 3, 1),
)  # fmt: skip
VARIANTS = {"paper": FIGURE_3, "small": SMALL}
MOMENTUM = 0.9  # of the averages of batch normalization, since trainings of "small" are short
FC = 4096
LEAK = 0.1  # Equation 2
BOX = 5  # x, y, w, h and confidence


# `@architecture` passes in the input tensor, the number of classes and the last activation; users
# call the builder with the arguments of keras.applications.
@architecture(
    reference="Redmon et al. 2016, arXiv:1506.02640",
    year=2016,
    input_shape={"paper": (448, 448, 3), "small": (112, 112, 3)},
    classes=20,
    classifier_activation=None,
    min_size={"paper": 64, "small": 16},
    parameters={"paper": 271_703_550, "small": 991_918},
    macs={"paper": 20_285_153_280, "small": 90_843_648},
    top="the layers that return the grid",
    returns='(N, H / 64, W / 64, boxes · 5 + classes); H / 16, W / 16 with variant="small"',
    options=(
        'variant: "paper"; or "small", for images of 112x112, specific to this package: six\n'
        "    convolutions with batch normalization, and one of 1x1 that returns the grid.\n"
        "boxes: number of boxes per cell of the grid, the paper's B.\n"
        'dropout: dropout rate after the hidden dense layer (section 2.2: 0.5), which the "small"\n'
        "    variant lacks.\n"
        "width: factor by which to multiply the number of filters and of hidden units."
    ),
)
def build_yolov1(inputs, classes, activation, *, variant="paper", boxes=2, dropout=0.5, width=1.0):
    """YOLOv1, 24 convolutions and two dense layers: 271,703,550 parameters.

    The output is a grid of cells, 7x7 for images of 448x448. Each cell holds `boxes` times
    (x, y, w, h, confidence), followed by a score for each class. With `include_top=False`, the
    model returns the last feature maps, (N, 7, 7, 1024).

    The "small" variant learns from a few thousand images without pretraining, as it is normalized
    and its last convolution sees every cell with the same weights.

    DEVIATION: the numbers of a cell are not in the order in which darknet stores them.

    >>> import kerascnn as kc
    >>> kc.build_yolov1(include_top=False).count_params()
    60155968
    """
    boxes = check_count("boxes", boxes)
    filters_of = scaled(width)
    conv = partial(Conv2D, use_bias=variant == "paper")  # a normalization has biases of its own
    x, convolutions, pools = inputs, 0, 0
    for row in VARIANTS[variant]:
        if isinstance(row, str):  # POOL
            pools += 1
            x = MaxPooling2D(2, name=f"pool{pools}")(x)
        else:
            convolutions += 1
            (filters, kernel, stride), name = row, f"conv{convolutions}"
            x = padded(x, conv, filters_of(filters), kernel, stride, name=name)
            if variant == "small":
                x = BatchNormalization(momentum=MOMENTUM, name=f"{name}_bn")(x)
            x = leaky(name)(x)
    if classes is None:
        return x
    cell = boxes * BOX + classes
    if variant == "small":
        x = Conv2D(cell, 1, dtype="float32", name="scores")(x)
        return Activation(activation, dtype="float32", name="predictions")(x)
    _n, height, width, _filters = x.shape
    x = Flatten(name="flatten")(x)
    x = Dense(filters_of(FC), name="fc1")(x)
    x = leaky("fc1")(x)
    x = Dropout(dropout, name="fc1_dropout")(x)
    x = Dense(height * width * cell, activation=activation, dtype="float32", name="fc2")(x)
    return Reshape((height, width, cell), dtype="float32", name="predictions")(x)


def leaky(name):
    """Return a ReLU with a slope of 0.1 below zero: Equation 2."""
    return LeakyReLU(negative_slope=LEAK, name=f"{name}_leaky")
