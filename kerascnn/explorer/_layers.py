"""Which layers the page computes, and what it has to know of each.

The kernels of `page/kernels.js` have the same names. A row gives the attributes of a Keras layer
that its kernel reads, under the same names.
"""

from __future__ import annotations

from dataclasses import dataclass

CONVOLUTION = ("kernel_size", "strides", "padding", "dilation_rate")
POOLING = ("pool_size", "strides", "padding")


@dataclass(frozen=True)
class Row:
    """What the page knows of a kind of layer.

    Attributes:
        options: attributes with numbers, names and shapes.
        weights: attributes with arrays; those that are `None` are left out.
        kernel: the kernel that computes it, if it has another name.
    """

    options: tuple[str, ...] = ()
    weights: tuple[str, ...] = ()
    kernel: str | None = None


IDENTITY = Row(kernel="Identity")

ROWS = {
    "InputLayer": Row(),
    "Conv2D": Row((*CONVOLUTION, "groups"), ("kernel", "bias")),
    "Dense": Row((), ("kernel", "bias")),
    "MaxPooling2D": Row(POOLING),
    "AveragePooling2D": Row(POOLING),
    "Flatten": Row(),
    "Reshape": Row(),
    "Activation": Row(),
    "Identity": IDENTITY,
    "Dropout": IDENTITY,
}
