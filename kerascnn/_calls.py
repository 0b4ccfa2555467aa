"""The calls of the layers of a model, in topological order, and their numbers."""

from __future__ import annotations

from typing import Any
from weakref import WeakKeyDictionary

import keras


def has_graph(operation: object) -> bool:
    """Return whether an operation is a model that computes exactly its graph of layers."""
    if not isinstance(operation, keras.Model) or not getattr(operation, "inputs", None):
        return False
    computes = next(kind for kind in type(operation).__mro__ if "call" in vars(kind))
    return computes.__module__.startswith("keras.")  # not the user's own, which may do anything


def number_calls_alike(copy: keras.Model, model: keras.Model) -> None:
    """Number the calls in a cloned model as in the original model.

    "layer:0" is the first call of a shared layer. Keras may clone the calls in another order.
    """
    for (cloned, call), (own, made) in zip(order_of(copy), order_of(model), strict=True):
        at = cloned._inbound_nodes.index(call)
        _numbers.setdefault(cloned, {})[at] = number_of(own, made)
        if has_graph(own):
            number_calls_alike(cloned, own)


def tensors_of(model: keras.Model) -> list[keras.KerasTensor]:
    """List the outputs of a model's calls in topological order; a nested model is one call."""
    return [tensor for _, call in order_of(model) for tensor in call.outputs]


_numbers: WeakKeyDictionary[keras.Operation, dict[int, int]] = WeakKeyDictionary()


def number_of(operation: keras.Operation, call: Any) -> int:
    """Return the index of a call among the calls of its layer, in the order they were made."""
    at: int = operation._inbound_nodes.index(call)
    numbers: dict[int, int] = _numbers.get(operation) or {}
    return numbers.get(at, at)


def order_of(model: keras.Model) -> list[tuple[keras.Operation, Any]]:
    """List the calls from the model's inputs to its outputs in topological order."""
    inputs = {id(t) for t in model.inputs}
    order, seen = [], set()
    stack = [(t, False) for t in reversed([*model.inputs, *model.outputs])]
    while stack:  # depth first, without recursion, since networks can be deep
        tensor, ready = stack.pop()
        operation, index, _ = tensor._keras_history
        node = operation._inbound_nodes[index]
        if id(node) in seen:
            continue
        if ready or id(tensor) in inputs:
            seen.add(id(node))
            order.append((operation, node))
        else:
            stack.append((tensor, True))
            stack.extend((t, False) for t in reversed(node.input_tensors))
    return order
