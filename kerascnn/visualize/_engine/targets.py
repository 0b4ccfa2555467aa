"""Check the target given to a method: a class for each image, or a callable."""

import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from kerascnn._class_names import indices_of
from kerascnn._graph import Graph
from kerascnn._heads import classes_of, is_binary, known_classes_of

SHORT = 60  # characters of a target that an error shows as it is

Target = (
    int | str | Sequence[int] | Sequence[str] | np.ndarray | Callable | Sequence[Callable] | None
)


def check_target(
    target: Target, count: int, graph: Graph, *, name: str = "target"
) -> tuple[np.ndarray, Callable | None]:
    """Convert a target to one class index per image, or a callable.

    Args:
        target: class index or name, one per image, a callable, a list of callables, one per output,
            or `None`.
        count: number of images.
        graph: the model's graph.
        name: name of the argument.

    Returns:
        (N,) int32 class indices, -1 for the predicted class, and the callable or `None`.

    Raises:
        TypeError: If the target is none of these.
        ValueError: If an index is out of range, if there is not one index per image, or if the
            model needs a callable.
    """
    target = read_scores(target, graph, name)
    predicted = np.full(count, -1, np.int32)
    if callable(target):
        return predicted, target
    if target is None:
        classes_of(graph)  # refuses a model without classes
        return predicted, None
    classes = known_classes_of(graph)
    indices = np.asarray(target)
    by_class = indices.ndim and indices.shape[-1] == classes and indices.dtype.kind in "buif"
    hint = " For rows of one-hot classes, pass their argmax(axis=-1)." * bool(by_class)
    if indices.dtype.kind not in "iu":
        received = repr(target)
        if len(received) > SHORT or "\n" in received:
            received = f"{indices.dtype} of shape {indices.shape}"
        raise TypeError(
            f"{name} must be a class index, one index per image, a callable from the logits to "
            f"scores (N,), or None for the predicted class; received {received}.{hint}"
        )
    if indices.shape not in ((), (1,), (count,)):
        raise ValueError(
            f"{name} must be a class index or one index for each of the {count} images, "
            f"({count},); received shape {indices.shape}.{hint}"
        )
    each = np.atleast_1d(indices)
    wrong = each[(each < 0) | (each >= classes)]
    if len(wrong):
        meaning = " (0: negative, 1: positive)" * is_binary(graph)
        if len(graph.outputs) > 1:
            meaning += f" of the first output, {graph.maker(graph.outputs[0]).name!r}"
        raise ValueError(
            f"{name} must be a class index from 0 to {classes - 1}{meaning}; received {wrong[0]}."
        )
    return np.broadcast_to(indices, count).astype(np.int32), None


def read_scores(target: Target, graph: Graph, name: str = "target") -> Target:
    """Convert names and tf-keras-vis scores to class indices, several scores to one callable."""
    read: Any = indices_of(target, graph, name)
    if isinstance(target, (list, tuple)) and target and all(map(callable, target)):
        return _sum_of(read) if len(read) > 1 else read_scores(read[0], graph)
    # If the target is a score, this module has been imported; otherwise it is not needed.
    known = sys.modules.get("tf_keras_vis.utils.scores")
    binary = known and is_binary(graph)
    if known and type(read) is known.CategoricalScore and not binary:
        indices = read.indices
    elif known and type(read) is known.BinaryScore and binary:
        indices = [int(value) for value in read.target_values]
    else:
        return read
    return indices[0] if len(indices) == 1 else indices


def _sum_of(targets: Sequence[Callable]) -> Callable:
    """Sum callables, one per output of a model, as tf-keras-vis does."""

    def total(outputs: list) -> keras.KerasTensor:
        if isinstance(outputs, Mapping):
            raise TypeError(
                "target must be one callable from a dict to scores (N,) for a model whose outputs "
                f"are a dict, {sorted(outputs)}; received a list."
            )
        outputs = list(outputs) if isinstance(outputs, (list, tuple)) else [outputs]
        if len(outputs) != len(targets):
            raise ValueError(
                "target, as a list of callables, must have one for each of the model's "
                f"{len(outputs)} output(s); received {len(targets)}."
            )
        scores = [
            ops.convert_to_tensor(score(output), "float32")
            for score, output in zip(targets, outputs, strict=True)
        ]
        return sum(ops.mean(s, axis=tuple(range(1, len(s.shape)))) for s in scores)

    return total
