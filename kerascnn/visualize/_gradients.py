"""TensorFlow's part in looking inside: the only GradientTape, compiled once and kept.

A computation is compiled for a (model, layers, input shape) and stored under the model, by weak
reference: it dies with the model, and is made anew when the model's layers have changed. Only what
leads to the wanted layers is computed, and gradients are recorded from the layer on, not before.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Sequence
from numbers import Integral

import keras
import numpy as np
import tensorflow as tf

from kerascnn._graph import Graph, Node, flatten, run

from ._arguments import Images, LayerLike, Target, check_images, check_target, select_maps
from ._heads import classes_of, head_of, without_activation

PREDICTED = -1  # stands for the class that the model itself predicts
HALF_SCALE = 1024.0  # keeps small gradients above float16's smallest number; a power of 2 is exact

_compiled: weakref.WeakKeyDictionary[keras.Model, dict] = weakref.WeakKeyDictionary()


def outputs_of(
    model: keras.Model, images: Images, graph: Graph, names: Sequence[str], *, batch_size: int = 32
) -> list[np.ndarray]:
    """Compute the outputs of some nodes; the part of the network behind them is not run.

    Args:
        model: any functional or sequential model.
        images: (N, H, W, C) float, or one array for each of several inputs.
        graph: the model's graph.
        names: full names of nodes of the graph.
        batch_size: how many images are computed at once.

    Returns:
        A float32 array for each name.
    """
    images = check_images(model, images)
    key = ("outputs", tuple(names), _shape(images))
    step = _get(model, graph, key, lambda: _compile(_outputs(model, names), images))
    return _in_batches(step, images, batch_size)


def gradients_at(
    model: keras.Model,
    images: Images,
    target: Target = None,
    layer: LayerLike = None,
    *,
    batch_size: int = 32,
) -> tuple[np.ndarray, np.ndarray]:
    """Compute a layer's maps, and the gradient of the target's score with respect to them.

    The score of a class is its logit: a softmax or sigmoid at the end of the model is left out.

    Args:
        model: any functional or sequential model.
        images: (N, H, W, C) float, or one array for each of several inputs.
        target: class index, one for each image, a callable from the model's outputs before
            softmax to scores (N,), or `None` for the predicted class. A callable sees all images
            at once and is called anew each time, without compilation.
        layer: a layer or its name; `None`: the last with spatial extent before the output.
        batch_size: how many images are computed at once.

    Returns:
        Maps and gradients, each of the layer's output shape (N, h, w, K), float32.
    """
    graph = flatten(model)
    images = check_images(model, images)
    layer = select_maps(graph, layer).name
    classes, score = check_target(target, len(images[0]), *classes_of(graph))
    if score is not None:
        step = _gradients(model, layer, score)
        return tuple(_in_batches(step, [*images, classes], len(classes)))
    key = ("gradients", layer, _shape(images))
    more = tf.TensorSpec([None], tf.int32)
    step = _get(model, graph, key, lambda: _compile(_gradients(model, layer), images, more))
    return tuple(_in_batches(step, [*images, classes], batch_size))


def trace_count(model: keras.Model) -> int:
    """How many computations are compiled for a model."""
    return len(_compiled.get(model, {}))


def _get(
    model: keras.Model, graph: Graph, key: tuple, compile_step: Callable[[], Callable]
) -> Callable:
    """The compiled computation, made anew where there is none or the model is another by now."""
    steps, state = _compiled.setdefault(model, {}), _fingerprint(graph)
    if key not in steps or steps[key][0] != state:
        steps[key] = state, compile_step()
    return steps[key][1]


def _fingerprint(graph: Graph) -> tuple:
    """What a trace rests on: which operations, how they are wired, what they apply at the end.

    References are weak: they keep nothing alive, and one to what is gone equals no other.
    """

    def weak(item: object) -> object:
        try:
            return weakref.ref(item)
        except TypeError:
            return item

    return (
        graph.outputs,
        tuple(
            (
                weak(node.operation),
                node.inputs,
                weak(getattr(node.operation, "activation", None)),
                getattr(node.operation, "lora_enabled", None),
            )
            for node in graph.nodes
        ),
    )


def _outputs(model: keras.Model, names: Sequence[str]) -> Callable:
    of = weakref.ref(model)  # a computation must not keep its model alive

    def step(*inputs: tf.Tensor) -> list[tf.Tensor]:
        graph = flatten(of())
        keys = tuple(graph.node(name).outputs[0] for name in names)
        values = graph.evaluate(list(inputs), run, until=keys)
        return [tf.cast(values[key], tf.float32) for key in keys]

    return step


def _gradients(model: keras.Model, layer: str, score: Callable | None = None) -> Callable:
    of = weakref.ref(model)

    def step(*inputs: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        *inputs, classes = inputs
        graph = flatten(of())
        at = graph.node(layer).outputs[0]
        heads = {key: head_of(graph, key) for key in graph.outputs}
        logits = {}
        with tf.GradientTape(watch_accessed_variables=False) as tape:

            def call(node: Node, args: tuple, kwargs: dict) -> object:
                outputs = run(node, args, kwargs)
                if at in node.outputs:
                    tape.watch(outputs)  # from here on; what lies before needs no gradient
                for key, (head, after) in heads.items():
                    if node is head:
                        logits[key] = without_activation(node, args, kwargs)
                        for reshaping in after:  # what stands between the softmax and the output
                            logits[key] = run(reshaping, (logits[key],), {})
                return outputs

            values = graph.evaluate(list(inputs), call, until=(*graph.outputs, at))
            scores = [tf.cast(logits.get(key, values[key]), tf.float32) for key in graph.outputs]
            if score is None:
                total = class_scores(scores[0], classes, binary=classes_of(graph)[1])
            else:
                total = _called(score, scores[0] if len(scores) == 1 else scores, len(classes))
            maps = values[at]
            scale = HALF_SCALE if maps.dtype == tf.float16 else 1.0
            total = tf.reduce_sum(total) * scale
        gradients = tape.gradient(total, maps)
        if gradients is None:
            raise ValueError(
                f"layer must lead to the score of the target; the score does not depend on "
                f"{layer!r}. Choose a layer before the output, and a target that uses the outputs."
            )
        return tf.cast(maps, tf.float32), tf.cast(gradients, tf.float32) / scale

    return step


def _called(score: Callable, logits: object, count: int) -> tf.Tensor:
    """Call the user's target and check what it gives."""
    scores = score(logits)
    received = "None"
    if scores is not None:
        scores = tf.cast(tf.convert_to_tensor(scores), tf.float32)
        received = f"shape {tuple(scores.shape)}"
    if scores is None or tuple(scores.shape) != (count,):
        raise ValueError(
            f"target, as a callable, must give one score for each image, ({count},); "
            f"received {received}."
        )
    return scores


def class_scores(logits: tf.Tensor, classes: tf.Tensor, *, binary: bool) -> tf.Tensor:
    """The score of a class for each image: its logit.

    Args:
        logits: (N, classes), or (N, h, w, classes), which are averaged over the positions.
        classes: (N,) int; `PREDICTED` takes the highest logit.
        binary: whether a single sigmoid unit stands for two classes: the score of class 1 is
            the logit, that of class 0 its negative.
    """
    if len(logits.shape) > 2:
        logits = tf.reduce_mean(logits, axis=list(range(1, len(logits.shape) - 1)))
    if binary:
        logits = tf.concat([-logits, logits], axis=-1)
    best = tf.argmax(logits, axis=-1, output_type=tf.int32)
    classes = tf.where(classes == PREDICTED, best, classes)
    return tf.gather(logits, classes, axis=-1, batch_dims=1)


def _compile(step: Callable, images: list[np.ndarray], *more: tf.TensorSpec) -> Callable:
    # The batch stays free: one trace serves every number of images.
    specs = [tf.TensorSpec([None, *x.shape[1:]], x.dtype) for x in images]
    function = tf.function(step, input_signature=[*specs, *more], autograph=False)
    return function.get_concrete_function()


def _in_batches(step: Callable, arrays: list[np.ndarray], batch_size: int) -> list[np.ndarray]:
    if not isinstance(batch_size, Integral) or isinstance(batch_size, bool) or batch_size < 1:
        raise ValueError(
            f"batch_size must be a whole number of at least 1; received {batch_size!r}."
        )
    parts = [
        step(*(tf.convert_to_tensor(a[i : i + batch_size]) for a in arrays))
        for i in range(0, len(arrays[0]), batch_size)
    ]
    if len(parts) == 1:
        return [part.numpy() for part in parts[0]]
    return [np.concatenate([p.numpy() for p in same]) for same in zip(*parts, strict=True)]


def _shape(images: list[np.ndarray]) -> tuple:
    return tuple((x.shape[1:], x.dtype.name) for x in images)
