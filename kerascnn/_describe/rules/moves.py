"""Layers that move pixels: upsampling, resizing, padding, cropping, flattening, permuting."""

from __future__ import annotations

import math
from collections.abc import Sequence

import keras
from keras import layers

from kerascnn._describe.axes import axes_of
from kerascnn._describe.families import PADDING
from kerascnn._describe.unknowns import all_known

from .reach import Reach, Shape, Taps, moved, same

RADII = {
    "bilinear": 1,
    "bicubic": 2,
    "lanczos3": 3,
    "lanczos5": 5,
}  # radius of the kernels in pixels


def up_sampling(
    operation: layers.Layer, before: Sequence[Shape], after: Shape
) -> list[Reach] | None:
    """Each pixel is repeated, or interpolated between its neighbors."""
    axes, channel = axes_of(operation, len(after))
    method = getattr(operation, "interpolation", "nearest")
    factors = operation.size if isinstance(operation.size, tuple) else (operation.size,)
    reach = same([channel])
    for axis, factor in zip(axes, factors, strict=True):
        reach[axis] = (axis, *_resized(factor, 1, method))
    return [reach]


def resizing(operation: layers.Layer, before: Sequence[Shape], after: Shape) -> list[Reach] | None:
    """Pixels are interpolated at other positions, with fixed image borders."""
    axes, channel = axes_of(operation, len(after))
    odd = ("crop_to_aspect_ratio", "pad_to_aspect_ratio", "antialias")
    sizes = all_known(before[0][axis] for axis in axes)
    made = all_known(after[axis] for axis in axes)
    if len(after) != 4 or any(getattr(operation, name, False) for name in odd):
        return None
    if sizes is None or made is None:
        return None
    method = operation.interpolation
    if method not in ("nearest", *RADII):
        return None
    return [
        {
            axis: (axis, *_resized(new, size, method))
            for axis, new, size in zip(axes, made, sizes, strict=True)
        }
        | same([channel])
    ]


def _resized(made: int, size: int, method: str) -> tuple[Taps, int]:
    """Return the taps of `made` output pixels for every `size` input pixels, aligned by center."""
    common = math.gcd(made, size)
    made, size = made // common, size // common
    taps = []
    for unit in range(made):
        # The position (unit + 1/2) · size / made - 1/2, times 2 · made.
        place = (2 * unit + 1) * size - made
        whole, rest = divmod(place, 2 * made)
        if method == "nearest":
            taps.append([(2 * unit + 1) * size // (2 * made)])
        elif rest:
            radius = RADII[method]
            taps.append(list(range(whole - radius + 1, whole + radius + 1)))
        else:
            taps.append([whole])  # the kernels are 0 at the other pixels
    return taps, size


def shift(operation: layers.Layer, before: Sequence[Shape], after: Shape) -> list[Reach]:
    """Pixels added or removed at the start shift all others."""
    axes, channel = axes_of(operation, len(after))
    sign, sides = (
        (-1, operation.padding) if isinstance(operation, PADDING) else (1, operation.cropping)
    )
    if isinstance(sides[0], int):  # there is only one axis
        sides = (sides,)
    return [
        {axis: (axis, [[sign * start]], 1) for axis, (start, _end) in zip(axes, sides, strict=True)}
        | same([channel])
    ]


def center_crop(
    operation: layers.Layer, before: Sequence[Shape], after: Shape
) -> list[Reach] | None:
    """The same number of pixels is removed on both sides; smaller images are resized."""
    axes, channel = axes_of(operation, len(after))
    sizes = all_known(before[0][axis] for axis in axes)
    if len(after) != 4 or sizes is None:
        return None
    less = [
        size - cut for size, cut in zip(sizes, (operation.height, operation.width), strict=True)
    ]
    if min(less) < 0:
        return None
    return [
        {axis: (axis, [[n // 2]], 1) for axis, n in zip(axes, less, strict=True)} | same([channel])
    ]


def flatten(operation: layers.Layer, before: Sequence[Shape], after: Shape) -> list[Reach] | None:
    """All axes are merged into one."""
    ndim = len(before[0])
    order = range(1, ndim)
    if operation.data_format == "channels_first" and ndim > 1:
        order = [*range(2, ndim), 1]
    sizes = all_known(before[0][axis] for axis in order)
    if sizes is None:
        return None
    return [
        {
            axis: (1, *_digit(sizes[i], math.prod(sizes[i + 1 :]), outermost=i == 0))
            for i, axis in enumerate(order)
        }
    ]


def _digit(size: int, inner: int, *, outermost: bool) -> tuple[Taps, int]:
    """Return the index of merged unit i along one of the axes, (i // inner) % size, as taps."""
    if outermost:
        return [[0]] * inner, 1
    return [[unit // inner] for unit in range(size * inner)], 0


def permute(operation: layers.Layer, before: Sequence[Shape], after: Shape) -> list[Reach]:
    """The axes are reordered."""
    return [moved({old: new for new, old in enumerate(operation.dims, 1)})]


def repeat_vector(operation: layers.Layer, before: Sequence[Shape], after: Shape) -> list[Reach]:
    """A vector is copied to each step of a sequence."""
    return [moved({1: 2})]


def concatenate(
    operation: keras.Operation, before: Sequence[Shape], after: Shape
) -> list[Reach] | None:
    """Along one axis, each unit is from a single input; along the others, nothing moves."""
    axis = operation.axis % len(after)
    sizes = [shape[axis] for shape in before]
    if axis == 0 or any(len(shape) != len(after) for shape in before):
        return None
    others = same(a for a in range(1, len(after)) if a != axis)
    if None in sizes:
        return None if axis != len(after) - 1 else [others] * len(before)
    starts = [sum(sizes[:i]) for i in range(len(sizes))]
    return [
        others
        | {
            axis: (
                axis,
                [[u - start] if start <= u < start + size else [] for u in range(after[axis])],
                size,
            )
        }
        for start, size in zip(starts, sizes, strict=True)
    ]
