"""The rule for each operation."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import keras
from keras import layers

from kerascnn._describe.families import (
    ADAPTIVE_POOLS,
    ATTENTION,
    CONV_LSTM,
    CONVOLUTIONS,
    CROPPING,
    DEPTHWISE,
    GLOBAL_POOLS,
    MERGING,
    MULTI_HEAD,
    NORMALIZATIONS,
    PADDING,
    POINTWISE,
    POOLS,
    RECURRENT,
    SEPARABLE,
    TRANSPOSED,
    UP_SAMPLING,
    is_keras,
)  # fmt: skip

from . import attention, mixing, moves, windows
from .operations import operation_reach
from .reach import Reach, Shape

# Each value depends on all values along the last axis.
SOFTMAXES = frozenset(["softmax", "log_softmax", "sparsemax"])

MASKED = (*ATTENTION, *MULTI_HEAD, layers.Softmax)  # layers to which a mask may be passed


def reaches(
    operation: keras.Operation,
    before: Sequence[Shape],
    after: Shape,
    slots: tuple[tuple, dict],
    output: int = 0,
) -> list[Reach] | None:
    """Return the reach of an operation into each of its inputs; `None` without a rule.

    Args:
        operation: a layer, or an operation from `keras.ops`.
        before: shapes of its inputs, including the batch axis.
        after: shape of its output, including the batch axis.
        slots: arguments of the call.
        output: index of the output.
    """
    if not is_keras(operation):  # a custom layer may slide a window, too
        return windows.like_a_convolution(operation, before, after)
    if output and isinstance(operation, layers.Layer) and not isinstance(operation, RECURRENT):
        return None
    if isinstance(operation, MASKED) and any(map(_is_array, keras.tree.flatten(slots))):
        return None  # a constant mask may hide any positions
    for kinds, rule in RULES:
        if isinstance(operation, kinds):
            found = rule(operation, before, after)
            break
    else:
        found = operation_reach(operation, before, after, slots, output)
    if found is not None and isinstance(operation, layers.Layer):
        return _after_activation(operation, found, after)
    return found


def _is_array(argument: object) -> bool:
    return hasattr(argument, "shape")


def _after_activation(operation: layers.Layer, found: list[Reach], after: Shape) -> list | None:
    """Add the effect of a layer's activation: softmax mixes the last axis, whatever that is."""
    activation = getattr(operation, "activation", None)
    if activation is None or isinstance(operation, (*RECURRENT, *CONV_LSTM)):
        return found
    name, module = (getattr(activation, n, "") for n in ("__name__", "__module__"))
    if isinstance(activation, layers.Layer):  # Activation(layer)
        return found if isinstance(activation, POINTWISE) else None
    if not str(module).startswith(("keras.", "kerascnn.layers.")) or name == "glu":
        return None  # a custom function
    if name in SOFTMAXES:
        last = len(after) - 1
        return [{a: to for a, to in reach.items() if to[0] != last} for reach in found]
    return found


RULES: tuple[tuple[tuple[type, ...], Callable], ...] = (
    ((*DEPTHWISE, *POOLS), windows.channelwise),
    (TRANSPOSED, windows.transposed),
    ((*CONVOLUTIONS, *SEPARABLE), windows.convolution),
    (CONV_LSTM, windows.conv_lstm),
    (UP_SAMPLING, moves.up_sampling),
    ((layers.Resizing,), moves.resizing),
    ((*PADDING, *CROPPING), moves.shift),
    ((layers.CenterCrop,), moves.center_crop),
    ((layers.Flatten,), moves.flatten),
    ((layers.Permute,), moves.permute),
    ((layers.RepeatVector,), moves.repeat_vector),
    ((layers.Concatenate,), moves.concatenate),
    ((layers.Dense,), mixing.dense),
    ((layers.EinsumDense,), mixing.einsum_dense),
    ((layers.Embedding,), mixing.embedding),
    (NORMALIZATIONS, mixing.normalization),
    ((layers.GroupNormalization,), mixing.group_normalization),
    ((layers.Softmax,), mixing.softmax),
    (GLOBAL_POOLS, mixing.global_pool),
    (ADAPTIVE_POOLS, mixing.adaptive_pool),
    (RECURRENT, attention.recurrent),
    (ATTENTION, attention.attention),
    (MULTI_HEAD, attention.multi_head),
    ((layers.Dot,), attention.dot),
    ((layers.Discretization,), mixing.discretization),
    ((*POINTWISE, layers.Activation, layers.Masking), mixing.in_place),
    (MERGING, mixing.merged),
)
