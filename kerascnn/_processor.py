"""One-line errors for layers that TensorFlow cannot compute, forward or backward.

Without oneDNN, TensorFlow has no kernels for dilated transposed convolutions and for channels-first
convolutions. Its own error comes from inside the graph, has many lines, and names no layer. Where a
gradient is missing, there may be no error at all.
"""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import keras
from keras import KerasTensor, ops

from ._graph import (
    HALF,
    RESIZING,
    SINGLE,
    Graph,
    Node,
    flatten,
    has_graph,
    pads_channels,
    run,
    users_of,
)
from ._known import known_name

SOME_SIZE = 64  # in pixels, for models that accept any size
# TensorFlow's additions to its messages: colors, names of nodes and operations.
DECORATION = re.compile(
    r"\x1b\[\d+m| for '\{\{node.*|\{\{.*?\}\}|\[Op:\w+\]( name: \S*)?|^Exception encountered.*$",
    re.MULTILINE,
)


def in_a_line(error: Exception) -> str:
    """Return what an error says without the additions of Keras and TensorFlow, in one line."""
    said = DECORATION.sub("", str(error)).partition("Arguments received")[0]
    return " ".join(said.split()).rstrip(".")


def is_of_the_backend(error: Exception) -> bool:
    """Return whether an error was raised by TensorFlow's kernels rather than by Python code."""
    return type(error).__module__.startswith("tensorflow.")


def check_kernels(graph: Graph, inputs: Sequence[KerasTensor]) -> None:
    """Run a model on zeros, one layer at a time, to find the layer that cannot be computed.

    Args:
        graph: the model's graph.
        inputs: the shape of each input; a batch axis or size of `None` is filled in.

    Raises:
        NotImplementedError: If a layer cannot be computed; names the layer.
    """
    zeros = [
        ops.zeros([1, *(n or SOME_SIZE for n in tensor.shape[1:])], tensor.dtype)
        for tensor in inputs
    ]
    graph.evaluate(zeros, _run_or_say)


@contextmanager
def kernels_checked(model: keras.Model, shape: Sequence[int | None]) -> Iterator[None]:
    """If TensorFlow fails in the `with` block, name the layer that it cannot compute.

    Args:
        model: a Keras model; only one with a graph and one input is checked.
        shape: shape of the images, including the batch axis; the model's fixed sizes override it.
    """
    try:
        yield
    except Exception as error:
        if is_of_the_backend(error) and has_graph(model) and len(model.inputs) == 1:
            (own,) = model.inputs
            size = [n or given for n, given in zip(own.shape, shape, strict=True)]
            graph = flatten(model)
            check_kernels(graph, [KerasTensor(size, own.dtype)])
            if "depth" in str(error):  # which does not fit the filters
                check_padding(graph)
        raise


def check_padding(graph: Graph) -> None:
    """Check that no channels are padded before a convolution, which Keras's own steps compute.

    Raises:
        NotImplementedError: If they are; names both.
    """
    users = users_of(graph.nodes)
    for node in graph.nodes:
        args = keras.tree.flatten(node.slots)[1:]
        if pads_channels(node.operation, *args[:1]):
            for user in users.get(node.outputs[0], []):
                if known_name(user.operation) in ("Conv1D", "Conv2D", "Conv3D"):
                    raise NotImplementedError(
                        f"TensorFlow with oneDNN cannot compute the convolution {user.name!r} of "
                        f"channels that {node.name!r} has padded. Set TF_ENABLE_ONEDNN_OPTS=0 "
                        "before TensorFlow is imported, or concatenate zeros instead."
                    )


def _run_or_say(node: Node, args: tuple, kwargs: dict) -> object:
    try:
        return run(node, args, kwargs)
    except Exception as error:
        if not is_of_the_backend(error):
            raise
        raise NotImplementedError(
            f"TensorFlow cannot compute the layer {node.name!r} ({type(node.operation).__name__}) "
            f"on this processor: {in_a_line(error)}. Set TF_ENABLE_ONEDNN_OPTS=1 before TensorFlow "
            "is imported, or use a GPU."
        ) from None


def mend_gradients() -> None:
    """Replace the gradients that TensorFlow computes wrongly."""
    if keras.backend.backend() == "tensorflow":
        from ._gradients import mend

        mend()


def check_weights_learn(graph: Graph) -> None:
    """Check that TensorFlow has the right gradients of the layers after trainable weights.

    It cannot differentiate resizing by area, nor bicubic and Lanczos resizing in half precision:
    the weights before a bicubic layer would get no gradient, and stay as they are.

    Raises:
        NotImplementedError: If a gradient is missing; names the layer.
    """
    learned: set = set()  # tensors that depend on trainable weights
    for node in graph.nodes:
        operation = node.operation
        if not learned.isdisjoint(node.inputs) and known_name(operation) in RESIZING:
            dtype = getattr(operation, "compute_dtype", None) or operation.output.dtype
            single = operation.interpolation in SINGLE and dtype in HALF
            if single or operation.interpolation == "area":
                or_single = " or give this layer dtype='float32'" if single else ""
                raise NotImplementedError(
                    f"TensorFlow cannot compute the gradient of the layer {node.name!r} "
                    f"({type(operation).__name__} with interpolation={operation.interpolation!r}) "
                    f"in {dtype}, so weights before it would not learn. Use "
                    f"interpolation='bilinear'{or_single}."
                )
        if getattr(operation, "trainable_variables", ()) or not learned.isdisjoint(node.inputs):
            learned.update(node.outputs)
