"""Outputs, scores, and gradients at layers and images: what most methods compute."""

from __future__ import annotations

from collections.abc import Sequence

import keras
import numpy as np
import tensorflow as tf

from kerascnn._graph import Graph, Node, Tensor, run
from kerascnn._heads import is_binary
from kerascnn.visualize._fast.merging import merging

from .batches import in_batches
from .compile import compiled, specs
from .layers import LayerLike, select_maps
from .placing import warn_of_border
from .question import Question
from .relu_rules import rule_named
from .scores import (
    PREDICTED,
    asked,
    chosen_classes,
    logits_at,
    score_gradients,
    scores_at,
    scores_by_class,
    scores_in,
    warn_of_logits,
)
from .tape import in_half, slopes
from .tokens import Reshape, as_maps, check_gradients


def outputs_of(
    model: keras.Model,
    graph: Graph,
    images: Sequence[np.ndarray],
    names: Sequence[str],
    *,
    batch_size: int = 32,
    verbose: bool | str = False,
) -> list[np.ndarray]:
    """Compute the outputs of some nodes; the network runs only up to these nodes.

    Args:
        model: any functional or sequential model.
        graph: the model's graph.
        images: one array (N, …) per input.
        names: full names of nodes in the graph.
        batch_size: number of images per batch.
        verbose: whether to show a progress bar, as for `progress`.

    Returns:
        One float32 array per name.
    """
    names = tuple(names)

    def outputs(graph: Graph, *inputs: tf.Tensor) -> list[tf.Tensor]:
        keys = tuple(graph.node(name).outputs[0] for name in names)
        values = graph.evaluate(list(inputs), run, until=keys)
        return [tf.cast(values[key], tf.float32) for key in keys]

    step = compiled(model, graph, ("outputs", names), outputs, specs(images))
    return in_batches(step, images, batch_size, verbose)


def gradients_at(
    question: Question,
    layer: LayerLike = None,
    *,
    reshape: Reshape = None,
    weights: np.ndarray | None = None,
    batch_size: int = 32,
    verbose: bool | str = False,
) -> tuple[np.ndarray, np.ndarray]:
    """Compute a layer's feature maps, and the gradient of the score with respect to them.

    The score of a class is its logit, before a softmax or sigmoid at the end of the model.

    Args:
        question: the model, the images and the target.
        layer: a layer or its name; `None`: the last feature maps before the final pooling.
        reshape: how tokens become maps, as for `as_maps`.
        weights: (N, classes), of a sum of classes' scores to use instead of the score.
        batch_size: number of images per batch.
        verbose: whether to show a progress bar, as for `progress`.

    Returns:
        Feature maps and gradients, both of the layer's output shape (N, h, w, K), float32.

    Raises:
        ValueError: If the score does not depend on the layer, or if its gradient is 0 at all tokens
            that `reshape` keeps.
    """
    score, count = question.score, len(question.images)
    node = select_maps(question.graph, layer, score, tokens=reshape is not None)
    layer = node.name

    def gradients(graph: Graph, *tensors: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        inputs, of_score = tensors[:count], tensors[count]
        at = graph.node(layer).outputs[0]
        half = in_half(graph)
        with tf.GradientTape(persistent=half, watch_accessed_variables=False) as tape:

            def call(node: Node, args: tuple, kwargs: dict) -> Tensor:
                outputs = run(node, args, kwargs)
                if at in node.outputs:
                    # Dropout and the like return their input itself, which others may use too.
                    outputs = keras.tree.map_structure(tf.identity, outputs)
                    tape.watch(outputs)  # earlier layers need no gradient
                return outputs

            if at in graph.inputs:
                tape.watch(inputs[graph.inputs.index(at)])
            if weights is None:
                values, scores = scores_at(graph, inputs, of_score, score, call=call, also=(at,))
            else:
                values, logits = logits_at(graph, inputs, call=call, also=(at,))
                scores = tf.reduce_sum(of_score * scores_by_class(graph, logits[0]), axis=-1)
            maps = values[at]
        (gradient,) = slopes(tape, scores, [maps], half=half)
        if gradient is None:
            raise ValueError(
                f"layer must affect the score of the target; the score does not depend on "
                f"{layer!r}. Choose a layer before the output, and a target that uses the outputs, "
                "with keras.ops, not with NumPy."
            )
        return tf.cast(maps, tf.float32), gradient

    arrays = [*question.images, question.classes if weights is None else weights]
    step = question.step(("gradients", layer, weights is None), gradients, arrays)
    found = in_batches(step, arrays, question.at_once(batch_size), verbose)
    maps, grads = (as_maps(values, reshape, layer) for values in found)
    check_gradients(grads, reshape, layer)
    warn_of_border(question.model, question.graph, node, question.images, maps.shape[1:3])
    return maps, grads


def input_gradients(
    question: Question,
    *,
    rule: str = "gradient",
    batch_size: int = 32,
    verbose: bool | str = False,
) -> tuple[np.ndarray, list[np.ndarray]]:
    """Compute the score of the target, and its gradient with respect to the images.

    Args:
        question: the model, the images and the target.
        rule: backward rule of ReLUs: "gradient", "guided" or "deconvnet".
        batch_size: number of images per batch.
        verbose: whether to show a progress bar, as for `progress`.

    Returns:
        The scores, (N,) float32, and one gradient per input, in its shape, float32.
    """
    score = question.score
    call = rule_named(rule, question.graph, asked(question.graph, score).outputs)

    def gradients(graph: Graph, *tensors: tf.Tensor) -> list[tf.Tensor]:
        *inputs, classes = tensors
        scores, grads = score_gradients(graph, inputs, classes, score, call=call)
        return [scores, *grads]

    step = question.step(("input gradients", rule), gradients, question.arrays)
    scores, *grads = in_batches(step, question.arrays, question.at_once(batch_size), verbose)
    return scores, grads


def scores_of(
    question: Question, *, probability: bool = False, batch_size: int = 32, check: bool = True
) -> np.ndarray:
    """Compute the score of the target for each image in a forward pass.

    Args:
        question: the model, the images and the target.
        probability: whether to compute the output of the model's softmax or sigmoid instead of the
            logit; that of a softmax for a model that ends in logits, with a warning. The predicted
            class is that of the highest logit in either case. A callable target takes the model's
            outputs.
        batch_size: number of images per batch.
        check: whether to warn of scores that are not finite.

    Returns:
        (N,) float32.
    """
    score = question.score
    warn_of_logits(question.graph, score, probability)

    def scores(graph: Graph, *tensors: tf.Tensor) -> list[tf.Tensor]:
        *inputs, classes = tensors
        call = merging(graph)
        return [scores_in(graph, inputs, classes, score, probability=probability, call=call)]

    step = question.step(("scores", bool(probability)), scores, question.arrays)
    at_once = question.at_once(batch_size)
    return in_batches(step, question.arrays, at_once, check=check)[0]


def with_predicted_classes(question: Question, batch_size: int = 32) -> Question:
    """Replace unspecified classes by predicted ones, so that they stay fixed as images change."""
    if question.score is not None or (question.classes != PREDICTED).all():
        return question
    return question.about(predicted_classes(question, batch_size))


def class_table(question: Question, batch_size: int = 32) -> np.ndarray:
    """Compute the scores of all classes, their logits, (N, classes) float32."""

    def table(graph: Graph, *inputs: tf.Tensor) -> list[tf.Tensor]:
        return [scores_by_class(graph, logits_at(graph, inputs)[1][0])]

    images = list(question.images)
    step = compiled(question.model, question.graph, ("class table",), table, specs(images))
    return in_batches(step, images, batch_size, check=False)[0]


def predicted_classes(question: Question, batch_size: int = 32) -> np.ndarray:
    """Compute the classes that the model predicts, those of the highest logits, (N,) int32."""

    def predicted(graph: Graph, *inputs: tf.Tensor) -> list[tf.Tensor]:
        logits = logits_at(graph, inputs)[1][0]
        return [chosen_classes(logits, PREDICTED, binary=is_binary(graph))]

    images = list(question.images)
    step = compiled(question.model, question.graph, ("predicted",), predicted, specs(images))
    return in_batches(step, images, batch_size)[0]
