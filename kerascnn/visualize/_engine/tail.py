"""The part of a model behind a layer, to run it on changed outputs of the layer."""

from collections.abc import Sequence
from dataclasses import replace

import keras
import numpy as np
from keras import ops
from keras.src.backend import get_keras_mask, set_keras_mask

from kerascnn._graph import Graph, Key, Node, Tensor, run

from .batches import in_batches
from .compile import compiled, specs
from .question import Question


def tail_of(graph: Graph, at: Key) -> Graph:
    """Return the graph behind a tensor, whose inputs are that tensor and those that it joins.

    Where a shortcut leads around the layer, what it brings is an input, too, so that it need not be
    computed again. Outputs that do not depend on the layer keep all that leads to them.

    Args:
        graph: the model's graph.
        at: key of the layer's output.

    Returns:
        A graph whose first input is the layer's output.

    Raises:
        ValueError: If no output depends on the layer.
    """
    reached, behind = {at}, []
    for node in graph.leading_to(graph.outputs):
        if at not in node.outputs and reached.intersection(node.inputs):
            behind.append(node)
            reached.update(node.outputs)
    apart = tuple(key for key in graph.outputs if key not in reached)
    if not behind:
        raise ValueError(
            f"layer must affect the outputs; {graph.maker(at).name!r} does not. Choose a layer "
            "before the output."
        )
    kept = {node.name for node in (*behind, *graph.leading_to(apart)) if not node.is_input}
    nodes = [node for node in graph.nodes if node.name in kept]
    made = {key for node in nodes for key in node.outputs}
    constant = {key for key, _value in graph.constants}
    used = [key for node in nodes for key in node.inputs] + list(graph.outputs)
    joined = [k for k in dict.fromkeys(used) if k not in made and k != at and k not in constant]
    sources = (at, *joined)
    entrances = [_entrance(graph, key) for key in sources]
    return replace(graph, nodes=(*entrances, *nodes), inputs=sources)


def values_of(question: Question, keys: tuple[Key, ...], batch_size: int) -> list[np.ndarray]:
    """Compute tensors of a model for its images, and their masks.

    Returns:
        One array (N, …) for each key, and as many of masks, of which those without are (N, 0).
    """

    def values(graph: Graph, *inputs: Tensor) -> list:
        tensors = graph.evaluate(list(inputs), run, until=keys)
        found = [tensors[key] for key in keys]
        none = ops.zeros((ops.shape(inputs[0])[0], 0), "bool")
        masks = [get_keras_mask(x) for x in found]
        return [*found, *(none if mask is None else mask for mask in masks)]

    images = list(question.images)
    step = compiled(question.model, question.graph, ("values", keys), values, specs(images))
    return in_batches(step, images, batch_size, check=False)


def masked(tensors: Sequence[Tensor], masks: Sequence[Tensor]) -> list[Tensor]:
    """Give tensors the masks that `values_of` returns behind them."""
    for tensor, mask in zip(tensors, masks, strict=True):
        if tuple(mask.shape[1:]) != (0,):
            set_keras_mask(tensor, mask)
    return list(tensors)


def _entrance(graph: Graph, key: Key) -> Node:
    """Return a node that stands for the layer of a tensor, with nothing to compute."""
    maker = graph.maker(key)
    shape = maker.shapes[maker.outputs.index(key)]
    operation = keras.layers.InputLayer(batch_shape=shape)
    return Node(maker.name, operation, (), (key,), (shape,), ((), {}))
