"""Which axes an operation moves, as `Permute` does: measured by the values that it returns."""

from typing import NamedTuple

import keras
import numpy as np

from ._graph import Node, run
from ._heads import unwrapped
from ._known import OWN

MOVING = (
    "Permute", "Transpose", "Moveaxis", "Swapaxes", "Einsum", "Flip", "Rot90", "GetItem",
)  # fmt: skip
SOME_SIZES = (5, 6, 7)  # of axes of any size
ROUNDING = 1e-3  # of the largest change

Axes = dict[int, set[int]]  # for each axis of one tensor, those of another that follow it


class Place(NamedTuple):
    """Where an axis of a tensor lies in another, and whether in the reverse direction."""

    axis: int
    reversed: bool = False


def may_move(node: Node) -> bool:
    """Return whether a node may permute axes: a layer for it, a function or a custom layer."""
    kind = type(unwrapped(node.operation))
    known = kind.__module__.startswith(OWN) and kind is not keras.layers.Lambda
    return kind.__name__ in MOVING or not known


def moved_axes(node: Node, shape: tuple) -> dict[int, Place]:
    """Measure where a node puts each axis of its only input, as far as this is clear.

    Values that increase along an axis of the input change along one axis of the output only. If
    they decrease there, it is reversed, unless the first of them still decides over the first.

    Args:
        node: a node that may move axes.
        shape: shape of its input, with the batch.
    """
    made = node.shapes[0]
    if len({*node.inputs}) > 1 or sorted(map(str, shape)) != sorted(map(str, made)):
        return {}
    sizes = [2 if n == 1 else n for n in _sizes(shape)]  # no value increases along one place
    ramps = [
        np.moveaxis(np.broadcast_to(np.linspace(0.2, 0.8, n), [*others, n]), -1, axis)
        for axis, n in enumerate(sizes)
        for others in [sizes[:axis] + sizes[axis + 1 :]]
    ]
    items, _ = changed((None, *sizes))
    state = [(v, v.numpy()) for v in getattr(node.operation, "non_trainable_variables", ())]
    try:
        given = keras.ops.convert_to_tensor(np.concatenate([items, ramps]), "float32")
        args, kwargs = node.arguments(dict.fromkeys(node.inputs, given))
        values = keras.ops.convert_to_numpy(keras.tree.flatten(run(node, args, kwargs))[0])
    except Exception:  # a custom layer may raise anything
        return {}
    finally:
        for variable, value in state:  # such as a mean of all that the layer has seen
            variable.assign(value)
    values, found = values.astype("float32"), {}
    if len(values) != len(items) + len(ramps):
        return {}
    for axis, ramp in enumerate(values[len(items) :], start=1):
        steps = [np.diff(ramp, axis=to) for to in range(ramp.ndim)]
        largest = [np.abs(step).max(initial=0) for step in steps]
        along = [to for to, step in enumerate(largest) if step > max(1e-6, 0.01 * max(largest))]
        if len(along) == 1:
            (to,) = along
            first = np.abs(values[2 * axis - 1] - values[0]).take(0, to)  # where the first changed
            falls = bool(np.median(steps[to]) < 0)
            found[axis] = Place(to + 1, falls and not (first > 1e-6).any())
    return found


def _sizes(shape: tuple) -> list[int]:
    return [n or SOME_SIZES[i % len(SOME_SIZES)] for i, n in enumerate(shape[1:])]


def changed(shape: tuple) -> tuple[np.ndarray, list[int]]:
    """Return an item and copies in which the values at one index of an axis are others.

    Returns:
        Items (1 + 2 · axes, …), and for each of them the axis, 0 for the first.
    """
    sizes = _sizes(shape)
    axes = [0, *(axis for axis in range(1, len(shape)) for _ in range(2))]
    items = np.random.default_rng(0).uniform(0.2, 0.4, (1, *sizes)).astype("float32")
    items = items.repeat(len(axes), 0)
    for item in range(1, len(axes)):
        axis = axes[item]
        index = 0 if item % 2 else sizes[axis - 1] // 2
        np.moveaxis(items[item], axis - 1, 0)[index] += 0.5
    return items, axes


def followed(axes: list[int], values: np.ndarray) -> Axes:
    """Return along which axes of some values only a part changes with an index of another axis."""
    found: Axes = {}
    if not values.ndim or len(values) != len(axes):  # it is the same for all items
        return found
    change = np.abs(values.astype("float32") - values[:1].astype("float32"))
    change = change > ROUNDING * change.max()
    for axis, item in zip(axes[1:], change[1:], strict=True):
        for to in range(item.ndim):
            some = item.any(axis=tuple(a for a in range(item.ndim) if a != to))
            if some.any() and not some.all():
                found.setdefault(axis, set()).add(to + 1)
    return found
