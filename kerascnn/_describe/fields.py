"""Receptive fields along a model's graph, axis by axis.

Each axis of each input is followed separately: channels may come first, and axes may be permuted,
merged or split. The layers that use them determine which ones are spatial.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import NamedTuple

import keras
from keras import KerasTensor, layers

from kerascnn._graph import Graph, Key, Node, Slot, has_graph
from kerascnn._known import known_name
from kerascnn.arithmetic import ReceptiveField

from .axes import space_of, vote
from .axis_fields import UNKNOWN, Look, Origin, View, all_of, joined
from .custom_fields import defined_by_layer, own_method
from .families import is_keras
from .masks import content, without_idle_mask
from .probe import Probed, probe, sees_no_more
from .reshapes import regrouped, writes_the_same
from .rules.lookup import reaches
from .rules.reach import Reach
from .shapes import specs_within
from .stacks import in_turn

Shapes = dict[Key, tuple]
WRAPPERS = (layers.TimeDistributed, layers.SpectralNormalization)


class Fields(NamedTuple):
    """The receptive fields of all tensors of a graph, and the spatial axes of its inputs."""

    views: dict[Key, View]
    space: tuple[tuple[int, ...], ...]
    pointwise: frozenset[int]  # ids of operations that were found to be pointwise


def fields_of(
    graph: Graph,
    shapes: Shapes,
    specs: Callable[[], dict[Key, KerasTensor]],
    *,
    origins: tuple[Key, ...] | None = None,
) -> Fields:
    """Follow the axes of a graph's inputs to all of its tensors.

    Args:
        graph: the model's graph.
        shapes: shapes of all of its tensors, including the batch axis.
        specs: function that computes the shapes and types of all tensors, for probing layers.
        origins: keys of tensors to start from instead of the inputs.
    """
    origins = graph.inputs if origins is None else origins
    views: dict[Key, View] = {key: {} for key in graph.inputs}
    views.update((key, {}) for key, _constant in graph.constants)  # they see nothing
    for i, key in enumerate(origins):
        axes = range(1, len(shapes[key]))
        views[key] = {(i, axis): Look(axis, ReceptiveField()) for axis in axes}
    sizes = {origin: shapes[origins[origin[0]]][origin[1]] for v in views.values() for origin in v}
    votes: dict[Origin, bool] = {}
    probed: dict[tuple, Probed | None] = {}
    pointwise = set()
    for node in graph.nodes:
        if node.is_input:
            continue
        for key in content(node.inputs, node.slots):
            vote(votes, node.operation, len(shapes[key]), views[key])
        node = without_idle_mask(node)
        before, seen = [shapes[k] for k in node.inputs], [views[k] for k in node.inputs]
        for output, key in enumerate(node.outputs):
            if key in origins:
                continue
            measure = partial(_measure, node, specs, shapes[key], output, probed)
            confirm = partial(_confirm, node, specs, shapes[key], output)
            look = _Step(node, before, shapes[key], output, sizes, measure, confirm)
            views[key] = look.view(seen)
        found = probed.get((id(node.operation), tuple(before)))
        if found and found.pointwise:
            pointwise.add(id(node.operation))
    return Fields(
        views,
        tuple(space_of(votes, i, len(shapes[k])) for i, k in enumerate(origins)),
        frozenset(pointwise),
    )


def sees(view: View, fields: Fields, sizes: dict[Origin, int | None], shape: tuple) -> list[Look]:
    """Return the union of what units see along each spatial axis of all inputs; [] if nothing.

    Args:
        view: what the units of the tensor see.
        fields: the fields of the graph.
        sizes: sizes of the axes of all inputs.
        shape: shape of the tensor.
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
        looks.append(joined(found, None if None in ends else max(ends), shape))
    return looks


def _measure(node: Node, specs: Callable, after: tuple, output: int, kept: dict) -> Probed | None:
    """Probe a layer, only once for the same input shapes."""
    if output:
        return None
    tensors = [specs()[key] for key in node.inputs]
    name = (id(node.operation), tuple(tuple(t.shape) for t in tensors))
    if name not in kept:
        kept[name] = probe(node.operation, tensors, partial(_filled, node), after)
    return kept[name]


def _confirm(node: Node, specs: Callable, after: tuple, output: int, said: list[Reach]) -> bool:
    """Test whether a layer of one's own sees no more than the rule for it says."""
    tensors = [specs()[key] for key in node.inputs]
    return not output and sees_no_more(node.operation, tensors, partial(_filled, node), after, said)


def _filled(node: Node, values: Sequence) -> tuple[tuple, dict]:
    given = iter(values)  # one for each argument, even if a tensor is passed twice
    return keras.tree.map_structure(
        lambda item: next(given) if isinstance(item, Slot) else item, node.slots
    )


class _Step(NamedTuple):
    """One output of one node."""

    node: Node
    before: Sequence[tuple]
    after: tuple
    output: int
    sizes: dict[Origin, int | None]
    measure: Callable[[], Probed | None]
    confirm: Callable[[list[Reach]], bool]

    def view(self, seen: list[View]) -> View:
        """Return what the output's units see, given what the units of the inputs see."""
        operation = self.node.operation
        if method := own_method(operation, "receptive_field", 1):
            return defined_by_layer(operation, method, seen, self.before, self.after, self.sizes)
        if writes_the_same(operation):
            found = [{o: regrouped(k, self.before[0], self.after) for o, k in seen[0].items()}]
        else:
            reach = self._reach()
            if reach is None:
                return dict.fromkeys((origin for view in seen for origin in view), UNKNOWN)
            found = [
                {o: self._through(look, r, shape, o) for o, look in view.items()}
                for view, r, shape in zip(seen, reach, self.before, strict=True)
            ]
            if known_name(operation) == "Stack":
                found = in_turn(found, operation.axis % len(self.after))
        return self._union(found)

    def _union(self, found: list[View]) -> View:
        looks: dict[Origin, list[Look]] = {}
        for view in found:
            for origin, look in view.items():
                looks.setdefault(origin, []).append(look)
        return {o: joined(each, self.sizes[o], self.after) for o, each in looks.items()}

    def _reach(self) -> list[Reach] | None:
        node = self.node
        found = layer_reach(node.operation, self.before, self.after, node.slots, self.output)
        # A custom layer that looks like a convolution may see more than one.
        if found is not None and (_is_all_keras(node.operation) or self.confirm(found)):
            return found
        measured = self.measure()
        return measured and measured.reaches

    def _through(self, look: Look, reach: Reach, shape: tuple, origin: Origin) -> Look:
        if look.field is None or look.axis is None:
            return look
        if look.axis not in reach:
            return all_of(look, shape)
        to, taps, step = reach[look.axis]
        field = look.field.through(taps, step, units=None if to is None else self.after[to])
        return Look(to, field, look.alone and not self._merges(to))

    def _merges(self, to: int | None) -> bool:
        return isinstance(self.node.operation, layers.Flatten) and len(self.before[0]) > 2


def layer_reach(
    operation: keras.Operation, before: Sequence[tuple], after: tuple, slots: tuple, output: int = 0
) -> list[Reach] | None:
    """Return the reach of a layer by rule, looking inside wrappers."""
    if is_keras(operation):
        if isinstance(operation, layers.TimeDistributed):
            return _of_each_step(operation.layer, before, after)
        if isinstance(operation, layers.SpectralNormalization):
            return layer_reach(operation.layer, before, after, slots, output)
    return reaches(operation, before, after, slots, output)


def _is_all_keras(operation: keras.Operation) -> bool:
    """Return whether Keras's own code computes an operation and any layer that it wraps."""
    while isinstance(operation, WRAPPERS) and is_keras(operation):
        operation = operation.layer
    return has_graph(operation) or is_keras(operation)


def _of_each_step(layer: keras.Layer, before: Sequence[tuple], after: tuple) -> list[Reach] | None:
    """Return the reach of a layer that is applied to each step of a sequence, along axis 1."""
    steps, *masks = before
    inner_before = [(None, *steps[2:])]
    inner_after = (None, *after[2:])
    if has_graph(layer):
        found = _of_model(layer, inner_before)
    else:
        one = ((None,), {})
        found = layer_reach(layer, inner_before, inner_after, one)
    if found is None:
        return None
    found = [*found, *({} for _mask in masks)]
    return [
        {1: (1, [[0]], 1)}
        | {
            axis + 1: (None if to is None else to + 1, taps, step)
            for axis, (to, taps, step) in reach.items()
        }
        for reach in found
    ]


def _of_model(model: keras.Model, before: Sequence[tuple]) -> list[Reach] | None:
    """Return the reach of a whole model, from its output to its inputs."""
    found = specs_within(model, before)
    if found is None or len(model.outputs) != 1 or any(None in shape[1:] for shape in before):
        return None
    graph, specs = found
    shapes = {key: tuple(spec.shape) for key, spec in specs.items()}
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
