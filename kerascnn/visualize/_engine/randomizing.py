"""A copy of a network, to randomize layer by layer."""

import random
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager

import keras
import numpy as np

from kerascnn._calls import number_calls_alike
from kerascnn._copies import restore
from kerascnn._errors import unknown
from kerascnn._graph import Graph, Node, flatten

from .axes import graph_of
from .layers import LayerLike, select_weights

MOVING = ("moving_mean", "moving_variance")  # learned by batch normalization without gradients


class Forgetful:
    """A copy of a model whose layers can forget what they have learned.

    Attributes:
        model: the copy. The original is not modified.
        names: full names of the layers with weights to learn, from the output to the input.
    """

    def __init__(self, model: keras.Model, images: Sequence[np.ndarray], seed: int):
        """Copy a model, and draw new weights by each layer's own initializers.

        Args:
            model: the original.
            images: an array for each input, for which custom layers are compared.
            seed: seed of the new weights.

        Raises:
            ValueError: If a layer of the copy computes something else.
        """
        with _seeded(seed):
            self.model = keras.models.clone_model(model)
        number_calls_alike(self.model, model)
        for node in flatten(self.model).nodes:
            if isinstance(node.operation, keras.layers.Layer):
                node.operation.trainable = True  # frozen layers have been trained too
        self._nodes = {node.name: node for node in reversed(_learnt(self.model))}
        self.names = tuple(self._nodes)
        self._new = _values(self._nodes.values())
        restore(self.model, model, images)
        self._learnt = _values(self._nodes.values())
        shuffle = np.random.default_rng(seed).permutation
        for key, value in self._new.items():
            if np.array_equal(value, self._learnt[key]):  # the initializer has a seed of its own
                self._new[key] = shuffle(value.ravel()).reshape(value.shape)

    def forget(self, name: str) -> None:
        """Give a layer its new weights."""
        _assign(self._nodes[name], self._new)

    def remember(self, name: str) -> None:
        """Give a layer back what it has learned."""
        _assign(self._nodes[name], self._learnt)

    def select(self, graph: Graph, layers: Sequence[LayerLike] | None) -> Collection[str]:
        """Return the full names of some layers of the original; `None`: all.

        Raises:
            ValueError: If a layer is unknown or has no weights.
        """
        if layers is None:
            return self.names
        if isinstance(layers, str | keras.layers.Layer) or not len(layers):
            raise ValueError(f"layers must be a list of at least one layer; received {layers!r}.")
        wanted = set()
        for layer in layers:
            node = select_weights(graph, layer)
            # The calls of a layer share its weights, and one of them stands for all.
            calls = [
                n.name
                for n in graph.nodes
                if n.operation is node.operation and n.name in self.names
            ]
            if not calls:
                raise unknown("layers, which need weights,", node.name, self.names)
            wanted.update(calls)
        return wanted


@contextmanager
def _seeded(seed: int) -> Iterator[None]:
    """Seed Python's random numbers, from which Keras initializers draw their seeds."""
    state = random.getstate()
    random.seed(int(seed))
    try:
        yield
    finally:
        random.setstate(state)


def _learnt(model: keras.Model) -> list[Node]:
    """List the nodes with weights to learn, each layer once, in order of computation."""
    nodes = [node for node in graph_of(model).nodes if _weights(node)]
    return list({id(node.operation): node for node in reversed(nodes)}.values())[::-1]


def _weights(node: Node) -> list[keras.Variable]:
    weights = getattr(node.operation, "weights", [])
    return [v for v in weights if v.trainable or v.name in MOVING]


def _values(nodes: Iterable[Node]) -> dict[int, np.ndarray]:
    return {id(v): v.numpy().copy() for node in nodes for v in _weights(node)}


def _assign(node: Node, values: dict[int, np.ndarray]) -> None:
    for variable in _weights(node):
        variable.assign(values[id(variable)])
