"""Receptive fields along a model's graph, axis by axis.

Each axis of each input is followed by itself, whatever its place: channels may come first, axes may
be permuted, merged or taken apart. Which of them are space follows from the layers that use them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import partial
from typing import NamedTuple

import keras
import numpy as np
from keras import KerasTensor, layers

from kerascnn._graph import Graph, Key, Node, Slot, flatten, has_graph
from .probe import Probed, probe
from .rules.lookup import Reach, is_keras, reaches, space
from kerascnn.arithmetic import ReceptiveField

Shapes = dict[Key, tuple]
Origin = tuple[int, int]  # which input of the model, and which of its axes


class Look(NamedTuple):
    """What the units of a tensor see along one axis of an input.

    Attributes:
        axis: the tensor's axis along which it moves; `None`: all units see the same.
        field: what they see; `None` where it is not known.
        alone: whether neighbours along `axis` are neighbours in nothing else, as after flattening.
    """

    axis: int | None
    field: ReceptiveField | None
    alone: bool = True


UNKNOWN = Look(None, None)
View = dict[Origin, Look]


class Fields(NamedTuple):
    """What all tensors of a graph see, and the axes of space of each of its inputs."""

    views: dict[Key, View]
    space: tuple[tuple[int, ...], ...]
    pointwise: frozenset[int]  # operations, by identity, that were found to be so


def fields_of(graph: Graph, shapes: Shapes, specs: Callable[[], dict[Key, KerasTensor]]) -> Fields:
    """Follow the axes of a graph's inputs to all its tensors.

    Args:
        graph: of the model.
        shapes: of all its tensors, the batch first.
        specs: computes shapes and types of all tensors, for layers that must be probed.
    """
    views: dict[Key, View] = {
        key: {(i, axis): Look(axis, ReceptiveField()) for axis in range(1, len(shapes[key]))}
        for i, key in enumerate(graph.inputs)
    }
    views.update((key, {}) for key, _constant in graph.constants)  # they see nothing
    sizes = {
        origin: shapes[graph.inputs[origin[0]]][origin[1]] for v in views.values() for origin in v
    }
    votes: dict[Origin, bool] = {}
    probed: dict[tuple, Probed | None] = {}
    pointwise = set()
    for node in graph.nodes:
        if node.is_input:
            continue
        before, seen = [shapes[k] for k in node.inputs], [views[k] for k in node.inputs]
        for shape, view in zip(before, seen, strict=True):
            _vote(votes, node.operation, len(shape), view)
        for output, key in enumerate(node.outputs):
            measure = partial(_measure, node, specs, shapes[key], output, probed)
            look = _Step(node, before, shapes[key], output, sizes, measure)
            views[key] = look.view(seen)
        found = probed.get((id(node.operation), tuple(before)))
        if found and found.pointwise:
            pointwise.add(id(node.operation))
    return Fields(
        views,
        tuple(_space(votes, i, len(shapes[k])) for i, k in enumerate(graph.inputs)),
        frozenset(pointwise),
    )


def sees(view: View, fields: Fields, sizes: dict[Origin, int | None], shape: tuple) -> list[Look]:
    """What units see along each axis of space, the inputs laid over each other; []: nothing.

    Args:
        view: of a tensor.
        fields: of the graph.
        sizes: of the axes of all inputs.
        shape: of the tensor.
    """
    parts = []
    for i, axes in enumerate(fields.space):
        own = [view.get((i, axis)) for axis in axes]
        if axes and any(own):
            parts.append((own, [sizes[i, axis] for axis in axes]))
    if not parts:
        return []
    if len({len(own) for own, _sizes in parts}) > 1:
        return [UNKNOWN]
    looks = []
    for at in range(len(parts[0][0])):
        found = [own[at] for own, _sizes in parts if own[at]]
        ends = [s[at] for _own, s in parts]
        looks.append(_joined(found, None if None in ends else max(ends), shape))
    return looks


def _vote(votes: dict[Origin, bool], operation: keras.Operation, ndim: int, view: View) -> None:
    """Let a layer say which axes are space (True) and which hold channels, the first to say so."""
    used = space(operation, ndim)
    if used:
        for origin, look in view.items():
            if look.axis is not None and look.alone:
                if look.axis in used[0] and not isinstance(operation, layers.Dense):
                    votes.setdefault(origin, True)
                elif look.axis == used[1]:
                    votes.setdefault(origin, False)


def _space(votes: dict[Origin, bool], i: int, ndim: int) -> tuple[int, ...]:
    """The axes of an input that are space; where no layer says so, the last one holds channels."""
    return tuple(axis for axis in range(1, ndim) if votes.get((i, axis), axis < ndim - 1))


def _measure(node: Node, specs: Callable, after: tuple, output: int, kept: dict) -> Probed | None:
    """Probe a layer, once for inputs of the same shapes."""
    if output:
        return None
    try:
        tensors = [specs()[key] for key in node.inputs]
    except ValueError:  # of an open size there is no way through
        return None
    name = (id(node.operation), tuple(tuple(t.shape) for t in tensors))
    if name not in kept:

        def fill(values: list) -> tuple[tuple, dict]:
            given = iter(values)  # one for each place, also where a tensor comes twice
            return keras.tree.map_structure(
                lambda item: next(given) if isinstance(item, Slot) else item, node.slots
            )

        kept[name] = probe(node.operation, tensors, fill, after)
    return kept[name]


class _Step(NamedTuple):
    """One output of one node."""

    node: Node
    before: list[tuple]
    after: tuple
    output: int
    sizes: dict[Origin, int | None]
    measure: Callable[[], Probed | None]

    def view(self, seen: list[View]) -> View:
        """What its units see, from what those of the node's inputs see."""
        operation = self.node.operation
        if hasattr(operation, "receptive_field"):
            return self._of_own(seen)
        if self._regroups():
            found = [
                {
                    origin: self._regrouped(look, self.before[0], origin)
                    for origin, look in seen[0].items()
                }
            ]
        else:
            reach = self._reach()
            if reach is None:
                return dict.fromkeys((origin for view in seen for origin in view), UNKNOWN)
            found = [
                {o: self._through(look, r, shape, o) for o, look in view.items()}
                for view, r, shape in zip(seen, reach, self.before, strict=True)
            ]
        return self._union(found)

    def _union(self, found: list[View]) -> View:
        looks: dict[Origin, list[Look]] = {}
        for view in found:
            for origin, look in view.items():
                looks.setdefault(origin, []).append(look)
        return {o: _joined(each, self.sizes[o], self.after) for o, each in looks.items()}

    def _reach(self) -> list[Reach] | None:
        node = self.node
        found = layer_reach(node.operation, self.before, self.after, node.slots, self.output)
        if found is not None and is_keras(node.operation):
            return found
        measured = self.measure()
        if found is None:
            return measured and measured.reaches
        # It looks like a convolution; does it see as one, or more?
        return found if measured is None or self._sees_no_more(measured) else measured.reaches

    def _sees_no_more(self, measured: Probed) -> bool:
        """Whether all that moves a layer's units lies in the windows that it says it has."""
        said = layer_reach(
            self.node.operation, measured.before, measured.after, self.node.slots, self.output
        )
        if measured.seen is None or said is None:
            return False
        for reach, axes in zip(said, measured.seen, strict=True):
            for axis, (to, taps, step) in reach.items():
                window = ReceptiveField().through(taps, step)
                for unit, column in enumerate(axes[axis - 1][to - 1].T):
                    (first, last), hits = window.span(unit), np.flatnonzero(column)
                    if hits.size and not first <= hits[0] <= hits[-1] <= last:
                        return False
        return True

    def _through(self, look: Look, reach: Reach, shape: tuple, origin: Origin) -> Look:
        if look.field is None or look.axis is None:
            return look
        if look.axis not in reach:
            return _all_of(look, shape[look.axis], self.sizes[origin])
        to, taps, step = reach[look.axis]
        field = look.field.through(taps, step, units=None if to is None else self.after[to])
        return Look(to, field, look.alone and not self._merges(to))

    def _merges(self, to: int | None) -> bool:
        return isinstance(self.node.operation, layers.Flatten) and len(self.before[0]) > 2

    def _regroups(self) -> bool:
        """Whether the operation writes the same values in another shape."""
        operation = self.node.operation
        name = type(operation).__name__
        return is_keras(operation) and (
            isinstance(operation, layers.Reshape)
            or (
                not isinstance(operation, layers.Layer)
                and name in ("Reshape", "ExpandDims", "Squeeze")
            )
        )

    def _regrouped(self, look: Look, shape: tuple, origin: Origin) -> Look:
        """Follow an axis through a change of shape."""
        if look.field is None or look.axis is None:
            return look
        group = _group_of(look.axis, shape, self.after)
        if group is None:
            return UNKNOWN
        old, new = group
        sizes = [shape[a] for a in old]
        if len(old) == len(new) == 1:  # it may be of an open size
            return look._replace(axis=new[0])
        if None in sizes:
            return UNKNOWN
        at, count = old.index(look.axis), math.prod(sizes)
        inner = math.prod(sizes[at + 1 :])
        spans = [look.field.span(i // inner % sizes[at]) for i in range(count)]
        return _split(spans, [self.after[a] for a in new], new, look, sizes[at])

    def _of_own(self, seen: list[View]) -> View:
        """What a layer says of itself, by its method `receptive_field`."""
        view: View = {}
        for i in sorted({origin[0] for v in seen for origin in v}):
            ways = [self._complete(v, i, len(s)) for v, s in zip(seen, self.before, strict=True)]
            given = next((way for way in ways if way is not None), None)
            origins = [o for o in dict.fromkeys(o for v in seen for o in v) if o[0] == i]
            if given is None:
                alike = all(v[o].axis is None for v in seen for o in origins if o in v)
                view |= {
                    o: _joined([v[o] for v in seen if o in v], self.sizes[o], self.after)
                    if alike
                    else UNKNOWN
                    for o in origins
                }
                continue
            made = self.node.operation.receptive_field(
                [tuple((given if way is None else way).values()) for way in ways]
            )
            if made is None:
                view |= dict.fromkeys(origins, UNKNOWN)
                continue
            names = list(given)
            view |= {
                o: Look(axis, f) for axis, (o, f) in enumerate(zip(names, made, strict=True), 1)
            }
            view |= {
                o: _all_of(v[o], s[v[o].axis], self.sizes[o]) if v[o].axis is not None else v[o]
                for v, s in zip(seen, self.before, strict=True)
                for o in origins
                if o not in view and o in v
            }
        return view

    @staticmethod
    def _complete(view: View, i: int, ndim: int) -> dict[Origin, ReceptiveField] | None:
        """The fields along the axes between batch and channels, where each has one of its own."""
        along = {look.axis: (o, look.field) for o, look in view.items() if o[0] == i and look.field}
        if any(axis not in along for axis in range(1, ndim - 1)):
            return None
        return dict(along[axis] for axis in range(1, ndim - 1))


def layer_reach(
    operation: keras.Operation, before: list[tuple], after: tuple, slots: tuple, output: int = 0
) -> list[Reach] | None:
    """The reach of a layer by rule, wrappers opened."""
    if is_keras(operation):
        if isinstance(operation, layers.TimeDistributed):
            return _of_each_step(operation.layer, before, after)
        if isinstance(operation, layers.SpectralNormalization):
            return layer_reach(operation.layer, before, after, slots, output)
    return reaches(operation, before, after, slots, output)


def _of_each_step(layer: keras.Layer, before: list[tuple], after: tuple) -> list[Reach] | None:
    """A layer that is applied to each step of a sequence: axis 1 goes along."""
    inner_before = [(None, *shape[2:]) for shape in before]
    inner_after = (None, *after[2:])
    if has_graph(layer):
        found = _of_model(layer, inner_before)
    else:
        one = ((None,), {})
        found = layer_reach(layer, inner_before, inner_after, one)
    if found is None:
        return None
    return [
        {1: (1, [[0]], 1)}
        | {
            axis + 1: (None if to is None else to + 1, taps, step)
            for axis, (to, taps, step) in reach.items()
        }
        for reach in found
    ]


def _of_model(model: keras.Model, before: list[tuple]) -> list[Reach] | None:
    """The reach of a whole model: what its output sees of its inputs."""
    if len(model.outputs) != 1 or any(None in shape[1:] for shape in before):
        return None
    graph = flatten(model)
    own = [(None, *t.shape[1:]) for t in model.inputs]
    if own != before:
        return None
    shapes = {k: s for n in graph.nodes for k, s in zip(n.outputs, n.shapes, strict=True)}
    specs = {key: KerasTensor(shape) for key, shape in shapes.items()}
    view = fields_of(graph, shapes, lambda: specs).views[graph.outputs[0]]
    reach: list[Reach] = [{} for _input in before]
    for (i, axis), look in view.items():
        if look.field is None:
            return None
        size = before[i][axis]
        taps = [range(s[0], s[1] + 1) if s else () for s in look.field.spans]
        if look.axis is not None or look.field.spans != ((0, size - 1),):
            step = int(look.field.stride * len(taps))
            reach[i][axis] = (look.axis, taps, step if look.axis is not None else 0)
    return reach


def _all_of(look: Look, units: int | None, size: int | None) -> Look:
    """What all units together see, of a real image: no padding."""
    if units is None or size is None:
        return UNKNOWN
    spans = [s for s in map(look.field.span, range(units)) if s]
    if not spans:
        return Look(None, ReceptiveField.of_spans([None], 0))
    first, last = max(min(s[0] for s in spans), 0), min(max(s[1] for s in spans), size - 1)
    return Look(None, ReceptiveField.of_spans([(first, last) if first <= last else None], 0))


def _joined(looks: Sequence[Look], size: int | None, shape: tuple) -> Look:
    """What units see on several ways at once, of an axis of the input."""
    if any(look.field is None for look in looks):
        return UNKNOWN
    looks = [look for look in looks if look.field.size] or looks[:1]
    axes = {look.axis for look in looks if look.axis is not None}
    if len(looks) == 1:
        return looks[0]
    if len(axes) > 1:
        return UNKNOWN
    fixed = [look.field.spans[0] for look in looks if look.axis is None]
    moving = [look.field for look in looks if look.axis is not None]
    hull = fixed and (min(s[0] for s in fixed), max(s[1] for s in fixed))
    if not moving or (hull and size is not None and hull == (0, size - 1)):
        return Look(None, ReceptiveField.of_spans([hull], 0))
    (axis,) = axes
    units = shape[axis]
    alone = all(look.alone for look in looks)
    if units is None and len({f.stride for f in moving}) > 1:
        return UNKNOWN  # their fields drift apart, nobody knows how far
    field = ReceptiveField.union(moving, units=units)
    if not fixed:
        return Look(axis, field, alone)
    if None in (units, size):
        return UNKNOWN
    spans = map(field.span, range(units))
    spans = [
        hull if s is None else (min(hull[0], max(s[0], 0)), max(hull[1], min(s[1], size - 1)))
        for s in spans
    ]
    step = round(field.stride * units)
    return Look(axis, ReceptiveField.of_spans(spans, step, aligned=field.aligned), alone)


def _group_of(axis: int, shape: tuple, after: tuple) -> tuple[list[int], list[int]] | None:
    """The smallest groups of axes that hold the same values before and after a reshape."""
    if None in shape[1:] or None in after[1:]:
        # Of open sizes only what lies before or behind all that changes is followed.
        head = range(1, axis + 1)
        if all(at < len(after) and shape[at] and shape[at] == after[at] for at in head):
            return [axis], [axis]
        back = axis - len(shape)
        tail = range(back, 0)
        if all(-at < len(after) and shape[at] and shape[at] == after[at] for at in tail):
            return [axis], [len(after) + back]
        return None
    old, new, a, b = [], [], 1, 1
    while a < len(shape) or b < len(after):
        old, new = [], []
        left = right = 1
        if a < len(shape):
            old.append(a)
            left, a = shape[a], a + 1
        if b < len(after):
            new.append(b)
            right, b = after[b], b + 1
        while left != right:
            if left < right and a < len(shape):
                old.append(a)
                left, a = left * shape[a], a + 1
            elif b < len(after):
                new.append(b)
                right, b = right * after[b], b + 1
            elif a < len(shape):
                old.append(a)
                left, a = left * shape[a], a + 1
            else:
                return None
        if axis in old:
            return old, new
    return None


def _split(spans: list, sizes: list[int], axes: list[int], look: Look, old: int) -> Look:
    """Find the one axis of a group along which what is seen moves."""
    aligned = look.field.aligned
    for at, (axis, size) in enumerate(zip(axes, sizes, strict=True)):
        inner = math.prod(sizes[at + 1 :])
        own = [spans[i * inner] for i in range(size)]
        if all(span == own[i // inner % size] for i, span in enumerate(spans)):
            first, step = _regular(own, round(look.field.stride))
            field = ReceptiveField.of_spans(first, step, aligned=aligned)
            return Look(axis, field, alone=(look.alone and size == old) or size < len(spans))
    if len(axes) == 1:
        first, step = _regular(spans, 0)
        field = ReceptiveField.of_spans(first, step, aligned=aligned)
        return Look(axes[0], field, alone=False)
    if not axes:
        return Look(None, ReceptiveField.of_spans(spans[:1], 0, aligned=aligned))
    return UNKNOWN


def _regular(spans: list, step: int) -> tuple[list, int]:
    """The fewest spans, and the step, after which they go on alike."""
    for period in range(1, len(spans)):
        pairs = list(zip(spans, spans[period:], strict=False))
        steps = {b[0] - a[0] if a and b else None for a, b in pairs}
        ends = {b[1] - a[1] if a and b else None for a, b in pairs}
        if len(steps) == 1 and steps == ends and None not in steps:
            return spans[:period], steps.pop()
    return spans, step
