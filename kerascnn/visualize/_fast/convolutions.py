"""Twins of convolution layers that compute the same faster; the layers are not modified."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import keras
from keras import ops

from kerascnn._graph import Node, Tensor, run
from kerascnn._twin import twin
from kerascnn.visualize._engine.compile import on_gpu
from kerascnn.visualize._engine.tape import pass_back

from .winograd import SIDE, blocks_in, convolve_tiles

# Measured: from this many channels, oneDNN convolves a single image half as fast as each of two.
WIDE = 256
# Measured on one core: with this many pairs of channels and filters, a 3x3 convolution in tiles
# takes 0.4 to 0.7 of the time; with half as many, there is no gain.
PAIRS = 128 * 256


class SomeFilters(keras.layers.Conv2D):
    """A convolution with a subset of its filters."""

    @property
    def kernel(self):
        """The selected filters, (kh, kw, C, units)."""
        return ops.take(super().kernel, self.units, axis=-1)

    @property
    def bias(self):
        """The selected biases, (units,)."""
        return ops.take(self.__dict__["bias"], self.units)


class InHalves(keras.layers.Conv2D):
    """A convolution of a single image, computed as two images: its upper and lower halves."""

    def convolution_op(self, inputs, kernel):
        """Convolve maps, (1, h, w, C) -> (1, h, w, K)."""
        return convolve_halves(inputs, ops.cast(kernel, inputs.dtype))


class InTiles(keras.layers.Conv2D):
    """A convolution by Winograd's minimal filtering algorithm."""

    def convolution_op(self, inputs, kernel):
        """Convolve maps, (N, h, w, C) -> (N, h, w, K)."""
        return convolve_tiles(inputs, ops.cast(kernel, inputs.dtype))


def some_units(call: Callable, node: Node, args: tuple, kwargs: dict, units: Tensor) -> Tensor:
    """Compute the feature maps of some units of a layer, (N, h, w, units)."""
    layer = node.operation
    # TensorFlow must know the number of filters of a dilated convolution.
    plain = type(layer) is keras.layers.Conv2D and layer.groups == 1
    if plain and layer.dilation_rate == (1, 1):
        some = twin(layer, SomeFilters, units=units, filters=-1)
        return call(replace(node, operation=some), args, kwargs)
    return ops.take(call(node, args, kwargs), units, axis=-1)


def run_fast(node: Node, args: tuple, kwargs: dict) -> Tensor:
    """Compute a node; a wide convolution is split in halves if the batch size is known to be 1."""
    layer = node.operation
    if type(layer) is keras.layers.Conv2D and args[0].shape[0] == 1 and _can_be_halved(layer):
        node = replace(node, operation=twin(layer, InHalves))
    return run(node, args, kwargs)


def run_forward(node: Node, args: tuple, kwargs: dict) -> Tensor:
    """Compute a node for many forward passes; wide 3x3 convolutions are computed in tiles."""
    layer = node.operation
    if type(layer) is keras.layers.Conv2D and _gains_in_tiles(layer, args[0].shape):
        node = replace(node, operation=twin(layer, InTiles))
    return run(node, args, kwargs)


def run_bfloat16(node: Node, args: tuple, kwargs: dict) -> Tensor:
    """Compute a node; float32 convolutions use bfloat16, with float32 sums where supported."""
    layer = node.operation
    if type(layer) is keras.layers.Conv2D and layer.compute_dtype == "float32":
        half = twin(layer, _dtype_policy=keras.DTypePolicy("mixed_bfloat16"))
        node = replace(node, operation=half)
    return run(node, args, kwargs)


def convolve_halves(picture: Tensor, kernel: Tensor) -> Tensor:
    """Convolve (1, h, w, C) with (kh, kw, C, K), both sides odd, padded to the same size."""
    convolve = partial(ops.conv, padding="same", data_format="channels_last")
    height, width = ops.shape(picture)[1:3]
    over, half = kernel.shape[0] // 2, (height + 1) // 2
    x = ops.pad(picture, [(0, 0), (over, over + 2 * half - height), (0, 0), (0, 0)])
    halves = ops.concatenate([x[:, : half + 2 * over], x[:, half:]], axis=0)
    maps = convolve(halves, kernel)[:, over : over + half]
    maps = ops.reshape(maps, (1, 2 * half, width, kernel.shape[-1]))[:, :height]
    # The gradient is that of the whole image, which is fast. Its forward pass is not computed,
    # since the gradient of a convolution does not need the output.
    return pass_back(unchanged, convolve(picture, kernel), maps)


def unchanged(R: Tensor, y: Tensor) -> Tensor:
    """Return R, regardless of y."""
    return R


def _can_be_halved(layer: keras.layers.Conv2D) -> bool:
    height, width, channels, _filters = layer.kernel.shape
    odd = height % 2 == width % 2 == 1
    return channels >= WIDE and height > 1 and odd and _keeps_the_size(layer)


def _gains_in_tiles(layer: keras.layers.Conv2D, maps: tuple) -> bool:
    height, width, channels, filters = layer.kernel.shape
    return (
        (height, width) == (3, 3)
        and channels * filters >= PAIRS
        and _keeps_the_size(layer)
        and layer.compute_dtype == "float32"  # in half precision, Bᵀ d B is too inaccurate
        and None not in maps[1:3]
        and all(SIDE * blocks_in(size) <= 1.5 * size for size in maps[1:3])
        and not on_gpu()  # cuDNN does the same itself
    )


def _keeps_the_size(layer: keras.layers.Conv2D) -> bool:
    steps = {*layer.strides, *layer.dilation_rate}
    shape = layer.data_format, layer.padding, layer.groups
    return shape == ("channels_last", "same", 1) and steps == {1}
