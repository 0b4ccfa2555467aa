"""Measure which inputs the units of a layer without a rule depend on, by changing the inputs.

All values at one index of one axis are changed, and the positions where the output changes are
recorded. If the axes are long, shorter ones are measured, and the result is tested at the full
length: everything beyond the window of a unit is changed, and the unit must stay as it is. Random
weights are used, since those of a new layer are often zero; the layer itself is not modified.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import NamedTuple

import keras
import numpy as np
from keras import KerasTensor

from kerascnn.arithmetic import ReceptiveField

from .rules.reach import Reach

AFFORDABLE = 10_000_000  # maximum number of values to compute for one probe, as estimated …
LARGEST = 4 * AFFORDABLE  # … and in fact
LINES = 24  # longer axes are shortened, if the layer accepts that
CHANGES = 11  # images computed to test a result at the full length of an axis
PERIODS = 4  # maximum period of neighbors that differ: the largest factor of upsampling
LEVELS = ((0.1, 1.0), (-0.9, 0.9))  # ranges of the values …
BOUNDS = ((-3.0, -1.0), (1.0, 3.0))  # … and of their changes
# Pixels from 0 to 255 may open gates that stay closed for small values.
WIDE, RISE = (0.0, 255.0), ((100.0, 300.0),)
# Rounding depends on the position in a batch: changes below this share of the maximum are ignored.
ROUNDING, IN_HALVES = 1e-5, {"float16": 1e-2, "bfloat16": 5e-2}


class Probed(NamedTuple):
    """The reach into each input, and whether each value depends on a single value.

    Attributes:
        reaches: the reach into each input; `None` if images of a batch are mixed, an axis affects
            several others, the layer is not deterministic, or its reach depends on the values.
        pointwise: whether each value depends on a single value.
    """

    reaches: list[Reach] | None
    pointwise: bool = False


def probe(
    operation: keras.Operation, inputs: Sequence[KerasTensor], fill: Callable, after: tuple
) -> Probed | None:
    """Measure which inputs the units of an operation's first output depend on.

    Args:
        operation: a layer or an operation from `keras.ops`.
        inputs: shape and type of each of its inputs.
        fill: function that returns the arguments of the call, (args, kwargs), for input values.
        after: shape of the output.

    Returns:
        The result, or `None` if nothing can be measured: sizes are unknown or too large, inputs
        are integers, or no output changes.
    """
    shapes = [tuple(t.shape) for t in inputs]
    if not _can_be_computed(inputs, after):
        return None
    try:
        if _cost(shapes, after) <= AFFORDABLE:
            return _measured(operation, shapes, fill)
        shorten = _shortened
        short = [shorten(shape) for shape in shapes]
        if _cost(short, short[0]) > AFFORDABLE and not getattr(operation, "variables", ()):
            shorten = partial(_shortened, channels=True)  # no weights fix their number
            short = [shorten(shape) for shape in shapes]
        if short == shapes or _cost(short, short[0]) > AFFORDABLE:
            return None
        found = _measured(operation, short, fill)
        if found is None:
            return None
        holds = (
            found.reaches
            and _holds_for(found.reaches, short, shapes, after)
            and _sees_that(operation, shapes, fill, after, found.reaches, shorten, no_less=True)
        )
        return found if holds else found._replace(reaches=None, pointwise=False)
    except Exception:  # a custom layer may raise anything
        return None


def sees_no_more(
    operation: keras.Operation,
    inputs: Sequence[KerasTensor],
    fill: Callable,
    after: tuple,
    reaches: list[Reach],
) -> bool:
    """Return whether nothing beyond the windows of these reaches affects a unit, if that is known.

    The other arguments are those of `probe`.
    """
    if not _can_be_computed(inputs, after):
        return False
    try:
        return _sees_that(operation, [tuple(t.shape) for t in inputs], fill, after, reaches)
    except Exception:  # a custom layer may raise anything
        return False


def _can_be_computed(inputs: Sequence[KerasTensor], after: tuple) -> bool:
    sizes = [n for shape in [*(t.shape for t in inputs), after] for n in shape[1:]]
    return bool(inputs) and None not in sizes and all("float" in t.dtype for t in inputs)


def _cost(shapes: Sequence[tuple], after: tuple) -> int:
    values = sum(math.prod(shape[1:]) for shape in [*shapes, after])
    return values * sum(sum(shape[1:]) + 1 for shape in shapes)


def _shortened(shape: tuple, kept: int | None = None, *, channels: bool = False) -> tuple:
    """Shorten the axes of a shape but the batch, one that is kept and, unless told, the channels.

    Equal sizes are shortened in the same way, so that inputs still fit together.
    """
    stay = (0, kept, 0 if channels else len(shape) - 1)
    return tuple(
        n if axis in stay or n <= LINES else LINES - 8 + n % 8 for axis, n in enumerate(shape)
    )


def _holds_for(reaches: list[Reach], short: list[tuple], shapes: list[tuple], after: tuple) -> bool:
    """Return whether the result for a smaller input also holds for the original size."""
    for reach, small, large in zip(reaches, short, shapes, strict=True):
        for axis, (small_size, size) in enumerate(zip(small[1:], large[1:], strict=True), 1):
            if axis not in reach or small_size == size:
                continue
            to, taps, step = reach[axis]
            if to is None or len(taps) > PERIODS or len(after) != len(large):
                return False
            if abs(after[to] - size * len(taps) / step) > max(len(t) for t in taps) + 1:
                return False
    return True


def _sees_that(
    operation: keras.Operation,
    shapes: list[tuple],
    fill: Callable,
    after: tuple,
    reaches: list[Reach],
    shorten: Callable = _shortened,
    *,
    no_less: bool = False,
) -> bool:
    """Return whether the first, middle and last unit of long axes see no more than is said.

    Args:
        operation, fill, after: as for `probe`.
        shapes: shapes of the inputs. If they are too large, one axis at a time has its full length.
        reaches: what is said.
        shorten: function that shortens the axes of a shape but one.
        no_less: whether the first and last index of a window must have an effect, too. Then, only
            axes that are shortened for measurements are considered.
    """
    rng = np.random.default_rng(0)
    call, rounding = _calls(operation, fill, rng), _rounding(operation)
    axes = {
        axis
        for reach, shape in zip(reaches, shapes, strict=True)
        for axis in range(1, len(shape))
        if (axis in reach if not no_less else shape[axis] != shorten(shape)[axis])
    }
    for axis in axes:
        cut = [shorten(shape, axis) for shape in shapes]
        values = sum(math.prod(shape[1:]) for shape in [*shapes, after])
        share = math.prod(cut[0][1:]) / math.prod(shapes[0][1:])
        if share * values * CHANGES > AFFORDABLE:
            return False
        used = shapes if values * CHANGES <= AFFORDABLE else cut
        base = [rng.uniform(*LEVELS[-1], (1, *s[1:])).astype("float32") for s in used]
        own = call(base)
        for m, reach in enumerate(reaches):
            for where, of, effect in _effects(reach, axis, used[m], own.shape, no_less):
                batch = [np.repeat(b, len(BOUNDS), axis=0) for b in base]
                for image, bounds in zip(batch[m], BOUNDS, strict=True):
                    part = np.moveaxis(image, axis - 1, 0)
                    part[where] += rng.uniform(*bounds, part[where].shape)
                changed = _differ(call(batch), own, rounding).any(axis=0)
                if of is None:
                    hits = zip(np.nonzero(changed), own.shape[1:], strict=True)
                    found = all(len({*at}) == n for at, n in hits)
                else:
                    to, unit = of
                    found = changed.take(unit, axis=to - 1).any()
                if found != effect:
                    return False
    return True


def _effects(
    reach: Reach, axis: int, shape: tuple, after: tuple, no_less: bool
) -> Iterator[tuple[np.ndarray, tuple[int, int] | None, bool]]:
    """Yield which indices of an axis to change, and of which units it must or must not be seen.

    Units are those at an index of an axis of the output; `None` if they are all.
    """
    at = np.arange(shape[axis] if axis < len(shape) else 0)
    if at.size and axis not in reach and no_less:  # all units see all
        yield from ((at == end, None, True) for end in (at[0], at[-1]))
    to, taps, step = reach.get(axis, (None, [[0]], 0))
    if to is None:
        return
    window = ReceptiveField().through(taps, step)
    middle = after[to] // 2
    for unit in sorted({0, middle, after[to] - 1}):
        first, last = window.span(unit) or (1, 0)
        inside = (first <= at) & (at <= last)
        if not inside.all():
            yield ~inside, (to, unit), False
        if no_less and unit == middle and inside.any():
            yield from ((at == end, (to, unit), True) for end in at[inside][[0, -1]])


def _rounding(operation: keras.Operation) -> float:
    dtype = getattr(operation, "compute_dtype", None) or keras.config.floatx()
    return IN_HALVES.get(dtype, ROUNDING)


def _measured(operation: keras.Operation, shapes: list[tuple], fill: Callable) -> Probed | None:
    rng = np.random.default_rng(0)
    call, rounding = _calls(operation, fill, rng), _rounding(operation)
    seen: list[list[list[np.ndarray]]] = []
    sure = True
    for level in (*LEVELS, WIDE):
        wide = level == WIDE
        base = [rng.uniform(*level, (1, *s[1:])).astype("float32") for s in shapes]
        own = call(base)
        if _cost(shapes, own.shape) > LARGEST:
            return None  # such as a layer that resizes any image to the same size
        if wide and not np.isfinite(own).all():
            break
        bounds = RISE if wide else BOUNDS
        found = [_seen(call, base, own, m, rng, rounding, bounds) for m in range(len(base))]
        now = [axes for axes in found if axes is not None]
        if len(now) < len(found) or not np.array_equal(own, call(base), equal_nan=True):
            return Probed(None)
        if not seen:
            seen = now
        for one, other in zip(keras.tree.flatten(seen), keras.tree.flatten(now), strict=True):
            alike = not (other & ~one).any() if wide else np.array_equal(one, other)
            sure = sure and alike
            one |= other
    if not all(any(m.any() for m in keras.tree.flatten(axes)) for axes in seen):
        return None  # an input may have an effect that does not show here
    reaches = [reach for axes in seen if sure and (reach := _reach(axes)) is not None]
    pointwise = sure and all(_is_pointwise(axes, own.shape[1:]) for axes in seen)
    complete = sure and len(reaches) == len(seen)
    return Probed(reaches if complete else None, pointwise)


def _seen(
    call: Callable,
    base: list[np.ndarray],
    own: np.ndarray,
    m: int,
    rng: np.random.Generator,
    rounding: float,
    ranges: Sequence[tuple],
) -> list[list[np.ndarray]] | None:
    """Return which index affects which, for each axis of the m-th input and of the output."""
    value = base[m]
    seen = [[np.zeros((n, o), bool) for o in own.shape[1:]] for n in value.shape[1:]]
    at_once = max(1, 2_000_000 // (value.size + own.size))
    for axis, size in enumerate(value.shape[1:], 1):
        for bounds in ranges:
            moved = _moved(value, axis, bounds, rng)
            for first in range(0, size, at_once):
                part = np.concatenate([value, moved[first : first + at_once]])
                batch = [np.repeat(b, len(part), axis=0) for b in base]
                batch[m] = part
                made = call(batch)
                if made.shape[1:] != own.shape[1:] or _differ(made[:1], own, rounding).any():
                    return None  # images of a batch are mixed
                changed = _differ(made[1:], own, rounding)
                for to, matrix in enumerate(seen[axis - 1], 1):
                    others = tuple(a for a in range(1, changed.ndim) if a != to)
                    matrix[first : first + at_once] |= changed.any(axis=others)
    return seen


def _is_pointwise(axes: list[list[np.ndarray]], shape: tuple) -> bool:
    return len(axes) == len(shape) and all(
        np.array_equal(axes[a][a], np.eye(n, dtype=bool)) for a, n in enumerate(shape)
    )


def _calls(operation: keras.Operation, fill: Callable, rng: np.random.Generator) -> Callable:
    """Convert the operation to a function from arrays to the array of its first output."""
    variables = getattr(operation, "variables", [])
    values = [_weights(v, rng) for v in variables]

    def call(arrays: list[np.ndarray]) -> np.ndarray:
        args, kwargs = fill([keras.ops.convert_to_tensor(a) for a in arrays])
        if getattr(operation, "_call_has_training_arg", False):
            kwargs = {**kwargs, "training": False}
        if variables:
            trained = {id(v) for v in operation.trainable_variables}
            parts = [
                [x for v, x in zip(variables, values, strict=True) if (id(v) in trained) == want]
                for want in (True, False)
            ]
            made, _state = operation.stateless_call(*parts, *args, **kwargs)
        else:
            made = operation(*args, **kwargs)
        first = keras.tree.flatten(made)[0]
        return keras.ops.convert_to_numpy(first).astype("float64")

    return call


def _weights(variable: keras.Variable, rng: np.random.Generator) -> object:
    value = variable.numpy()
    drawn = variable.trainable or not value.any()
    if not drawn or not str(variable.dtype).startswith(("float", "bfloat")):
        return keras.ops.convert_to_tensor(value)
    drawn = rng.uniform(0.5, 1.5, value.shape) / max(math.prod(value.shape[:-1]), 1)
    return keras.ops.cast(drawn, variable.dtype)


def _moved(value: np.ndarray, axis: int, bounds: tuple, rng: np.random.Generator) -> np.ndarray:
    """Return copies of an array, one for each index of an axis, with all values there changed."""
    size = value.shape[axis]
    copies = np.repeat(value, size, axis=0)
    for i in range(size):
        at = (i, *(slice(None),) * (axis - 1), i)
        copies[at] += rng.uniform(bounds[0], bounds[1], copies[at].shape)
    return copies


def _differ(made: np.ndarray, own: np.ndarray, rounding: float) -> np.ndarray:
    least = rounding * max(np.nanmax(np.abs(own), initial=0), 1e-6)
    return ~(np.abs(made - own) <= least) & ~(np.isnan(made) & np.isnan(own))


def _reach(axes: list[list[np.ndarray]]) -> Reach | None:
    """Convert the record of which index affects which to a reach."""
    reach = {}
    for axis, matrices in enumerate(axes, 1):
        carried = [to for to, matrix in enumerate(matrices, 1) if not _is_even(matrix)]
        if len(carried) > 1:
            return None
        if carried:
            matrix = matrices[carried[0] - 1]
            reach[axis] = (carried[0], *_taps(matrix))
        elif len(matrices[0]) == 1 and len(axes) == len(matrices):
            reach[axis] = (
                (axis, [[0]], 1) if matrices[axis - 1].shape == (1, 1) else (None, [[0]], 0)
            )
        else:
            taken = np.flatnonzero(matrices[0].any(axis=1))
            if len(taken) < len(matrices[0]):
                reach[axis] = (None, [taken.tolist()], 0)
    return reach


def _is_even(matrix: np.ndarray) -> bool:
    """Return whether all units along an output axis depend on the same inputs."""
    return (matrix == matrix[:, :1]).all()


def _taps(matrix: np.ndarray) -> tuple[list, int]:
    """Return taps and step of a regular pattern that also extends past the border, if any."""
    size, made = matrix.shape
    taken = [np.flatnonzero(column).tolist() for column in matrix.T]
    inner = [o for o, t in enumerate(taken) if t and t[0] > 0 and t[-1] < size - 1]
    for period in range(1, PERIODS + 1):
        pairs = [(o, o + period) for o in inner if o + period in inner]
        steps = {taken[b][0] - taken[a][0] for a, b in pairs}
        if len(steps) != 1:
            continue
        (step,) = steps
        # Near the border, units of a dilated window see fewer pixels.
        firsts = {o % period: o for o in sorted(inner, key=lambda o: len(taken[o]))}
        if len(firsts) < period:
            continue
        taps = [[t - o // period * step for t in taken[o]] for _rest, o in sorted(firsts.items())]
        if all(
            [t + o // period * step for t in taps[o % period] if 0 <= t + o // period * step < size]
            == taken[o]
            for o in range(made)
        ):
            return taps, step
    return taken, size
