"""What TensorFlow cannot compute on some processors, said in one line.

Without oneDNN, TensorFlow has no kernels for dilated transposed convolutions and for convolutions
with the channels first. It says so from within the graph, in many lines, and names no layer.
"""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import keras
from keras import KerasTensor, ops

from ._graph import Graph, Node, flatten, has_graph, run

SOME_SIZE = 64  # in pixels, where a model takes any
# How TensorFlow decorates what it says: colours, the names of nodes and operations.
DECORATION = re.compile(
    r"\x1b\[\d+m|\{\{.*?\}\}|\[Op:\w+\]|^Exception encountered.*$", re.MULTILINE
)


def is_of_the_backend(error: Exception) -> bool:
    """Whether an error was raised by TensorFlow's kernels, not by Python code."""
    return type(error).__module__.startswith("tensorflow.")


def check_kernels(graph: Graph, inputs: Sequence[KerasTensor]) -> None:
    """Compute a model on zeros, one layer at a time, to find the layer that cannot be computed.

    Args:
        graph: the model's graph.
        inputs: the shape of each input; the batch and sizes that are `None` are chosen here.

    Raises:
        NotImplementedError: with the layer and what TensorFlow says of it.
    """
    zeros = [
        ops.zeros([1, *(n or SOME_SIZE for n in tensor.shape[1:])], tensor.dtype)
        for tensor in inputs
    ]
    graph.evaluate(zeros, _run_or_say)


@contextmanager
def kernels_checked(model: keras.Model, shape: Sequence[int | None]) -> Iterator[None]:
    """Where TensorFlow fails within, name the layer of a one-input model that it cannot compute.

    Args:
        model: a Keras model; of one whose layers cannot be followed nothing is said.
        shape: of the images, the batch first; sizes that the model fixes come before it.
    """
    try:
        yield
    except Exception as error:
        if is_of_the_backend(error) and has_graph(model) and len(model.inputs) == 1:
            (own,) = model.inputs
            size = [n or given for n, given in zip(own.shape, shape, strict=True)]
            check_kernels(flatten(model), [KerasTensor(size, own.dtype)])
        raise


def _run_or_say(node: Node, args: tuple, kwargs: dict) -> object:
    try:
        return run(node, args, kwargs)
    except Exception as error:
        if not is_of_the_backend(error):
            raise
        said = " ".join(DECORATION.sub("", str(error)).partition("Arguments received")[0].split())
        raise NotImplementedError(
            f"TensorFlow cannot compute the layer {node.name!r} ({type(node.operation).__name__}) "
            f"on this processor: {said.rstrip('.')}. Set TF_ENABLE_ONEDNN_OPTS=1 before TensorFlow "
            "is imported, or use a GPU."
        ) from None
