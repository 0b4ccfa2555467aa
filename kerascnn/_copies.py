"""Copies of models, which compute what the originals compute.

Keras copies the configurations of layers. `set_weights` alone leaves a `Normalization` as it is
before `adapt`, and custom layers may have attributes that are not in their configuration.
"""

from __future__ import annotations

from collections.abc import Sequence

import keras
import numpy as np

from ._calls import has_graph, number_calls_alike
from ._graph import Graph, Node, flatten, run
from ._known import computes_as_defined
from ._state import parts_of

SIZES = (32, 64, 256)  # to try for images of any size
CLOSE = 1e-3  # tolerance relative to the largest value


def copied(model: keras.Model) -> keras.Model:
    """Copy a model with its weights.

    Raises:
        ValueError: If a layer of the copy computes something else.
    """
    copy = keras.models.clone_model(model)
    if has_graph(copy):
        number_calls_alike(copy, model)
    restore(copy, model)
    return copy


def restore(copy: keras.Model, model: keras.Model, images: Sequence | None = None) -> None:
    """Give a cloned model the weights of the original, and compare their custom layers.

    Args:
        copy: the clone; calls of shared layers are numbered as in the original.
        model: the original.
        images: an array for each input, of which the first item is used; `None`: random images.

    Raises:
        ValueError: If a layer of the copy computes something else. Models without a graph of layers
            are not compared.
    """
    set_weights(copy, model.get_weights())
    compare(copy, model, images)


def compare(copy: keras.Model, model: keras.Model, images: Sequence | None = None) -> None:
    """Compare the custom layers of a copy with those of the original; see `restore`."""
    if not has_graph(model) or (node := _changed(flatten(copy), flatten(model), images)) is None:
        return
    raise ValueError(
        "model must have layers that Keras can copy; the copy of "
        f"{node.name!r} ({type(node.operation).__name__}) computes something else. Let its "
        "get_config() return everything that it computes with, except for its weights."
    )


def set_weights(model: keras.Model, weights: list[np.ndarray]) -> None:
    """Set weights, and what layers derive from them."""
    model.set_weights(weights)
    finalize(model)


def finalize(model: keras.Model) -> None:
    """Let each Normalization take the mean and the variance from its weights."""
    for layer in parts_of(model):
        if isinstance(layer, keras.layers.Normalization):
            layer.finalize_state()


def _changed(copy: Graph, graph: Graph, images: Sequence | None) -> Node | None:
    """Return the first custom node whose copy computes something else, if there is one."""
    others = {node.name: node for node in copy.nodes}
    copies = {
        node.name: other
        for node in graph.nodes
        if not all(map(computes_as_defined, parts_of(node.operation)))
        and (other := others.get(node.name))
        and other.operation is not node.operation
        and len(other.shapes[0]) == len(node.shapes[0])  # unlike a layer that acts on windows now
    }
    found = []

    def call(node: Node, args: tuple, kwargs: dict) -> object:
        outputs = run(node, args, kwargs)
        if node.name in copies and not found:
            same = _outputs_are_alike(outputs, copies[node.name], args, kwargs)
            if not same and _outputs_are_alike(outputs, node, args, kwargs):  # it is not random
                found.append(node)
        return outputs

    until = tuple(key for n in graph.nodes if n.name in copies for key in n.outputs)
    for size in SIZES if until else ():
        try:
            inputs = _random(graph, size) if images is None else [x[:1] for x in images]
            graph.evaluate(list(map(keras.ops.convert_to_tensor, inputs)), call, until=until)
        except Exception:  # the model does not accept such images
            continue
        break
    return found[0] if found else None


def _outputs_are_alike(outputs: object, node: Node, args: tuple, kwargs: dict) -> bool:
    """Return whether a node computes certain outputs."""
    try:
        pairs = zip(*map(keras.tree.flatten, (outputs, run(node, args, kwargs))), strict=True)
        return all(_are_alike(*map(keras.ops.convert_to_numpy, pair)) for pair in pairs)
    except Exception:
        return False


def _are_alike(one: np.ndarray, other: np.ndarray) -> bool:
    if one.dtype.kind not in "fiub":
        return True
    one, other = one.astype("float64"), other.astype("float64")
    largest = np.abs(np.nan_to_num(one)).max(initial=0)
    return one.shape == other.shape and np.allclose(one, other, 0, CLOSE * largest, equal_nan=True)


def _random(graph: Graph, size: int) -> list[np.ndarray]:
    """Return a random image for each input, with a certain size if any is accepted."""
    rng, images = np.random.default_rng(0), []
    for key in graph.inputs:
        dtype = keras.backend.standardize_dtype(graph.maker(key).operation.dtype)
        shape = [1, *(size if n is None else n for n in graph.maker(key).shapes[0][1:])]
        is_float = keras.backend.is_float_dtype(dtype)
        images.append(rng.random(shape).astype(dtype) if is_float else np.zeros(shape, dtype))
    return images
