"""What methods ask a network: outputs, scores, and gradients at layers and at the images."""

from __future__ import annotations

from collections.abc import Sequence

import keras
import numpy as np
import tensorflow as tf

from kerascnn._graph import Graph, Node, run
from kerascnn._heads import is_binary

from .batches import in_batches
from .compile import compiled, specs
from .layers import LayerLike, select_maps
from .question import Question
from .rules import rule_named
from .scores import PREDICTED, chosen_classes, logits_at, score_gradients, scores_at, scores_in
from .tape import in_half, slopes


def outputs_of(
    model: keras.Model,
    graph: Graph,
    images: Sequence[np.ndarray],
    names: Sequence[str],
    *,
    batch_size: int = 32,
    verbose: bool | str = False,
) -> list[np.ndarray]:
    """Compute the outputs of some nodes; the part of the network behind them is not run.

    Args:
        model: any functional or sequential model.
        graph: the model's graph.
        images: an array (N, …) for each input.
        names: full names of nodes of the graph.
        batch_size: how many images are computed at once.
        verbose: whether a progress bar is shown, as for `progress`.

    Returns:
        A float32 array for each name.
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
    batch_size: int = 32,
    verbose: bool | str = False,
) -> tuple[np.ndarray, np.ndarray]:
    """Compute a layer's maps, and the gradient of the target's score with respect to them.

    The score of a class is its logit: a softmax or sigmoid at the end of the model is left out.

    Args:
        question: the model, the images and the target.
        layer: a layer or its name; `None`: the last maps before the closing pooling.
        batch_size: how many images are computed at once.
        verbose: whether a progress bar is shown, as for `progress`.

    Returns:
        Maps and gradients, each of the layer's output shape (N, h, w, K), float32.
    """
    score = question.score
    layer = select_maps(question.graph, layer, score).name

    def gradients(graph: Graph, *inputs: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        *inputs, classes = inputs
        at = graph.node(layer).outputs[0]
        half = in_half(graph)
        with tf.GradientTape(persistent=half, watch_accessed_variables=False) as tape:

            def call(node: Node, args: tuple, kwargs: dict) -> object:
                outputs = run(node, args, kwargs)
                if at in node.outputs:
                    # Dropout and the like hand on their input itself, which others may read too.
                    outputs = keras.tree.map_structure(tf.identity, outputs)
                    tape.watch(outputs)  # from here on; what lies before needs no gradient
                return outputs

            if at in graph.inputs:
                tape.watch(inputs[graph.inputs.index(at)])
            values, scores = scores_at(graph, inputs, classes, score, call=call, also=(at,))
            maps = values[at]
        (gradient,) = slopes(tape, scores, [maps], half=half)
        if gradient is None:
            raise ValueError(
                f"layer must lead to the score of the target; the score does not depend on "
                f"{layer!r}. Choose a layer before the output, and a target that uses the outputs."
            )
        return tf.cast(maps, tf.float32), gradient

    step = question.step(("gradients", layer), gradients, question.arrays)
    return tuple(in_batches(step, question.arrays, question.at_once(batch_size), verbose))


def input_gradients(
    question: Question,
    *,
    rule: str = "gradient",
    batch_size: int = 32,
    verbose: bool | str = False,
) -> tuple[np.ndarray, list[np.ndarray]]:
    """Compute the target's score, and its gradient with respect to the images.

    Args:
        question: the model, the images and the target.
        rule: how it passes a ReLU on its way back: "gradient", "guided" or "deconvnet".
        batch_size: how many images are computed at once.
        verbose: whether a progress bar is shown, as for `progress`.

    Returns:
        The scores, (N,) float32, and for each input the gradients, in its shape, float32.
    """
    score = question.score
    call = rule_named(rule, question.graph, question.graph.outputs)

    def gradients(graph: Graph, *inputs: tf.Tensor) -> list[tf.Tensor]:
        *inputs, classes = inputs
        scores, grads = score_gradients(graph, inputs, classes, score, call=call)
        return [scores, *grads]

    step = question.step(("input gradients", rule), gradients, question.arrays)
    scores, *grads = in_batches(step, question.arrays, question.at_once(batch_size), verbose)
    return scores, grads


def scores_of(question: Question, *, probability: bool = False, batch_size: int = 32) -> np.ndarray:
    """Compute the target's score for each image; a forward pass, no gradient.

    Args:
        question: the model, the images and the target.
        probability: what the model's softmax or sigmoid makes of the logit, instead of the logit.
            A model that ends without one puts out its logits here too. The predicted class is
            that of the highest logit in either case; a callable sees the model's outputs.
        batch_size: how many images are computed at once.

    Returns:
        (N,) float32.
    """
    score = question.score

    def scores(graph: Graph, *inputs: tf.Tensor) -> list[tf.Tensor]:
        *inputs, classes = inputs
        return [scores_in(graph, inputs, classes, score, probability=probability)]

    step = question.step(("scores", bool(probability)), scores, question.arrays)
    return in_batches(step, question.arrays, question.at_once(batch_size))[0]


def with_predicted_classes(question: Question, batch_size: int = 32) -> Question:
    """The same question about the classes that the model predicts, where none are given.

    So that the same score is asked for when the images change.
    """
    if question.score is not None or (question.classes != PREDICTED).all():
        return question
    return question.about(predicted_classes(question, batch_size))


def predicted_classes(question: Question, batch_size: int = 32) -> np.ndarray:
    """The classes that the model itself predicts, those of the highest logits: (N,) int32."""

    def predicted(graph: Graph, *inputs: tf.Tensor) -> list[tf.Tensor]:
        logits = logits_at(graph, inputs)[1][0]
        return [chosen_classes(logits, PREDICTED, binary=is_binary(graph))]

    images = list(question.images)
    step = compiled(question.model, question.graph, ("predicted",), predicted, specs(images))
    return in_batches(step, images, batch_size)[0]
