"""The spatial axes of a tensor and its channel axis, from the `data_format` of layers."""

from collections.abc import Sequence

import keras
from keras import layers

from .axis_fields import Origin, View
from .families import ATTENTION, CONV_LSTM, MULTI_HEAD, RECURRENT

SEQUENCES = (
    *RECURRENT, *ATTENTION, *MULTI_HEAD, layers.UpSampling1D, layers.Cropping1D,
)  # fmt: skip


def space(operation: keras.Operation, ndim: int) -> tuple[Sequence[int], int] | None:
    """Return the spatial axes and the channel axis of a layer's input; `None` if unspecified."""
    if isinstance(operation, layers.TimeDistributed):
        inner = space(operation.layer, ndim - 1)
        return inner and ([1, *(axis + 1 for axis in inner[0])], inner[1] + 1)
    if isinstance(operation, layers.Bidirectional):
        return space(operation.forward_layer, ndim)
    if isinstance(operation, CONV_LSTM):
        first = operation.cell.data_format == "channels_first"
        return ([1, *range(3, ndim)], 2) if first else (range(1, ndim - 1), ndim - 1)
    data_format = getattr(operation, "data_format", None)
    if data_format is None and isinstance(operation, (*SEQUENCES, layers.Dense)):
        data_format = "channels_last"
    if data_format == "channels_first":
        return range(2, ndim), 1
    return (range(1, ndim - 1), ndim - 1) if data_format else None


def axes_of(operation: keras.Operation, ndim: int) -> tuple[Sequence[int], int]:
    """Return the spatial axes and the channel axis of a layer's input.

    Raises:
        TypeError: If the layer does not specify them.
    """
    found = space(operation, ndim)
    if found is None:
        raise TypeError(f"{type(operation).__name__} does not specify its spatial axes.")
    return found


def vote(votes: dict[Origin, bool], operation: keras.Operation, ndim: int, view: View) -> None:
    """Record axes that a layer uses as spatial (True) or channels (False); the first layer wins."""
    used = space(operation, ndim)
    if used:
        for origin, look in view.items():
            if look.axis is not None and look.alone:
                if look.axis in used[0] and not isinstance(operation, layers.Dense):
                    votes.setdefault(origin, True)
                elif look.axis == used[1]:
                    votes.setdefault(origin, False)


def space_of(votes: dict[Origin, bool], i: int, ndim: int) -> tuple[int, ...]:
    """Return the spatial axes of an input; by default, all but the last one, the channels."""
    return tuple(axis for axis in range(1, ndim) if votes.get((i, axis), axis < ndim - 1))
