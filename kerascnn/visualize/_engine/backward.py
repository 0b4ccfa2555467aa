"""A forward pass whose values are kept, and the steps back through it, node by node."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import keras
from keras import ops

from kerascnn._graph import Key, Node, Tensor, run
from kerascnn._heads import is_binary, last_function, without_activation

from .affine import SINGLE
from .kinds import masks_zeros
from .route import Route
from .scores import called, class_scores, logits_at
from .tape import pulled_back, value_and_gradients


@dataclass(frozen=True)
class Forward:
    """The values of a forward pass in float32.

    Attributes:
        route: the way from the inputs, or a layer, to the outputs.
        values: of all tensors.
        before: outputs of layers with weights before their activation, by the name of the node.
        logits: of each output of the model.
        scores: (N,).
        slopes: gradients of the scores with respect to the logits of each output.
    """

    route: Route
    values: dict[Key, Tensor]
    before: dict[str, Tensor]
    logits: list[Tensor]
    scores: Tensor
    slopes: list[Tensor]

    @classmethod
    def of(
        cls, route: Route, inputs: Sequence[Tensor], classes: Tensor, score: Callable | None
    ) -> Forward:
        """Compute a model, its scores, and their gradients with respect to its logits."""
        graph, before = route.graph, {}
        inputs = [ops.cast(x, SINGLE) if is_float(x) else x for x in inputs]
        weighted = {node.name for node in route.weighted()}

        def call(node: Node, args: tuple, kwargs: dict) -> Any:
            function = last_function(node.operation)
            if node.name not in weighted or function is node.operation:
                return run(node, args, kwargs)
            before[node.name] = without_activation(node, args, kwargs)
            return function(before[node.name])

        values, logits = logits_at(graph, inputs, call=call, also=tuple(route.sources))

        def scores_of(*each: Tensor) -> Tensor:
            if score is not None:
                return called(graph, score, each, len(classes))
            return class_scores(each[0], classes, binary=is_binary(graph))

        return cls(route, values, before, logits, *value_and_gradients(scores_of, logits))


def pulled(
    node: Node, values: dict[Key, Tensor], given: Sequence[Tensor | None], function: Callable = run
) -> dict[Key, Tensor]:
    """Compute the gradients of Σ given · outputs with respect to each input of a node.

    Args:
        node: a node.
        values: of its inputs.
        given: a tensor in the shape of each output, or `None`.
        function: computes the node from its arguments.
    """
    if masks_zeros(node.operation):
        return {node.inputs[0]: given[0]}
    keys = [key for key in dict.fromkeys(node.inputs) if is_float(values[key])]

    def outputs(*tensors: Tensor) -> list[Tensor]:
        args, kwargs = node.arguments(values | dict(zip(keys, tensors, strict=True)))
        made = keras.tree.flatten(function(node, args, kwargs))
        return [y for y, one in zip(made, given, strict=True) if one is not None]

    some = [one for one in given if one is not None]
    return dict(zip(keys, pulled_back(outputs, [values[k] for k in keys], some), strict=True))


def add(found: dict[Key, Tensor], key: Key, share: Tensor) -> None:
    """Add a share to what a tensor has already, in the higher of two precisions."""
    found[key] = ops.add(found[key], share) if key in found else share


def at_source(found: dict[Key, Tensor], values: dict[Key, Tensor], key: Key) -> Tensor:
    """Return what a tensor has, or zeros in its shape, float32."""
    return ops.cast(found[key], SINGLE) if key in found else ops.zeros_like(values[key], SINGLE)


def is_integer(x: Tensor) -> bool:
    """Whether a tensor is of integers, which truth values are not."""
    return keras.backend.standardize_dtype(x.dtype).lstrip("u").startswith("int")


def is_float(x: Tensor) -> bool:
    """Whether a tensor is of floats."""
    return keras.backend.is_float_dtype(keras.backend.standardize_dtype(x.dtype))
