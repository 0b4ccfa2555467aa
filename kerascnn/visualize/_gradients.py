"""TensorFlow's part in looking inside: the only GradientTape, compiled once and kept.

A computation is compiled for a (model, layers, input shape) and stored under the model, by weak
reference: it dies with the model, and is made anew when the model's layers have changed. Only what
leads to the wanted layers is computed, and gradients are recorded from the layer on, not before.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Sequence
from functools import partial
from numbers import Integral

import keras
import numpy as np
import tensorflow as tf

from kerascnn._graph import Graph, Key, Node, flatten, run

from ._arguments import Images, LayerLike, Target, check_images, check_target, select_maps
from ._heads import classes_of, head_of, without_activation

PREDICTED = -1  # stands for the class that the model itself predicts
HALF_SCALE = 1024.0  # keeps small gradients above float16's smallest number; a power of 2 is exact

CLASSES = tf.TensorSpec([None], tf.int32)

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
    names = tuple(names)

    def outputs(graph: Graph, *inputs: tf.Tensor) -> list[tf.Tensor]:
        keys = tuple(graph.node(name).outputs[0] for name in names)
        values = graph.evaluate(list(inputs), run, until=keys)
        return [tf.cast(values[key], tf.float32) for key in keys]

    step = compiled(model, graph, ("outputs", names), outputs, specs(images))
    return in_batches(step, images, batch_size)


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

    def gradients(graph: Graph, *inputs: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        *inputs, classes = inputs
        at = graph.node(layer).outputs[0]
        with tf.GradientTape(watch_accessed_variables=False) as tape:

            def call(node: Node, args: tuple, kwargs: dict) -> object:
                outputs = run(node, args, kwargs)
                if at in node.outputs:
                    tape.watch(outputs)  # from here on; what lies before needs no gradient
                return outputs

            values, scores = scores_at(graph, inputs, classes, score, call=call, also=(at,))
            maps = values[at]
            scale = HALF_SCALE if maps.dtype == tf.float16 else 1.0
            total = tf.reduce_sum(scores) * scale
        gradient = tape.gradient(total, maps)
        if gradient is None:
            raise ValueError(
                f"layer must lead to the score of the target; the score does not depend on "
                f"{layer!r}. Choose a layer before the output, and a target that uses the outputs."
            )
        return tf.cast(maps, tf.float32), tf.cast(gradient, tf.float32) / scale

    if score is not None:
        step = partial(gradients, graph)
        return tuple(in_batches(step, [*images, classes], len(classes)))
    step = compiled(model, graph, ("gradients", layer), gradients, [*specs(images), CLASSES])
    return tuple(in_batches(step, [*images, classes], batch_size))


def scores_at(
    graph: Graph,
    inputs: Sequence[tf.Tensor],
    classes: tf.Tensor,
    score: Callable | None = None,
    *,
    call: Callable[[Node, tuple, dict], object] = run,
    also: tuple[Key, ...] = (),
) -> tuple[dict[Key, tf.Tensor], tf.Tensor]:
    """Run a model inside a computation, and score what it puts out before its softmax.

    Args:
        graph: the model's graph.
        inputs: a tensor for each of the model's inputs.
        classes: (N,) int class indices, as `check_target` gives them.
        score: a callable target instead.
        call: computes a node from its arguments; replaces or watches operations.
        also: keys of further tensors that are wanted.

    Returns:
        The values of all tensors on the way, and the scores (N,) float32.
    """
    heads = {key: head_of(graph, key) for key in graph.outputs}
    logits = {}

    def call_and_keep(node: Node, args: tuple, kwargs: dict) -> object:
        for key, (head, after) in heads.items():
            if node is head:
                logits[key] = without_activation(node, args, kwargs)
                for reshaping in after:  # what stands between the softmax and the output
                    logits[key] = run(reshaping, (logits[key],), {})
        return call(node, args, kwargs)

    values = graph.evaluate(list(inputs), call_and_keep, until=(*graph.outputs, *also))
    ends = [tf.cast(logits.get(key, values[key]), tf.float32) for key in graph.outputs]
    if score is None:
        return values, class_scores(ends[0], classes, binary=classes_of(graph)[1])
    return values, _called(score, ends[0] if len(ends) == 1 else ends, len(classes))


def value_and_gradient(
    function: Callable[[tf.Tensor], tf.Tensor], point: tf.Tensor
) -> tuple[tf.Tensor, tf.Tensor]:
    """The value of a function of a tensor, and the gradient of its sum with respect to it."""
    with tf.GradientTape(watch_accessed_variables=False) as tape:
        tape.watch(point)
        value = function(point)
    return value, tape.gradient(value, point)


def trace_count(model: keras.Model) -> int:
    """How many computations are compiled for a model."""
    return len(_compiled.get(model, {}))


def compiled(
    model: keras.Model,
    graph: Graph,
    key: tuple,
    body: Callable,
    signature: Sequence[tf.TensorSpec],
) -> Callable:
    """A computation on a model, compiled once and kept as long as the model lives and stays.

    Args:
        model: any functional or sequential model.
        graph: the model's graph as it is now.
        key: names the computation among those of the model, with all that `body` depends on
            but its arguments; must be hashable.
        body: `body(graph, *tensors)`, traced once. It must not refer to the model.
        signature: the shapes and types of the tensors.

    Returns:
        A function of the tensors.
    """
    steps, state = _compiled.setdefault(model, {}), _fingerprint(graph)
    key = (*key, *((tuple(spec.shape), spec.dtype.name) for spec in signature))
    if key not in steps or steps[key][0] != state:
        of = weakref.ref(model)  # a computation must not keep its model alive
        function = tf.function(
            lambda *tensors: body(flatten(of()), *tensors),
            input_signature=list(signature),
            autograph=False,
        )
        steps[key] = state, function.get_concrete_function()
    return steps[key][1]


def specs(arrays: Sequence[np.ndarray]) -> list[tf.TensorSpec]:
    """Shapes and types of batches; their number stays free: one trace serves all."""
    return [tf.TensorSpec([None, *x.shape[1:]], x.dtype) for x in arrays]


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


def in_batches(step: Callable, arrays: Sequence[np.ndarray], batch_size: int) -> list[np.ndarray]:
    """Run a computation on a few images at a time, and join what it gives."""
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
