"""Whether images of a size pass a network: the shapes along the way, without a computation."""

from collections.abc import Sequence

import keras
from keras import KerasTensor

from ._graph import Graph, Key, MisfitError, Node, flatten, has_graph

MULTIPLES = (2, 4, 8, 16, 32, 64, 128)  # sizes that a network halves evenly so many times


def shapes_on_the_way(
    graph: Graph, inputs: Sequence[KerasTensor | None], until: tuple[Key, ...] | None = None
) -> dict[Key, KerasTensor]:
    """The shapes of all tensors that lead from the inputs to some others.

    Args:
        graph: the model's graph.
        inputs: the shape of each input; `None` for one that is not needed.
        until: keys of the tensors that are wanted; `None`: the outputs.

    Raises:
        MisfitError: there is no way for these shapes.
    """
    return graph.evaluate(list(inputs), _shape, until=until)


def check_sizes(graph: Graph, inputs: Sequence[KerasTensor]) -> None:
    """Refuse images of a size that does not lead to the outputs.

    Raises:
        ValueError: with the node where they stop, and a size close by that fits.
    """
    try:
        shapes_on_the_way(graph, inputs)
    except MisfitError as misfit:
        raise ValueError(
            f"images must have a size that all layers take; received {_in_words(inputs)}, of which "
            f"{misfit}.{what_would_do(graph, inputs) or ' Enlarge them.'}"
        ) from None


def check_size_of(model: keras.Model, shape: Sequence[int | None]) -> None:
    """Refuse images that a model of one free-size input does not take; other models pass.

    Args:
        model: a Keras model; one whose layers cannot be followed passes too.
        shape: of the images, the batch first.

    Raises:
        ValueError: as `check_sizes`.
    """
    if has_graph(model) and len(model.inputs) == 1:
        check_free_sizes(flatten(model), [KerasTensor((None, *shape[1:]), model.inputs[0].dtype)])


def check_free_sizes(graph: Graph, inputs: Sequence[KerasTensor]) -> None:
    """Refuse images as `check_sizes` does, where the model leaves a size open.

    Keras has followed the sizes that are fixed when the model was built.
    """
    if any(None in graph.maker(key).shapes[0][1:] for key in graph.inputs):
        check_sizes(graph, inputs)


def what_would_do(
    graph: Graph, inputs: Sequence[KerasTensor | None], until: tuple[Key, ...] | None = None
) -> str:
    """A sentence with the sizes rounded up, together, to what passes; "" if nothing close by does.

    Args: as for `shapes_on_the_way`.
    """
    for multiple in MULTIPLES:
        larger = [_rounded(tensor, multiple) if _has_size(tensor) else tensor for tensor in inputs]
        try:
            shapes_on_the_way(graph, larger, until)
        except MisfitError:
            continue
        return f" {_in_words(larger)} would do."
    return ""


def _shape(node: Node, args: tuple, kwargs: dict) -> object:
    """The shape of a node's output; what Keras does not check by itself, is checked here."""
    expected = getattr(node.operation, "input_spec", None)
    if isinstance(expected, keras.layers.InputSpec):
        for axis, n in (expected.axes or {}).items():
            if args[0].shape[axis] not in (None, n):
                raise MisfitError(f"{args[0].shape[axis]} come where {n} are taken", node)
    try:
        if isinstance(node.operation, keras.layers.Concatenate):
            return keras.ops.concatenate(*args, axis=node.operation.axis)
        return node.operation.compute_output_spec(*args, **kwargs)
    except ValueError:
        what = "the parts do not fit together" if len(node.inputs) > 1 else "nothing is left"
        raise MisfitError(what, node) from None


def _rounded(tensor: KerasTensor, multiple: int) -> KerasTensor:
    batch, *size, channels = tensor.shape
    return KerasTensor(
        (batch, *(-(-n // multiple) * multiple for n in size), channels), tensor.dtype
    )


def _has_size(tensor: KerasTensor | None) -> bool:
    """Whether an input has a size; others, such as a vector beside the images, stay as they are."""
    return tensor is not None and len(tensor.shape) > 2


def _in_words(inputs: Sequence[KerasTensor | None]) -> str:
    sizes = [tensor.shape[1:-1] for tensor in inputs if _has_size(tensor)]
    return " and ".join("x".join(map(str, size)) for size in sizes)
