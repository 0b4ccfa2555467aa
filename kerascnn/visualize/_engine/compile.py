"""Computations on a model, compiled once and kept.

A computation is compiled for a (model, layers, input shape) and stored under the model, by weak
reference: it dies with the model, and is compiled again when the model's layers have changed.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Sequence

import keras
import numpy as np
import tensorflow as tf
from keras import KerasTensor

from kerascnn._graph import Graph, flatten
from kerascnn._memory import keep_buffers
from kerascnn._processor import check_kernels
from kerascnn._sizes import check_sizes

_compiled: weakref.WeakKeyDictionary[keras.Model, dict] = weakref.WeakKeyDictionary()


def on_gpu() -> bool:
    """Whether there is a GPU that TensorFlow computes on."""
    return bool(tf.config.list_logical_devices("GPU"))


def trace_count(model: keras.Model) -> int:
    """How many computations are compiled for a model."""
    return len(_compiled.get(model, {}))


def compiled(
    model: keras.Model,
    graph: Graph,
    key: tuple | None,
    body: Callable,
    signature: Sequence[tf.TensorSpec],
) -> Callable:
    """A computation on a model, compiled once and kept as long as the model lives and stays.

    Args:
        model: any functional or sequential model.
        graph: the model's graph as it is now.
        key: names the computation among those of the model, with all that `body` depends on
            but its arguments; must be hashable. `None`: the computation is not kept.
        body: `body(graph, *tensors)`, traced once. It must not refer to the model.
        signature: the shapes and types of the tensors.

    Returns:
        A function of the tensors.

    Raises:
        ValueError: the images are too small for the layers on the way.
        NotImplementedError, when it is called: TensorFlow cannot compute a layer here.
    """
    keep_buffers()
    steps = {} if key is None else _compiled.setdefault(model, {})
    state = _fingerprint(graph)
    key = (*(key or ()), *((tuple(spec.shape), spec.dtype.name) for spec in signature))
    if key not in steps or steps[key][0] != state:
        of = weakref.ref(model)  # a computation must not keep its model alive
        function = tf.function(
            lambda *tensors: body(flatten(of()), *tensors),
            input_signature=list(signature),
            autograph=False,
        )
        trace = said_in_one_line(graph, signature, function.get_concrete_function)

        def step(*tensors: tf.Tensor) -> list[tf.Tensor]:
            try:
                return trace(*tensors)
            except tf.errors.OpError as error:
                _explain(flatten(of()), tensors, error)
                raise

        steps[key] = state, step
    return steps[key][1]


def specs(arrays: Sequence[np.ndarray]) -> list[tf.TensorSpec]:
    """Shapes and types of batches; their number stays free: one trace serves all."""
    return [tf.TensorSpec([None, *x.shape[1:]], x.dtype) for x in arrays]


def said_in_one_line(
    graph: Graph, arguments: Sequence[tf.TensorSpec | tf.Tensor | np.ndarray], compute: Callable
) -> object:
    """Compute something, and if images of a wrong size are why it fails, say so in one line.

    The images come first among the arguments, one for each input of the model; what holds
    something else there, such as a spectrum, has been checked before.
    """
    try:
        return compute()
    except (ValueError, tf.errors.OpError) as error:
        _explain(graph, arguments, error)
        raise


def _explain(
    graph: Graph, arguments: Sequence[tf.TensorSpec | tf.Tensor | np.ndarray], error: Exception
) -> None:
    """Say in one line why a computation failed, where that is known."""
    images = [
        KerasTensor((None, *x.shape[1:]), tf.as_dtype(x.dtype).name)
        for x in arguments[: len(graph.inputs)]
    ]
    own = [graph.maker(key).shapes[0] for key in graph.inputs]
    if [len(x.shape) for x in images] == [len(shape) for shape in own]:
        check_sizes(graph, images)
    else:  # a spectrum, say
        images = [KerasTensor(shape) for shape in own]
    if isinstance(error, tf.errors.OpError):
        check_kernels(graph, images)


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
                getattr(node.operation, "quantization_mode", None),
            )
            for node in graph.nodes
        ),
    )
