"""A cache of compiled computations on a model.

A computation is compiled for a (model, layers, input shape) and cached under a weak reference to
the model. It is deleted with the model, and compiled again if the model's layers have changed:
other layers or connections, or other attributes of a layer or constants and functions in them. See
`kerascnn._state` for what is not noticed.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import keras
import numpy as np
import tensorflow as tf
from keras import KerasTensor, ops

from kerascnn._errors import warn
from kerascnn._fusion import avoid_wrong_fusions
from kerascnn._graph import Graph, Node, Tensor, flatten, run
from kerascnn._known import can_be_seen, computes_as_defined
from kerascnn._memory import keep_buffers
from kerascnn._processor import check_kernels
from kerascnn._sizes import check_sizes, shapes_on_the_way
from kerascnn._state import State

from .finite import warn_of_broken_weights

SOME_COUNT = 12  # of images, which many numbers divide
# Operations and layers of Keras that mix what lies along their axis; no axis means all
MIXING = (
    "Softmax", "LogSoftmax", "UnitNormalization", "Normalize", "Cumsum", "Cumprod", "Flip", "Roll",
    "Sort", "Mean", "Sum", "Max", "Amax", "Min", "Amin", "Prod", "Std", "Var", "Median",
    "Logsumexp",
)  # fmt: skip


@dataclass(frozen=True)
class _Step:
    """A compiled computation, with what it depends on.

    Attributes:
        wiring: the connections of the operations.
        state: the state of the operations.
        function: the computation.
        changing: what changes whenever a layer is called, such as a counter; it is disregarded.
    """

    wiring: tuple
    state: State
    function: Callable
    changing: set = field(default_factory=set)

    def is_valid(self, wiring: tuple, state: State) -> bool:
        """Return whether the model is as it was."""
        return self.wiring == wiring and self.state.changes(state) <= self.changing


_compiled: weakref.WeakKeyDictionary[keras.Model, dict[tuple, _Step]] = weakref.WeakKeyDictionary()


def on_gpu() -> bool:
    """Return whether TensorFlow uses a GPU."""
    return bool(tf.config.list_logical_devices("GPU"))


def trace_count(model: keras.Model) -> int:
    """Return the number of computations compiled for a model."""
    return len(_compiled.get(model, {}))


def compiled(
    model: keras.Model,
    graph: Graph,
    key: tuple | None,
    body: Callable,
    signature: Sequence[tf.TensorSpec],
) -> Callable:
    """Compile a computation on a model, or return it from the cache.

    Args:
        model: any functional or sequential model.
        graph: the model's current graph.
        key: hashable key of the computation, which includes everything that `body` depends on
            except its arguments. `None`: the computation is not cached.
        body: `body(graph, *tensors)`, traced once. It must not refer to the model.
        signature: shapes and types of the tensors.

    Returns:
        A function of the tensors.

    Raises:
        ValueError: If the images are too small for a layer.
        NotImplementedError: when called, if TensorFlow cannot compute a layer on this device.
    """
    keep_buffers()
    steps = {} if key is None else _compiled.setdefault(model, {})
    wiring, state = _wiring(graph), State(node.operation for node in graph.nodes)
    of_any_size = key
    key = (*(key or ()), *((tuple(spec.shape), spec.dtype.name) for spec in signature))
    if key not in steps or not steps[key].is_valid(wiring, state):
        avoid_wrong_fusions(model)
        warn_of_broken_weights(model)  # now only: it would take a tenth of the time of a heatmap
        warn_of_mixed_images(graph)
        of = weakref.ref(model)  # a computation must not keep its model alive
        free = any(None in spec.shape[1:] for spec in signature)
        if free and not all(map(_takes_any_size, graph.nodes)):
            steps[key] = _Step(wiring, state, _by_size(of, of_any_size, body))
            return steps[key].function
        function = tf.function(
            lambda *tensors: body(flatten(of()), *tensors),
            input_signature=list(signature),
            autograph=False,
        )
        try:
            trace = said_in_one_line(graph, signature, function.get_concrete_function)
        except Exception:
            if not free:
                raise
            steps[key] = _Step(wiring, state, _by_size(of, of_any_size, body))
            return steps[key].function

        def step(*tensors: tf.Tensor) -> list[tf.Tensor]:
            try:
                return trace(*tensors)
            except tf.errors.OpError as error:
                _explain(flatten(of()), tensors, error)
                raise

        _warn_of_changed_weights(trace.graph)
        traced = State(node.operation for node in graph.nodes)
        steps[key] = _Step(wiring, traced, step, state.changes(traced))
    return steps[key].function


def _warn_of_changed_weights(graph: tf.Graph) -> None:
    """Warn if a computation changes variables, except for the states of random generators."""
    assigned = {
        id(operation.inputs[0])
        for operation in graph.get_operations()
        if operation.type.startswith("Assign")
    }
    changed = [outer for outer, inner in graph.captures if id(inner) in assigned]
    for variable in graph.variables:
        name = variable.name.partition(":")[0]
        is_seed = name.endswith("seed_generator_state")
        if not is_seed and any(variable.handle is handle for handle in changed):
            warn(
                f"the model changes its weight {name!r} whenever it is called, so equal calls may "
                "give different results. Let its layer do so only if training is True."
            )
            return


def warn_of_mixed_images(graph: Graph) -> None:
    """Warn if an operation computes something from all images of a batch together."""
    shapes = graph.shapes
    for node in graph.nodes:
        operation, name = node.operation, type(node.operation).__name__
        if name not in MIXING or not can_be_seen(operation):
            continue
        axes, shape = getattr(operation, "axis", ()), shapes[node.inputs[0]]
        first = axes is None or any(a in (0, -len(shape)) for a in keras.tree.flatten(axes))
        if first and shape[:1] == (None,):  # otherwise it is not the axis of the images
            warn(
                f"{node.name!r} ({name}) computes with all images of a batch together, so that "
                "results for an image depend on the others and on batch_size. Use an axis after "
                "the first."
            )
            return


def _takes_any_size(node: Node) -> bool:
    """Return whether a layer is known to compute the same if the size is unknown when it is traced.

    Keras 3.15's TimeDistributed then takes the batch size for the number of steps.
    """
    apart = isinstance(node.operation, keras.layers.Wrapper | keras.layers.RNN)
    return computes_as_defined(node.operation) and not apart


def _by_size(of: Callable, key: tuple | None, body: Callable) -> Callable:
    """Compile a computation for each size, for layers that must know it, as adaptive pooling."""
    steps: dict[tuple, Callable] = {}

    def step(*tensors: tf.Tensor) -> list[tf.Tensor]:
        sizes = tuple(tuple(x.shape[1:]) for x in tensors)
        if sizes not in steps:
            model = of()
            steps[sizes] = compiled(model, flatten(model), key, body, specs(tensors))
        return steps[sizes](*tensors)

    return step


def specs(arrays: Sequence[np.ndarray | Tensor]) -> list[tf.TensorSpec]:
    """Return shapes and types with a variable batch size, so that one trace is enough."""
    return [tf.TensorSpec([None, *x.shape[1:]], x.dtype) for x in arrays]


def said_in_one_line(
    graph: Graph, arguments: Sequence[tf.TensorSpec | tf.Tensor | np.ndarray], compute: Callable
) -> Tensor:
    """Compute something; if it fails because of the size of the images, raise a one-line error.

    The images are the first arguments, one per input of the model. Other arguments in their
    place, such as a spectrum, have been checked before.
    """
    try:
        return compute()
    except (ValueError, tf.errors.OpError) as error:
        _explain(graph, arguments, error)
        raise


def _explain(
    graph: Graph, arguments: Sequence[tf.TensorSpec | tf.Tensor | np.ndarray], error: Exception
) -> None:
    """Raise a one-line error that explains why a computation failed, if the reason is known."""
    images = [
        KerasTensor((None, *x.shape[1:]), tf.as_dtype(x.dtype).name)
        for x in arguments[: len(graph.inputs)]
    ]
    own = [graph.maker(key).shapes[0] for key in graph.inputs]
    if [len(x.shape) for x in images] == [len(shape) for shape in own]:
        check_sizes(graph, images)
    else:  # such as a spectrum
        images = [KerasTensor(shape) for shape in own]
    if isinstance(error, tf.errors.OpError):
        check_batch(graph, images)
        check_kernels(graph, images)
        check_batch(graph, images, compute=True)


def check_batch(graph: Graph, images: Sequence[KerasTensor], *, compute: bool = False) -> None:
    """Reject a model that returns another number of outputs than it was given images.

    Args:
        graph: the model's graph.
        images: the shape of each input; the size of the batch does not matter.
        compute: whether to compute the outputs, for layers that declare another shape or none.

    Raises:
        ValueError: If it does; the message names the layer.
    """
    own = (SOME_COUNT,)
    make = ops.zeros if compute else KerasTensor
    given = [make((*own, *x.shape[1:]), x.dtype) for x in images]
    try:
        found = graph.evaluate(given, run) if compute else shapes_on_the_way(graph, given)
    except (ValueError, tf.errors.OpError):
        return
    counts = {key: tuple(x.shape[:1]) for key, x in found.items()}
    if counts[graph.outputs[0]] == own:
        return
    for node in reversed(graph.leading_to(graph.outputs[:1])):
        if node.inputs and all(counts[key] == own for key in node.inputs):
            raise ValueError(
                f"model must return one output for each image; {node.name!r} changes their number. "
                "Leave the first axis as it is, as keras.layers.Reshape does."
            )


def _wiring(graph: Graph) -> tuple:
    """Return how the operations are connected."""
    return graph.outputs, tuple([node.inputs for node in graph.nodes])
