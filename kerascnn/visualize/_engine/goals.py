"""Objectives of generated images: units of layers, classes, and weighted sums of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from numbers import Real

import numpy as np
from keras import ops

from kerascnn._checks import check_choice, check_count
from kerascnn._graph import Graph, Node, Tensor, run
from kerascnn._heads import squashing, without_activation
from kerascnn.visualize._fast.convolutions import some_units

from .layers import LayerLike, count_units, select_layer
from .scores import called, class_scores, logits_at, scores_at
from .trunk import Trunk

POSITIONS = ("all", "center")


@dataclass(frozen=True)
class Term:
    """A unit of a layer, or a class if there is no layer.

    Attributes:
        layer: a layer or its name; `None`: the logits of the first output.
        index: index of the channel or class.
        position: "all", the mean over the unit's feature map, or "center", its central neuron.
    """

    layer: LayerLike
    index: int
    position: str = "all"


@dataclass(frozen=True)
class Goal:
    """A weighted sum of units and classes, as a target of `maximize_activation`.

    Goals can be added, subtracted, negated and multiplied by a number.

    Attributes:
        terms: pairs of a weight and a `Term`.

    >>> 0.5 * unit("conv", 4) - klass(2)
    0.5 * unit('conv', 4) - 1 * klass(2)
    """

    terms: tuple[tuple[float, Term], ...]

    def __add__(self, other: Goal) -> Goal:
        if not isinstance(other, Goal):
            return NotImplemented
        return Goal(self.terms + other.terms)

    def __mul__(self, factor: float) -> Goal:
        if not isinstance(factor, Real):
            return NotImplemented
        return Goal(tuple((float(factor) * weight, term) for weight, term in self.terms))

    __rmul__ = __mul__

    def __neg__(self) -> Goal:
        return -1 * self

    def __sub__(self, other: Goal) -> Goal:
        return self + -other if isinstance(other, Goal) else NotImplemented

    def __repr__(self) -> str:
        words = ""
        for weight, term in self.terms:
            sign = ("-" if weight < 0 else "+") if words else "-" * (weight < 0)
            name = f"klass({term.index})"
            if term.layer is not None:
                layer = getattr(term.layer, "name", term.layer)
                more = f", position={term.position!r}" * (term.position != "all")
                name = f"unit({layer!r}, {term.index}{more})"
            words += f" {sign} " if words else sign
            words += f"{abs(weight):g} * {name}"
        return words


def unit(layer: LayerLike, index: int, *, position: str = "all") -> Goal:
    """Return the activation of a layer's unit as a goal for `maximize_activation`.

    Args:
        layer: a layer or its name.
        index: index of the channel.
        position: "all", the mean over the unit's feature map, or "center", its central neuron.

    Raises:
        ValueError: If the index is negative or the position is unknown.

    >>> import kerascnn as kc
    >>> from kerascnn.visualize import klass, unit
    >>> model = kc.build_lenet5(weights="mnist")
    >>> goal = klass(3) - 0.5 * klass(8) + 0.1 * unit("c3", 4)
    >>> kc.visualize.maximize_activation(model, goal, steps=2).shape
    (1, 28, 28, 1)
    """
    if layer is None:
        raise ValueError("layer must be a layer or its name; received None.")
    check_choice("position", position, POSITIONS)
    return Goal(((1.0, Term(layer, check_count("index", index, least=0), position)),))


def klass(index: int) -> Goal:
    """Return the logit of a class as a goal for `maximize_activation`; see `unit`.

    Raises:
        ValueError: If the index is negative.

    >>> import kerascnn as kc
    >>> kc.visualize.klass(3) - 0.5 * kc.visualize.klass(8)
    1 * klass(3) - 0.5 * klass(8)
    """
    return Goal(((1.0, Term(None, check_count("index", index, least=0))),))


@dataclass(frozen=True)
class Units:
    """The activations of units of a layer.

    Attributes:
        trunk: the trunk up to the layer.
        position: "all" or "center".
        pictures: number of adjacent images of the same unit.
        diversity: weight of the term that makes them differ.
    """

    trunk: Trunk
    position: str
    pictures: int
    diversity: float
    needs_all = False  # images at once

    def __call__(self, graph: Graph, images: Tensor, units: Tensor, call: Callable) -> Tensor:
        """Compute scores (N,) of images (N, H, W, C), each for its own unit in `units` (N,)."""
        target, whole = graph.node(self.trunk.layers[0]), []
        # Before a softmax or sigmoid, as for classes.
        last = without_activation if squashing(target.operation) else call

        def call_some(node: Node, args: tuple, kwargs: dict) -> Tensor:
            if node is not target:
                return call(node, args, kwargs)
            if self.diversity:
                whole.append(ops.cast(run(node, args, kwargs), "float32"))
            return some_units(last, node, args, kwargs, units)

        (maps,) = self.trunk(graph, images, call_some)
        scores = ops.diagonal(response(maps, self.position))  # each image's own unit
        return scores - self.diversity * similarity(whole[0], self.pictures) if whole else scores


@dataclass(frozen=True)
class Classes:
    """The logits of classes, or the scores from a callable for a number of images."""

    trunk: Trunk
    score: Callable | None
    pictures: int = 0

    @property
    def needs_all(self) -> bool:
        """Whether all images must be computed at once."""
        return self.score is not None

    def __call__(self, graph: Graph, images: Tensor, classes: Tensor, call: Callable) -> Tensor:
        """Compute scores (N,) of images (N, H, W, C), each for its own class in `classes` (N,)."""
        inputs = self.trunk.inputs_for(images)
        if self.score is None:
            return scores_at(graph, inputs, classes, call=call)[1]
        logits = logits_at(graph, inputs, call=call)[1]
        return called(graph, self.score, [each[: self.pictures] for each in logits], self.pictures)


@dataclass(frozen=True)
class Sums:
    """Weighted sums of units and classes.

    Attributes:
        trunk: the trunk up to all layers of the terms, and to the outputs if a term is a class.
        sums: the terms of each goal, (weight, name of a layer or "", index, position).
        binary: whether a single sigmoid unit represents two classes.
    """

    trunk: Trunk
    sums: tuple[tuple[tuple[float, str, int, str], ...], ...]
    binary: bool
    needs_all = False

    def __call__(self, graph: Graph, images: Tensor, goals: Tensor, call: Callable) -> Tensor:
        """Compute scores (N,) of images (N, H, W, C), each for its own goal in `goals` (N,)."""
        inputs = self.trunk.inputs_for(images)
        names = {name for terms in self.sums for _w, name, _i, _p in terms}
        keys = {name: graph.node(name).outputs[0] for name in names if name}
        before = {}  # inputs of softmax or sigmoid layers

        def call_and_keep(node: Node, args: tuple, kwargs: dict) -> Tensor:
            if node.name in keys and squashing(node.operation):
                before[node.name] = without_activation(node, args, kwargs)
            return call(node, args, kwargs)

        if "" in names:
            values, logits = logits_at(graph, inputs, call=call_and_keep, also=tuple(keys.values()))
        else:
            values = graph.evaluate(inputs, call_and_keep, until=tuple(keys.values()))

        def value(name: str, index: int, position: str) -> Tensor:
            if not name:
                chosen = ops.full(ops.shape(images)[:1], index, dtype="int32")
                return class_scores(logits[0], chosen, binary=self.binary)
            maps = ops.cast(before.get(name, values[keys[name]]), "float32")
            return response(maps, position)[:, index]

        scores = ops.stack(
            [sum(w * value(name, i, p) for w, name, i, p in terms) for terms in self.sums], axis=-1
        )
        return ops.take_along_axis(scores, goals[:, None], axis=1)[:, 0]


def read_goals(goals: Sequence[Goal], graph: Graph, classes: int) -> tuple:
    """Return the terms of goals with full names of layers, as `Sums` takes them.

    Args:
        goals: the goals.
        graph: the model's graph.
        classes: number of classes that the first output scores; 0 if no goal is of a class.

    Raises:
        ValueError: If the model does not have a layer or an index.
    """
    sums = []
    for goal in goals:
        terms = []
        for weight, term in goal.terms:
            name, count, what = "", classes, "classes"
            if term.layer is not None:
                node = select_layer(graph, term.layer)
                name, count, what = node.name, count_units(node), f"channels of {node.name!r}"
            if count is not None and term.index >= count:
                raise ValueError(
                    f"index must be from 0 to {count - 1}, the {what}; received {term.index}."
                )
            terms.append((weight, name, term.index, term.position))
        sums.append(tuple(terms))
    return tuple(sums)


def response(maps: Tensor, position: str) -> Tensor:
    """Reduce each feature map to one number, (N, h, w, K) -> (N, K)."""
    if position == "center":
        for _ in maps.shape[1:-1]:
            maps = maps[:, maps.shape[1] // 2]
        return maps
    return ops.mean(maps, axis=tuple(range(1, len(maps.shape) - 1)))


def similarity(maps: Tensor, pictures: int) -> Tensor:
    """Compute the similarity of the images of a unit from the correlations G of the channels.

    Σ_{b≠a} vec(G_a)·vec(G_b) / (‖vec(G_a)‖ ‖vec(G_b)‖), Olah et al. 2017, "Diversity".

    Args:
        maps: (N, h, w, K).
        pictures: number of adjacent images of the same unit.

    Returns:
        (N,), the similarity of each image to the others of its unit.
    """
    channels = maps.shape[-1]
    rows = ops.reshape(maps, (-1, int(np.prod(maps.shape[1:-1])), channels))
    gram = ops.reshape(ops.matmul(ops.transpose(rows, (0, 2, 1)), rows), (-1, channels**2))
    unit = ops.reshape(ops.normalize(gram, axis=-1), (-1, pictures, channels**2))
    cosines = ops.matmul(unit, ops.transpose(unit, (0, 2, 1)))
    return ops.reshape(ops.sum(cosines, axis=-1) - 1, (-1,))  # minus the similarity to itself
