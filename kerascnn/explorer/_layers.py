"""Which layers the page computes, and what its kernels have to know of each.

The kernels in `page/` have the names of Keras's classes, and read the attributes of the
layers under the same names.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from keras import layers

from kerascnn import layers as own

from ._activations import axes

CONVOLUTION = ("kernel_size", "strides", "padding", "dilation_rate")
POOLING = ("pool_size", "strides", "padding")
LRN = ("size", "k", "alpha", "beta", "convention")
KERNELS_OF_UPSAMPLING = {"nearest": "UpSampling2D", "bilinear": "BilinearUpSampling2D"}
MOVING = ("gamma", "beta", "moving_mean", "moving_variance")


@dataclass(frozen=True)
class Row:
    """What the page knows of a kind of layer.

    Attributes:
        options: attributes with numbers, names and shapes.
        weights: attributes with arrays; those that are `None` are left out.
        kernel: the kernel that computes it, if it has another name.
        more: gives further options and weights, from a layer and the shape of its input with the
            batch; raises a `ValueError` that names what the page does not have.
    """

    options: tuple[str, ...] = ()
    weights: tuple[str, ...] = ()
    kernel: str | None = None
    more: Callable[[Any, tuple], tuple[dict, dict]] | None = None


def axis_of(layer: Any, shape: tuple) -> tuple[dict, dict]:
    """The axes, counted from the first after the batch."""
    found = axes(layer.axis, len(shape))
    several = isinstance(layer, (layers.LayerNormalization, layers.RMSNormalization))
    return {"axis": found if several else found[0]}, {}


def rms(layer: Any, shape: tuple) -> tuple[dict, dict]:
    """A layer normalization that does not take off the mean."""
    return {**axis_of(layer, shape)[0], "rms_scaling": True}, {"gamma": layer.scale}


def groups(layer: Any, shape: tuple) -> tuple[dict, dict]:
    """Groups of channels; -1 are as many as channels."""
    axis = axis_of(layer, shape)[0]
    return {**axis, "groups": layer.groups if layer.groups > 0 else shape[layer.axis]}, {}


def prelu(layer: Any, shape: tuple) -> tuple[dict, dict]:
    """Slopes with sizes of 1 along shared axes."""
    return {"alpha_shape": list(layer.alpha.shape)}, {}


def rescaling(layer: Any, shape: tuple) -> tuple[dict, dict]:
    """`x * scale + offset`, a number each or one for each channel."""
    return {}, _for_channels(np.asarray(layer.scale), np.asarray(layer.offset), shape)


def normalization(layer: Any, shape: tuple) -> tuple[dict, dict]:
    """`(x - mean) / deviation`, or its inverse."""
    mean = np.asarray(layer.mean)
    variance = np.asarray(layer.variance)
    deviation = np.maximum(np.sqrt(variance), keras.config.epsilon())
    if layer.invert:
        return {}, _for_channels(deviation, mean, shape)
    return {}, _for_channels(1 / deviation, -mean / deviation, shape)


def _for_channels(scale: np.ndarray, offset: np.ndarray, shape: tuple) -> dict[str, np.ndarray]:
    """Both in the shape of a number, of the channels, or of all of an input."""
    for size in ((), shape[-1:], shape[1:]):
        try:
            of_size = [np.broadcast_to(each, (1, *size)) for each in (scale, offset)]
        except ValueError:
            continue
        return dict(zip(("scale", "offset"), (np.ravel(each) for each in of_size), strict=True))
    raise ValueError(f"a scale of shape {scale.shape}")


def center_crop(layer: Any, shape: tuple) -> tuple[dict, dict]:
    """Rows and columns before the centre that is kept."""
    sides = zip(shape[1:3], (layer.height, layer.width), strict=True)
    before = [(size - kept) // 2 for size, kept in sides]
    if min(before) < 0:
        raise ValueError("a crop that is larger than its input")
    return {"cropping": [[n, 0] for n in before]}, {}


def upsampling(layer: Any, shape: tuple) -> tuple[dict, dict]:
    """Nearest or bilinear, which are two kernels."""
    if layer.interpolation not in KERNELS_OF_UPSAMPLING:
        raise ValueError(f"the interpolation {layer.interpolation!r}")
    return {}, {}


def s_cells(layer: Any, shape: tuple) -> tuple[dict, dict]:
    """The fixed weights, and what keeps the gradient of the root finite."""
    return {"dilation_rate": [1, 1], "epsilon": keras.config.epsilon()}, {"c": np.ravel(layer.c)}


def c_cells(layer: Any, shape: tuple) -> tuple[dict, dict]:
    """The fixed weights, which are the same for each plane."""
    return {"dilation_rate": [1, 1]}, {"d": layer._d}


IDENTITY = Row(kernel="Identity")
ROWS: dict[type, Row] = {
    layers.InputLayer: Row(),
    layers.Conv2D: Row((*CONVOLUTION, "groups"), ("kernel", "bias")),
    layers.DepthwiseConv2D: Row(CONVOLUTION, ("kernel", "bias")),
    layers.SeparableConv2D: Row(CONVOLUTION, ("depthwise_kernel", "pointwise_kernel", "bias")),
    layers.Conv2DTranspose: Row(CONVOLUTION, ("kernel", "bias")),
    layers.Dense: Row((), ("kernel", "bias")),
    layers.MaxPooling2D: Row(POOLING),
    layers.AveragePooling2D: Row(POOLING),
    layers.GlobalAveragePooling2D: Row(),
    layers.GlobalMaxPooling2D: Row(),
    layers.BatchNormalization: Row(("epsilon",), MOVING, more=axis_of),
    layers.LayerNormalization: Row(("epsilon", "rms_scaling"), ("gamma", "beta"), more=axis_of),
    layers.RMSNormalization: Row(("epsilon",), more=rms),
    layers.GroupNormalization: Row(("epsilon",), ("gamma", "beta"), more=groups),
    layers.Rescaling: Row(kernel="Affine", more=rescaling),
    layers.Normalization: Row(kernel="Affine", more=normalization),
    layers.PReLU: Row((), ("alpha",), more=prelu),
    layers.Add: Row(),
    layers.Subtract: Row(),
    layers.Multiply: Row(),
    layers.Average: Row(),
    layers.Maximum: Row(),
    layers.Minimum: Row(),
    layers.Concatenate: Row(more=axis_of),
    layers.ZeroPadding2D: Row(("padding",)),
    layers.Cropping2D: Row(("cropping",)),
    layers.CenterCrop: Row(kernel="Cropping2D", more=center_crop),
    layers.UpSampling2D: Row(("size", "interpolation"), more=upsampling),
    layers.Permute: Row(("dims",)),
    layers.RepeatVector: Row(),
    own.AdaptiveAveragePooling2D: Row(),
    own.CCells: Row(("kernel_size", "strides", "padding", "saturation"), more=c_cells),
    own.CropLike: Row(("offset",)),
    own.LocalResponseNormalization: Row(LRN),
    own.LocallyConnected2D: Row(("kernel_size", "strides", "padding"), ("kernel", "bias")),
    own.RBFOutput: Row((), ("centres",)),
    own.SCells: Row(("kernel_size", "strides", "padding", "selectivity"), ("a", "b"), more=s_cells),
    own.TableConv2D: Row(("kernel_size", "strides", "padding", "table"), ("kernel", "bias")),
    own.TrainableSubsampling2D: Row(POOLING, ("coefficient", "bias")),
    own.ZeroPaddingShortcut: Row(("strides",)),
    **dict.fromkeys(  # that only bring another shape, or do something in training only
        (
            layers.Activation, layers.ActivityRegularization, layers.AlphaDropout, layers.Dropout,
            layers.ELU, layers.Flatten, layers.GaussianDropout, layers.GaussianNoise,
            layers.Identity, layers.LeakyReLU, layers.ReLU, layers.Reshape, layers.Softmax,
            layers.SpatialDropout2D, layers.RandomBrightness, layers.RandomContrast,
            layers.RandomFlip, layers.RandomRotation, layers.RandomTranslation, layers.RandomZoom,
        ),
        IDENTITY,
    ),
}  # fmt: skip
if hasattr(layers, "AdaptiveAveragePooling2D"):  # newer than the oldest supported Keras
    ROWS[layers.AdaptiveAveragePooling2D] = Row()

# Operations of `keras.ops` on several tensors, which are computed as layers are.
OPERATIONS = {
    "Add": "Add",
    "Subtract": "Subtract",
    "Multiply": "Multiply",
    "Maximum": "Maximum",
    "Minimum": "Minimum",
    "Concatenate": "Concatenate",
}
# … and of one tensor and a number c: scale and offset.
ARITHMETIC = {
    "Add": lambda c: (1.0, c),
    "Subtract": lambda c: (1.0, -c),
    "Multiply": lambda c: (c, 0.0),
    "Divide": lambda c: (1.0 / c, 0.0),
    "TrueDivide": lambda c: (1.0 / c, 0.0),
}
INHERITED = ("__init__", "get_config", "from_config", "build", "compute_output_shape")


def kind_of(layer: keras.Layer) -> type | None:
    """The kind of layer whose kernel computes a layer; `None` if there is none.

    A subclass counts as its base if it changes nothing but how it is made.
    """
    for kind in type(layer).__mro__:
        if kind in ROWS:
            return kind
        names = {name for name, value in vars(kind).items() if callable(value)}
        if names - {*INHERITED, *(name for name in names if name.startswith("__"))}:
            return None
    return None
