"""TensorFlow's part in looking inside: the only GradientTape, compiled once and kept.

A computation is compiled for a (model, layers, input shape) and stored under the model, by weak
reference: it dies with the model. Only what leads to the wanted layers is computed, and gradients
are recorded from the layer on, not before it.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Sequence

import keras
import numpy as np
import tensorflow as tf

from kerascnn._graph import Graph, Node, flatten, run

from ._arguments import Images, Target, check_images, check_target

PREDICTED = -1  # stands for the class that the model itself predicts
HALF_SCALE = 1024.0  # keeps small gradients above float16's smallest number; a power of 2 is exact

HEADS = {  # activations of a last layer, and whether a single unit then stands for two classes
    "softmax": False,
    "log_softmax": False,
    "sigmoid": True,
}

_compiled: weakref.WeakKeyDictionary[keras.Model, dict] = weakref.WeakKeyDictionary()
_by_callable: weakref.WeakKeyDictionary[Callable, object] = weakref.WeakKeyDictionary()


def outputs_of(
    model: keras.Model, images: Images, names: Sequence[str], *, batch_size: int = 32
) -> list[np.ndarray]:
    """Compute the outputs of some nodes; the part of the network behind them is not run.

    Args:
        model: any functional or sequential model.
        images: (N, H, W, C) float, or a list of arrays for several inputs.
        names: full names of nodes of the model's graph.
        batch_size: how many images are computed at once.

    Returns:
        A float32 array for each name.
    """
    images = check_images(model, images)
    step = _get(
        model, ("outputs", tuple(names), _shape(images)), lambda: _outputs(model, names, images)
    )
    return _in_batches(step, images, batch_size)


def gradients_at(
    model: keras.Model,
    images: Images,
    target: Target = None,
    layer: str | None = None,
    *,
    batch_size: int = 32,
) -> tuple[np.ndarray, np.ndarray]:
    """Compute a layer's maps, and the gradient of the target's score with respect to them.

    The score of a class is its logit: a softmax or sigmoid at the end of the model is left out.

    Args:
        model: any functional or sequential model.
        images: (N, H, W, C) float, or a list of arrays for several inputs.
        target: class index, one for each image, a callable from the model's outputs before
            softmax to scores (N,), or `None` for the predicted class.
        layer: full name of a node of the model's graph.
        batch_size: how many images are computed at once.

    Returns:
        Maps and gradients, each of the layer's output shape (N, h, w, K), float32.
    """
    images = check_images(model, images)
    graph = flatten(model)
    classes, score = check_target(target, len(images[0]), *_classes(graph))
    key = ("gradients", layer, _shape(images))
    if score is None:
        step = _get(model, key, lambda: _gradients(model, layer, images, None))
    else:  # kept with the callable, and gone with it
        owner = _by_callable.setdefault(score, weakref.WeakKeyDictionary())
        step = _get(model, key, lambda: _gradients(model, layer, images, score), owner)
    return tuple(_in_batches(step, [*images, classes], batch_size))


def trace_count(model: keras.Model) -> int:
    """How many computations are compiled for a model, those for callable targets included."""
    return sum(len(cache.get(model, {})) for cache in (_compiled, *_by_callable.values()))


def _get(
    model: keras.Model,
    key: tuple,
    compile_step: Callable[[], Callable],
    cache: weakref.WeakKeyDictionary | None = None,
) -> Callable:
    steps = (_compiled if cache is None else cache).setdefault(model, {})
    if key not in steps:
        steps[key] = compile_step()
    return steps[key]


def _outputs(model: keras.Model, names: Sequence[str], images: list[np.ndarray]) -> Callable:
    of = weakref.ref(model)  # a computation must not keep its model alive

    def step(*inputs: tf.Tensor) -> list[tf.Tensor]:
        graph = flatten(of())
        keys = tuple(graph.node(name).outputs[0] for name in names)
        values = graph.evaluate(list(inputs), run, until=keys)
        return [tf.cast(values[key], tf.float32) for key in keys]

    return _compile(step, images)


def _gradients(
    model: keras.Model, layer: str, images: list[np.ndarray], score: Callable | None
) -> Callable:
    of = weakref.ref(model)
    score_of = score and weakref.ref(score)

    def step(*inputs: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        *inputs, classes = inputs
        graph = flatten(of())
        at, logits = graph.node(layer).outputs[0], {}
        with tf.GradientTape(watch_accessed_variables=False) as tape:

            def call(node: Node, args: tuple, kwargs: dict) -> object:
                outputs = run(node, args, kwargs)
                if at in node.outputs:
                    tape.watch(outputs)  # from here on; what lies before needs no gradient
                for key in node.outputs:
                    if key in graph.outputs:
                        logits[key] = _without_head(node, args, kwargs, outputs)
                return outputs

            values = graph.evaluate(list(inputs), call, until=(*graph.outputs, at))
            scores = [tf.cast(logits[key], tf.float32) for key in graph.outputs]
            if score_of is None:
                total = class_scores(scores[0], classes, binary=_classes(graph)[1])
            else:
                total = score_of()(scores[0] if len(scores) == 1 else scores)
            maps = values[at]
            scale = HALF_SCALE if maps.dtype == tf.float16 else 1.0
            total = tf.reduce_sum(tf.cast(total, tf.float32)) * scale
        gradients = tape.gradient(total, maps)
        if gradients is None:
            raise ValueError(
                "layer must lead to the score of the target; the score does not depend on "
                f"{layer!r}. Choose a layer on the way to the output."
            )
        return tf.cast(maps, tf.float32), tf.cast(gradients, tf.float32) / scale

    return _compile(step, images, tf.TensorSpec([None], tf.int32))


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


def _classes(graph: Graph) -> tuple[int | None, bool]:
    """How many classes the first output scores, and whether one unit stands for two."""
    node = graph.maker(graph.outputs[0])
    units = node.shapes[node.outputs.index(graph.outputs[0])][-1]
    binary = units == 1 and HEADS.get(_head(node.operation) or "", False)
    return (2 if binary else units), binary


def _head(operation: keras.Operation) -> str | None:
    """The name of the squashing function that a last operation applies, or `None`."""
    activation = getattr(operation, "activation", None)
    name = getattr(activation, "__name__", type(operation).__name__.lower())
    name = {"logsoftmax": "log_softmax"}.get(name, name)
    return name if name in HEADS else None


def _without_head(node: Node, args: tuple, kwargs: dict, outputs: object) -> object:
    """The output of a last operation before its softmax or sigmoid; the layer stays as it is."""
    operation = node.operation
    if _head(operation) is None:
        return outputs
    if not getattr(operation, "weights", None):
        return args[0]  # nothing but the activation: Softmax, Activation, keras.ops.softmax
    linear = object.__new__(type(operation))  # a second view of the layer: copy.copy would save it
    linear.__dict__.update(operation.__dict__, activation=keras.activations.linear)
    return linear(*args, **kwargs)


def _compile(step: Callable, images: list[np.ndarray], *more: tf.TensorSpec) -> Callable:
    # The batch stays free: one trace serves every number of images.
    specs = [tf.TensorSpec([None, *x.shape[1:]], x.dtype) for x in images]
    function = tf.function(step, input_signature=[*specs, *more], autograph=False)
    return function.get_concrete_function()


def _in_batches(step: Callable, arrays: list[np.ndarray], batch_size: int) -> list[np.ndarray]:
    if not isinstance(batch_size, int) or batch_size < 1:
        raise ValueError(f"batch_size must be at least 1; received {batch_size!r}.")
    count = len(arrays[0])
    parts = [
        step(*(tf.convert_to_tensor(a[i : i + batch_size]) for a in arrays))
        for i in range(0, count, batch_size)
    ]
    if len(parts) == 1:
        return [part.numpy() for part in parts[0]]
    return [np.concatenate([p.numpy() for p in same]) for same in zip(*parts, strict=True)]


def _shape(images: list[np.ndarray]) -> tuple:
    return tuple((x.shape[1:], x.dtype.name) for x in images)
