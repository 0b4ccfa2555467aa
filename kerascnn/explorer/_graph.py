"""A Keras model as the page reads it: nodes in order of computation, and their arrays."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np

from kerascnn._graph import Graph, Node
from kerascnn._heads import end_of, head_of
from kerascnn.plots._style import layer_style

from ._layers import ROWS


class Arrays(list[np.ndarray]):
    """The arrays of a page, each once however many layers use it."""

    def __init__(self) -> None:
        self._places: dict[int, int] = {}

    def place(self, variable: Any) -> int:
        """Return the index of a variable's or array's values."""
        if id(variable) not in self._places:
            self._places[id(variable)] = len(self)
            self.append(np.asarray(keras.ops.convert_to_numpy(variable), "float32"))
        return self._places[id(variable)]


def read(graph: Graph, arrays: Arrays) -> dict[str, Any]:
    """Return the inputs, outputs and nodes of a network.

    Args:
        graph: of the model.
        arrays: to which the weights are added.

    Raises:
        ValueError: the page has no kernel for a layer.
    """
    of_key = {key: nth for nth, node in enumerate(graph.nodes) for key in node.outputs}
    nodes = [_node(nth, node, of_key, arrays) for nth, node in enumerate(graph.nodes)]
    return {
        "inputs": [{"node": of_key[key]} for key in graph.inputs],
        "outputs": [_output(graph, key, of_key) for key in graph.outputs],
        "nodes": nodes,
    }


def _node(nth: int, node: Node, of_key: dict, arrays: Arrays) -> dict[str, Any]:
    layer = node.operation
    kind = type(layer).__name__
    row = ROWS[kind]
    config = {name: _plain(getattr(layer, name)) for name in row.options}
    activation = getattr(layer, "activation", None)
    if activation is not None and activation is not keras.activations.linear:
        config["activation"] = activation.__name__
    weights = {name: getattr(layer, name, None) for name in row.weights}
    return {
        "id": nth,
        "name": node.name,
        "layer": layer.name,
        "type": row.kernel or kind,
        "kind": kind,
        "inputs": [of_key[key] for key in node.inputs],
        "shape": list(node.shapes[0][1:]),
        "config": config,
        "weights": {k: arrays.place(w) for k, w in weights.items() if w is not None},
        "colour": layer_style(kind).group,
    }


def _plain(value: Any) -> Any:
    """An option as JSON has it."""
    return list(value) if isinstance(value, tuple) else value


def _output(graph: Graph, key: Any, of_key: dict) -> dict[str, Any]:
    head, _after = head_of(graph, key)
    node = graph.maker(key)
    return {
        "name": node.operation.name,
        "node": of_key[key],
        "head": of_key[head.outputs[0]] if head else None,
        "activation": end_of(graph, key),
    }
