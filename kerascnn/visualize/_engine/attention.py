"""The attention maps of a network, and the gradients of the score with respect to them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from kerascnn._graph import Graph, Key, Node, Tensor, run

from .batches import in_batches
from .question import Question
from .scores import asked, scores_at
from .tokens import Reshape, as_maps

ATTENDING = (keras.layers.MultiHeadAttention, keras.layers.GroupQueryAttention)
OTHERS = (keras.layers.Attention, keras.layers.AdditiveAttention)
Token = int | str


@dataclass
class Recorder:
    """Computes nodes, and keeps the attention maps of those that attend, (N, heads, T, T)."""

    names: tuple[str, ...]
    maps: dict[str, Tensor]
    tape: tf.GradientTape | None = None

    def __call__(self, node: Node, args: tuple, kwargs: dict) -> object:
        """Compute a node; see `Graph.evaluate`."""
        if node.name not in self.names:
            return run(node, args, kwargs)
        if self.tape is not None:
            tensors = filter(tf.is_tensor, keras.tree.flatten((args, kwargs)))
            self.tape.watch([tensor for tensor in tensors if tensor.dtype.is_floating])
        asked = kwargs.get("return_attention_scores", False)
        output, found = run(node, args, {**kwargs, "return_attention_scores": True})
        self.maps[node.name] = found
        return (output, found) if asked else output


def attending(graph: Graph, until: tuple[Key, ...]) -> tuple[str, ...]:
    """Return the names of the nodes that attend from all tokens to all tokens, in order.

    Raises:
        ValueError: If there is none, if one attends to other tokens or hides its attention, or if
            they do not follow each other.
    """
    leading = graph.leading_to(until)
    nodes = [n for n in leading if isinstance(n.operation, ATTENDING)]
    for node in leading:
        if not isinstance(node.operation, ATTENDING) and _attends(node.operation):
            raise ValueError(
                "model must attend in layers MultiHeadAttention or GroupQueryAttention that its "
                f"graph shows; {node.name!r} ({type(node.operation).__name__}) does not show its "
                "attention. Build the model from these layers, or use integrated_gradients."
            )
    if not nodes:
        raise ValueError(
            "model must have attention layers, keras.layers.MultiHeadAttention or "
            "GroupQueryAttention; it has none. Use grad_cam for a convolutional network."
        )
    lengths = {}
    for node in nodes:
        shapes = [graph.shapes[key] for key in node.inputs]
        if any(len(shape) != 3 for shape in shapes) or len({s[1] for s in shapes}) > 1:
            raise ValueError(
                f"model must attend from all tokens to the same tokens; {node.name!r} gets "
                f"{', '.join(map(str, shapes))}."
            )
        lengths[node.name] = shapes[0][1]
    if len({*lengths.values()}) > 1:
        raise ValueError(
            f"model must have the same number of tokens in all attention layers; it has {lengths}."
        )
    for first, second in pairwise(nodes):
        if first.name not in {node.name for node in graph.leading_to(second.inputs)}:
            raise ValueError(
                "model must attend in one layer after another, whose attention is multiplied; "
                f"{first.name!r} and {second.name!r} are in parallel. Use integrated_gradients."
            )
    return tuple(lengths)


def _attends(operation: keras.Operation) -> bool:
    """Whether a layer, or one inside it, computes attention."""
    inside = operation._flatten_layers() if isinstance(operation, keras.layers.Layer) else ()
    return any(isinstance(layer, (*ATTENDING, *OTHERS)) for layer in inside)


def token_matrices(
    question: Question,
    key: str,
    combine: Callable[[list, list], Tensor],
    *,
    gradients: bool,
    batch_size: int,
    verbose: bool | str,
) -> np.ndarray:
    """Combine the attention maps of all layers into one matrix (N, T, T), compiled.

    Args:
        question: the model, the images and the target.
        key: name of the computation.
        combine: function from the maps (N, heads, T, T) of all layers, and the gradients of the
            score with respect to them, to the matrix.
        gradients: whether it needs gradients.
        batch_size: number of images per batch.
        verbose: whether to show a progress bar.
    """
    score = question.score
    names = attending(question.graph, asked(question.graph, score).outputs)

    def matrices(graph: Graph, *tensors: Tensor) -> list:
        *inputs, classes = tensors
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            recorder = Recorder(names, {}, tape)
            if gradients:
                scores = scores_at(graph, inputs, classes, score, call=recorder)[1]
            else:
                graph.evaluate(list(inputs), recorder, until=ends_of(graph, names))
        maps = [recorder.maps[name] for name in names]
        grads: Any = tape.gradient(scores, maps) if gradients else []
        grads = [tf.zeros_like(a) if g is None else g for a, g in zip(maps, grads, strict=False)]
        single = ([tf.cast(x, tf.float32) for x in each] for each in (maps, grads))
        return [combine(*single)]

    step = question.step((key,), matrices, question.arrays)
    return in_batches(step, question.arrays, question.at_once(batch_size), verbose)[0]


def ends_of(graph: Graph, names: tuple[str, ...]) -> tuple[Key, ...]:
    """Return the keys of the outputs of some nodes."""
    return tuple(graph.node(name).outputs[0] for name in names)


def row_of(matrix: np.ndarray, token: Token, reshape: Reshape, what: str) -> np.ndarray:
    """Return what the tokens mean to one token, or to all on average: (N, T), or maps (N, h, w).

    Raises:
        ValueError: If there is no such token.
    """
    count = matrix.shape[1]
    if token == "mean":
        row = matrix.mean(axis=1)
    elif (
        isinstance(token, (int, np.integer)) and not isinstance(token, bool) and 0 <= token < count
    ):
        row = matrix[:, int(token)]
    else:
        raise ValueError(
            f"token must be 'mean' or the index of a token from 0 to {count - 1}, such as 0 for a "
            f"class token; received {token!r}."
        )
    return as_maps(row[..., None], reshape, what)[..., 0]
