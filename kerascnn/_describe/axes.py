"""Which axes of a tensor are space and which holds channels, as layers say by `data_format`."""

from collections.abc import Sequence

import keras
from keras import layers

from .families import ATTENTION, CONV_LSTM, MULTI_HEAD, RECURRENT
from .looks import Origin, View

SEQUENCES = (
    *RECURRENT, *ATTENTION, *MULTI_HEAD, layers.UpSampling1D, layers.Cropping1D,
)  # fmt: skip


def space(operation: keras.Operation, ndim: int) -> tuple[Sequence[int], int] | None:
    """The axes of space and of channels a layer sees in its input; `None`: it tells nothing."""
    if isinstance(operation, layers.TimeDistributed):
        inner = space(operation.layer, ndim - 1)
        return inner and ([1, *(axis + 1 for axis in inner[0])], inner[1] + 1)
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
    """The axes of space and of channels of a layer that tells them.

    Raises:
        TypeError: if it does not.
    """
    found = space(operation, ndim)
    if found is None:
        raise TypeError(f"{type(operation).__name__} does not tell its axes of space.")
    return found


def vote(votes: dict[Origin, bool], operation: keras.Operation, ndim: int, view: View) -> None:
    """Note which axes a layer uses as space (True) or channels (False); the first layer decides."""
    used = space(operation, ndim)
    if used:
        for origin, look in view.items():
            if look.axis is not None and look.alone:
                if look.axis in used[0] and not isinstance(operation, layers.Dense):
                    votes.setdefault(origin, True)
                elif look.axis == used[1]:
                    votes.setdefault(origin, False)


def space_of(votes: dict[Origin, bool], i: int, ndim: int) -> tuple[int, ...]:
    """The axes of an input that are space; where no layer tells, the last one holds channels."""
    return tuple(axis for axis in range(1, ndim) if votes.get((i, axis), axis < ndim - 1))
