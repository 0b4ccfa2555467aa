"""Gradients of scores, losses and objectives, also in float16."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras import KerasTensor

from kerascnn._graph import Graph, with_mask_of
from kerascnn._processor import check_weights_learn
from kerascnn._sizes import check_free_sizes

from .compile import said_in_one_line

HALF_SCALE = 1024.0  # prevents underflow of float16 gradients; a power of 2 is exact


def in_half(graph: Graph) -> bool:
    """Return whether a layer computes in float16."""
    return any(getattr(n.operation, "compute_dtype", None) == "float16" for n in graph.nodes)


def slopes(
    tape: tf.GradientTape, values: tf.Tensor, points: Sequence[tf.Tensor], *, half: bool
) -> list[tf.Tensor | None]:
    """Compute the gradients of values (N,) with respect to some points, float32.

    In float16, which needs a persistent tape, gradients are scaled up to prevent underflow;
    gradients that overflow are computed without scaling.
    """
    scale = HALF_SCALE if half else 1.0
    with _missing_named():
        grads = tape.gradient(values, points, output_gradients=tf.fill(tf.shape(values), scale))
    grads = [None if g is None else _in_single(g) / scale for g in grads]
    if not half:
        return grads
    plain = tape.gradient(values, points)
    return [
        None if g is None else tf.where(tf.math.is_finite(g), g, _in_single(p))
        for g, p in zip(grads, plain, strict=True)
    ]


@contextmanager
def _missing_named() -> Iterator[None]:
    """Raise a one-line error if TensorFlow has no gradient of an operation."""
    try:
        yield
    except LookupError as error:  # a resizing by area, for one
        raise NotImplementedError(
            f"TensorFlow cannot compute the gradient of an operation of this model: {error}. Use "
            "another one in its place, or occlusion, which needs no gradient."
        ) from None


def _in_single(gradient: tf.Tensor | tf.IndexedSlices) -> tf.Tensor:
    """Convert to float32; for embeddings, TensorFlow only returns the rows that were looked up."""
    return tf.cast(tf.convert_to_tensor(gradient), tf.float32)


def gradients_of(
    graph: Graph, function: Callable[[Sequence[tf.Tensor]], tf.Tensor], inputs: Sequence[tf.Tensor]
) -> tuple[tf.Tensor, list[tf.Tensor]]:
    """Compute, inside a computation, a function (N,) of all inputs and its gradients, float32."""
    inputs = list(inputs)
    floats = [x for x in inputs if x.dtype.is_floating]
    if not floats:
        raise TypeError(
            "model must take float images, which have gradients; it has an input of type "
            f"{inputs[0].dtype.name}. Use the layers after this input as a separate model."
        )
    half = in_half(graph)
    with tf.GradientTape(persistent=half, watch_accessed_variables=False) as tape:
        tape.watch(floats)
        values = function(inputs)
    grads = slopes(tape, values, inputs, half=half)
    if all(gradient is None for gradient in grads):
        raise ValueError(
            "target must depend on the images through the model's outputs; its score has no "
            "gradient with respect to them. Choose a target that uses the outputs, with keras.ops, "
            "not with NumPy."
        )
    return values, [
        tf.zeros_like(x, tf.float32) if g is None else g for x, g in zip(inputs, grads, strict=True)
    ]


def value_and_gradient(
    function: Callable[[tf.Tensor], tf.Tensor], point: tf.Tensor, *, half: bool = False
) -> tuple[tf.Tensor, tf.Tensor]:
    """Compute a function of a tensor, and the gradient of its sum with respect to the tensor.

    Args:
        function: function of the tensor.
        point: the tensor.
        half: whether a layer computes in float16.
    """
    with tf.GradientTape(persistent=half, watch_accessed_variables=False) as tape:
        tape.watch(point)
        value = function(point)
    (slope,) = slopes(tape, value, [point], half=half)
    return value, tf.zeros_like(point) if slope is None else slope


def value_and_gradients(
    function: Callable[..., tf.Tensor], points: Sequence[tf.Tensor]
) -> tuple[tf.Tensor, list[tf.Tensor]]:
    """Compute a function (N,) of several tensors, and the gradient of its sum at each, float32.

    Raises:
        ValueError: If it depends on none of them.
    """
    points = apart(points)
    with tf.GradientTape(watch_accessed_variables=False) as tape:
        tape.watch(points)
        values = function(*points)
    grads = slopes(tape, values, points, half=False)
    if all(gradient is None for gradient in grads):
        raise ValueError(
            "target must depend on the model's outputs; its score has no gradient with respect to "
            "them. Choose a target that uses the outputs, with keras.ops, not with NumPy."
        )
    return values, [
        tf.zeros_like(x) if g is None else g for x, g in zip(points, grads, strict=True)
    ]


def apart(tensors: Sequence[tf.Tensor]) -> list[tf.Tensor]:
    """Return tensors of their own, with the masks of the others.

    Dropout and the like return their input itself, and a tape gives a tensor that stands in two
    places the sum of both gradients in each.
    """
    return [with_mask_of(x, tf.identity(x)) for x in tensors]


def pulled_back(
    function: Callable[..., Any], inputs: Sequence[tf.Tensor], given: Any
) -> list[tf.Tensor]:
    """Compute the gradients of Σ given · function(inputs) with respect to the inputs.

    Args:
        function: from the inputs to one tensor or a structure of tensors.
        inputs: float tensors.
        given: a tensor, or a structure of tensors, in the shape of the function's output.

    Returns:
        One tensor per input, in its shape; zeros if the output does not depend on it.
    """
    inputs = apart(inputs)
    with tf.GradientTape(watch_accessed_variables=False) as tape:
        tape.watch(inputs)
        outputs = function(*inputs)
    with _missing_named():
        grads: Any = tape.gradient(outputs, inputs, output_gradients=given)
    return [tf.zeros_like(x) if g is None else g for x, g in zip(inputs, grads, strict=True)]


def variable_gradients(
    graph: Graph,
    images: Sequence[np.ndarray],
    loss: Callable[[], tf.Tensor],
    variables: Sequence[keras.Variable],
) -> list[np.ndarray]:
    """Compute the gradients of the mean of a loss with respect to variables.

    Args:
        graph: the model's graph.
        images: one array per input.
        loss: function that computes one or more numbers from the variables.
        variables: the variables.

    Returns:
        One array per variable, in its shape, float32; zeros if the loss does not depend on it.

    Raises:
        ValueError: If the loss depends on none of the variables or is not a number, or if the
            images have the wrong size.
    """
    check_weights_learn(graph)
    points = [variable.value for variable in variables]
    half = in_half(graph)
    with tf.GradientTape(persistent=half, watch_accessed_variables=False) as tape:
        tape.watch(points)
        check_free_sizes(graph, [KerasTensor((None, *x.shape[1:]), x.dtype.name) for x in images])
        values = said_in_one_line(graph, images, loss)
        if values is None:
            raise ValueError("loss must return a number; received None. Is a return missing?")
        mean = tf.reduce_mean(tf.cast(tf.convert_to_tensor(values), tf.float32))
    grads = slopes(tape, mean, points, half=half)
    if all(gradient is None for gradient in grads):
        raise ValueError(
            "loss must depend on the model's output; it has no gradient with respect to any "
            "weight. Compute it with keras.ops, not with NumPy."
        )
    return [
        np.zeros(point.shape, np.float32) if gradient is None else gradient.numpy()
        for gradient, point in zip(grads, points, strict=True)
    ]


def pass_back(rule: Callable, x: tf.Tensor, y: tf.Tensor) -> tf.Tensor:
    """Return y as a function of x that passes back rule(R, y) for an incoming gradient R.

    Args:
        rule: a module-level function that depends only on its arguments; it is kept forever.
        x: a tensor in the shape of y.
        y: the output; it gets no gradient itself.
    """
    passing = _passing_back(rule, x.dtype, len(y.shape))
    return tf.ensure_shape(passing(x, tf.stop_gradient(y)), y.shape)


@cache
def _passing_back(rule: Callable, dtype: tf.DType, rank: int) -> Callable:
    # Traced once for all models: TensorFlow never releases a custom gradient, nor the graph in
    # which it is called.
    @tf.function(input_signature=[tf.TensorSpec([None] * rank, dtype)] * 2, autograph=False)
    @tf.custom_gradient
    def function(x: tf.Tensor, y: tf.Tensor) -> tuple[tf.Tensor, Callable]:
        return y, lambda R: (rule(R, y), tf.zeros_like(R))

    return function


def normal(keys: tf.Tensor, shape: tf.Tensor) -> tf.Tensor:
    """Draw Gaussian noise (samples, *shape), mean 0 and variance 1, one sample per key.

    Args:
        keys: (samples, 2) integers.
        shape: shape of a sample.
    """
    return tf.map_fn(
        lambda key: tf.random.stateless_normal(shape, key, alg="philox"),
        keys,
        fn_output_signature=tf.float32,
    )
