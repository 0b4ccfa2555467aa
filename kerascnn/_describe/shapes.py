"""Shapes and types of all tensors of a model, for inputs of any shapes that it accepts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import keras
from keras import KerasTensor

from kerascnn._checks import is_whole
from kerascnn._graph import Graph, Key, MisfitError, flatten
from kerascnn._sizes import shapes_on_the_way, size_hint


def specs_of(
    model: keras.Model, graph: Graph, input_shape: Sequence | None
) -> dict[Key, KerasTensor]:
    """Infer shapes and types of all tensors, without adding calls to the user's layers."""
    own = [tuple(t.shape[1:]) for t in model.inputs]
    given = own if input_shape is None else _shapes(input_shape)
    fits = len(given) == len(own) and all(
        len(g) == len(o) and all(b in (None, a) for a, b in zip(g, o, strict=True))
        for g, o in zip(given, own, strict=False)
    )
    if not fits:
        raise ValueError(
            f"input_shape must fit the model's input {own[0] if len(own) == 1 else own} "
            f"(None means any size); received {input_shape}."
        )
    inputs = [
        KerasTensor((None, *g), dtype=t.dtype) for g, t in zip(given, model.inputs, strict=True)
    ]
    every = _all_keys(graph)
    try:
        return shapes_on_the_way(graph, inputs, every)
    except MisfitError as misfit:
        raise ValueError(
            f"input_shape must have a size that every layer accepts; received {input_shape}: "
            f"{misfit}.{size_hint(graph, inputs, every)}"
        ) from None


def _shapes(given: Any) -> list[tuple[int | None, ...]]:
    """Return one shape or several as tuples; [] for what is none."""
    shapes = list(given) if isinstance(given, Iterable) else []
    if not any(isinstance(one, Iterable) and not isinstance(one, str) for one in shapes):
        shapes = [given]
    if not all(
        isinstance(shape, Iterable) and all(n is None or is_whole(n) for n in shape)
        for shape in shapes
    ):
        return []
    return [tuple(n if n is None else int(n) for n in shape) for shape in shapes]


def specs_within(
    model: keras.Model, before: Sequence[tuple]
) -> tuple[Graph, dict[Key, KerasTensor]] | None:
    """Return the graph of a nested model and its tensors; `None` if an output is empty."""
    graph = flatten(model)
    inputs = [KerasTensor(s, dtype=t.dtype) for s, t in zip(before, model.inputs, strict=True)]
    try:
        specs = shapes_on_the_way(graph, inputs, _all_keys(graph))
    except MisfitError:
        return None
    return graph, specs


def _all_keys(graph: Graph) -> tuple[Key, ...]:
    return tuple(key for node in graph.nodes for key in node.outputs)
