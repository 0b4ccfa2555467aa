"""The score of a class or a callable, which the methods explain."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import tensorflow as tf

from kerascnn._errors import warn
from kerascnn._graph import Graph, Key, Node, Tensor, run
from kerascnn._heads import (
    end_of,
    gives_logits,
    head_of,
    is_binary,
    names_of_first,
    squashing,
    units_of,
    without_activation,
)
from kerascnn._processor import in_a_line, is_of_the_backend
from kerascnn.visualize._fast.merging import merging

from .places import outputs_of
from .tape import gradients_of

EPSILON = 1e-6  # a probability is not closer to 0 or 1 when its logit is computed
PREDICTED = -1  # placeholder for the class that the model predicts


def asked(graph: Graph, score: Callable | None) -> Graph:
    """Return the graph with the outputs that a target refers to, so that others do not count.

    A class is one of the first output; a callable takes all. In a dict, none is the first.
    """
    if score is not None or names_of_first(graph)[0]:
        return graph
    return replace(graph, outputs=graph.outputs[:1], structure=0)


def scores_at(
    graph: Graph,
    inputs: Sequence[tf.Tensor],
    classes: tf.Tensor,
    score: Callable | None = None,
    *,
    call: Callable[[Node, tuple, dict], Tensor] = run,
    also: tuple[Key, ...] = (),
) -> tuple[dict[Key, tf.Tensor], tf.Tensor]:
    """Run a model inside a computation, and score its outputs before the softmax.

    Args:
        graph: the model's graph.
        inputs: one tensor per input of the model.
        classes: (N,) int class indices, as returned by `check_target`.
        score: a callable target instead.
        call: function that computes a node from its arguments; can replace or watch operations.
        also: keys of other tensors to compute.

    Returns:
        The values of all computed tensors, and the scores (N,) float32.
    """
    graph = asked(graph, score)
    values, logits = logits_at(graph, inputs, call=call, also=also)
    if score is None:
        return values, class_scores(logits[0], classes, binary=is_binary(graph))
    return values, called(graph, score, logits, len(classes))


def logits_at(
    graph: Graph,
    inputs: Sequence[tf.Tensor],
    *,
    call: Callable[[Node, tuple, dict], Tensor] = run,
    also: tuple[Key, ...] = (),
) -> tuple[dict[Key, tf.Tensor], list[tf.Tensor]]:
    """Run a model inside a computation, and return each output before its softmax or sigmoid.

    Args: as for `scores_at`.

    Returns:
        The values of all computed tensors, and the logits of each output, float32.
    """
    heads = {key: head_of(graph, key) for key in graph.outputs}
    logits = {}

    def call_and_keep(node: Node, args: tuple, kwargs: dict) -> Tensor:
        for key, (head, after) in heads.items():
            if node is head:
                logits[key] = without_activation(node, args, kwargs)
                for reshaping in after:  # between the softmax and the output
                    of_logits = reshaping.arguments({reshaping.inputs[0]: logits[key]})
                    logits[key] = run(reshaping, *of_logits)
        return call(node, args, kwargs)

    values = graph.evaluate(list(inputs), call_and_keep, until=(*graph.outputs, *also))
    # Otherwise the score of one image could be the sum of several rows; `compiled` names the layer.
    tf.debugging.assert_equal(tf.shape(values[graph.outputs[0]])[0], tf.shape(inputs[0])[0])
    for key, (head, _after) in heads.items():
        if head is None:
            logits[key] = values[key]
            if end_of(graph, key) == "sigmoid":  # the mean of several
                logits[key] = _logit(values[key])
    return values, [tf.cast(logits[key], tf.float32) for key in graph.outputs]


def _logit(probabilities: tf.Tensor) -> tf.Tensor:
    p = tf.clip_by_value(tf.cast(probabilities, tf.float32), EPSILON, 1 - EPSILON)
    return tf.math.log(p) - tf.math.log(1 - p)


def scores_in(
    graph: Graph,
    inputs: Sequence[tf.Tensor],
    classes: tf.Tensor,
    score: Callable | None = None,
    *,
    probability: bool = False,
    call: Callable[[Node, tuple, dict], Tensor] = run,
) -> tf.Tensor:
    """Compute, inside a computation, the scores (N,) as `scores_of` does.

    Args: as for `scores_at`, and `probability` as for `scores_of`.
    """
    if not probability:
        return scores_at(graph, inputs, classes, score, call=call)[1]
    values, logits = logits_at(graph, inputs, call=call)
    outputs = [_probabilities(graph, key, values[key]) for key in graph.outputs]
    if score is not None:
        return called(graph, score, outputs, len(classes))
    if gives_logits(graph):
        outputs[0] = tf.nn.softmax(outputs[0])
    binary = is_binary(graph)
    chosen = chosen_classes(logits[0], classes, binary=binary)
    table = _by_class(outputs[0], (lambda p: 1 - p) if binary else None)
    return tf.gather(table, chosen, axis=-1, batch_dims=1)


def warn_of_logits(graph: Graph, score: Callable | None, probability: bool) -> None:
    """Warn if probabilities are those of a softmax that the model does not have."""
    if probability and score is None and gives_logits(graph):
        warn(
            "the model ends in logits, so the probability of a class is that of a softmax over its "
            f"{units_of(graph)} classes. Add keras.layers.Softmax(), or a sigmoid if "
            "several classes may be present, to say which is meant."
        )


def score_gradients(
    graph: Graph,
    inputs: Sequence[tf.Tensor],
    classes: tf.Tensor,
    score: Callable | None = None,
    *,
    call: Callable[[Node, tuple, dict], Tensor] = run,
) -> tuple[tf.Tensor, list[tf.Tensor]]:
    """Compute, inside a computation, the scores and their gradients with respect to the inputs.

    Args: as for `scores_at`.

    Returns:
        The scores (N,), and one gradient per input, in its shape, float32.
    """
    return gradients_of(
        graph, lambda xs: scores_at(graph, xs, classes, score, call=call)[1], inputs
    )


def gradients_at_points(
    graph: Graph, points: Sequence[tf.Tensor], classes: tf.Tensor, score: Callable | None = None
) -> list[tf.Tensor]:
    """Compute, inside a computation, the gradients of the score at several points per image.

    Args:
        graph: the model's graph.
        points: (N, points, H, W, C) for each input; what is `kept` has the same at each.
        classes: (N,) int class indices.
        score: a callable target instead, with one point per image.

    Returns:
        One gradient per input, in the shape of the points, float32.
    """

    def fold(x: tf.Tensor) -> tf.Tensor:
        folded = tf.reshape(x, tf.concat([[-1], tf.shape(x)[2:]], axis=0))
        return tf.ensure_shape(folded, [None, *x.shape[2:]])  # layers need the static shape

    classes = tf.repeat(classes, tf.shape(points[0])[1])
    inputs, call = [fold(x) for x in points], merging(graph)
    _scores, grads = score_gradients(graph, inputs, classes, score, call=call)
    return [tf.reshape(g, tf.shape(x)) for g, x in zip(grads, points, strict=True)]


def kept(x: tf.Tensor, like: tf.Tensor) -> tf.Tensor:
    """Return the same values (N, points, …) at each of some points, for an input (N, …)."""
    return tf.repeat(x[:, None], tf.shape(like)[0], axis=1)


@contextmanager
def failing_in_one_line(what: str, outputs: Any) -> Iterator[None]:
    """Raise a one-line error if a callable fails in TensorFlow, or as one of several outputs would.

    Python's other errors say enough.

    Args:
        what: name of the argument that is the callable.
        outputs: what it receives.
    """
    try:
        yield
    except Exception as error:
        said = str(error)
        if "symbolic" in said.lower():  # in a compiled computation
            raise TypeError(
                f"{what}, as a callable, must compute with keras.ops, not with NumPy or .numpy(); "
                f"it failed: {in_a_line(error)}."
            ) from None
        if is_of_the_backend(error) or "{{" in said:
            raise ValueError(
                f"{what}, as a callable, failed on the model's outputs: {in_a_line(error)}. Check "
                "its indices and shapes."
            ) from None
        kinds = (AttributeError, IndexError, KeyError, TypeError)
        several = isinstance(outputs, (dict, list, tuple)) and isinstance(error, kinds)
        if several and not said.startswith(f"{what} must"):
            names = [*outputs] if isinstance(outputs, dict) else range(len(outputs))
            raise ValueError(
                f"{what}, as a callable, failed on the model's outputs, a "
                f"{type(outputs).__name__}: {type(error).__name__}: {in_a_line(error)}. Choose one "
                f"of {', '.join(f'y[{name!r}]' for name in names)}."
            ) from error
        raise


def called(graph: Graph, score: Callable, outputs: Sequence[tf.Tensor], count: int) -> tf.Tensor:
    """Call a callable target on the outputs of the model, and check the scores."""
    packed = graph.pack(outputs)
    with failing_in_one_line("target", packed), outputs_of(graph, outputs):
        scores = score(packed)
    received = "None"
    if scores is not None:
        scores = tf.cast(tf.convert_to_tensor(scores), tf.float32)
        received = f"shape {tuple(scores.shape)}"
    if scores is None or tuple(scores.shape) != (count,):
        raise ValueError(
            f"target, as a callable, must return one score for each image, ({count},); "
            f"received {received}."
        )
    return scores


def class_scores(logits: tf.Tensor, classes: tf.Tensor, *, binary: bool) -> tf.Tensor:
    """Compute the score of a class for each image, which is its logit.

    Args:
        logits: (N, classes), or (N, h, w, classes), which are averaged over the positions.
        classes: (N,) int; `PREDICTED` selects the highest logit.
        binary: whether a single sigmoid unit represents two classes: the score of class 1 is the
            logit, that of class 0 its negative.
    """
    table = _by_class(logits, tf.negative if binary else None)
    chosen = chosen_classes(logits, classes, binary=binary)
    return tf.gather(table, chosen, axis=-1, batch_dims=1)


def chosen_classes(logits: tf.Tensor, classes: tf.Tensor | int, *, binary: bool) -> tf.Tensor:
    """Replace `PREDICTED` by the predicted class, (N,) int32."""
    table = _by_class(logits, tf.negative if binary else None)
    best = tf.argmax(table, axis=-1, output_type=tf.int32)
    return tf.where(classes == PREDICTED, best, classes)


def scores_by_class(graph: Graph, logits: tf.Tensor) -> tf.Tensor:
    """Return the score of every class from the logits of the first output, (N, classes)."""
    return _by_class(logits, tf.negative if is_binary(graph) else None)


def _by_class(outputs: tf.Tensor, of_no: Callable | None) -> tf.Tensor:
    """Return outputs as (N, classes): averaged over positions; both classes of a sigmoid unit."""
    if len(outputs.shape) == 1:  # (N,), one unit
        outputs = outputs[:, None]
    if len(outputs.shape) > 2:
        outputs = tf.reduce_mean(outputs, axis=list(range(1, len(outputs.shape) - 1)))
    return outputs if of_no is None else tf.concat([of_no(outputs), outputs], axis=-1)


def _probabilities(graph: Graph, key: Key, output: tf.Tensor) -> tf.Tensor:
    head, _after = head_of(graph, key)
    output = tf.cast(output, tf.float32)
    in_logs = head is not None and squashing(head.operation) == "log_softmax"
    return tf.exp(output) if in_logs else output
