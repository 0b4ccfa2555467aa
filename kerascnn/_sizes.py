"""Check whether a network accepts images of a given size, from shapes alone."""

from collections.abc import Sequence
from typing import TypeGuard

import keras
from keras import KerasTensor

from ._graph import Graph, Key, MisfitError, Node, flatten, has_graph

MULTIPLES = (2, 4, 8, 16, 32, 64, 128)  # a multiple of 2^n can be halved n times


def shapes_on_the_way(
    graph: Graph, inputs: Sequence[KerasTensor | None], until: tuple[Key, ...] | None = None
) -> dict[Key, KerasTensor]:
    """Infer the shapes of all tensors between the inputs and some other tensors.

    Args:
        graph: the model's graph.
        inputs: the shape of each input; `None` for an input that is not needed.
        until: keys of the tensors to reach; `None`: the outputs.

    Raises:
        MisfitError: If the network does not accept these shapes.
    """
    return graph.evaluate(list(inputs), _shape, until=until)


def check_sizes(graph: Graph, inputs: Sequence[KerasTensor]) -> None:
    """Reject images of a size that the network does not accept.

    Raises:
        ValueError: If a layer does not accept the size; the message suggests one that fits.
    """
    try:
        shapes_on_the_way(graph, inputs)
    except MisfitError as misfit:
        raise ValueError(
            f"images must have a size that every layer accepts; received {_sizes(inputs)}: "
            f"{misfit}.{size_hint(graph, inputs) or ' Use larger images.'}"
        ) from None


def check_size_of(model: keras.Model, shape: Sequence[int | None]) -> None:
    """Reject images that a model with one input of variable size does not accept.

    Args:
        model: a Keras model; other models, and those without a graph, are not checked.
        shape: shape of the images, including the batch axis.

    Raises:
        ValueError: As for `check_sizes`.
    """
    if has_graph(model) and len(model.inputs) == 1:
        check_free_sizes(flatten(model), [KerasTensor((None, *shape[1:]), model.inputs[0].dtype)])


def check_free_sizes(graph: Graph, inputs: Sequence[KerasTensor]) -> None:
    """Reject images as `check_sizes` does, if the model has an input of variable size.

    Keras checks fixed sizes when the model is built.
    """
    if any(None in graph.maker(key).shapes[0][1:] for key in graph.inputs):
        check_sizes(graph, inputs)


def size_hint(
    graph: Graph, inputs: Sequence[KerasTensor | None], until: tuple[Key, ...] | None = None
) -> str:
    """Suggest the sizes rounded up to a common multiple that fits; "" if no nearby size does.

    Args: as for `shapes_on_the_way`.
    """
    for multiple in MULTIPLES:
        larger = [_rounded(tensor, multiple) if _has_size(tensor) else tensor for tensor in inputs]
        try:
            shapes_on_the_way(graph, larger, until)
        except MisfitError:
            continue
        return f" Use {_sizes(larger)}."
    return ""


def _shape(node: Node, args: tuple, kwargs: dict) -> object:
    """Infer the shape of a node's output; also check what Keras itself does not check."""
    expected = getattr(node.operation, "input_spec", None)
    for axis, n in (getattr(expected, "axes", None) or {}).items():
        if args[0].shape[axis] not in (None, n):
            got = args[0].shape[axis]
            raise MisfitError(f"axis {axis} has length {got}, not {n},", node)
    try:
        if isinstance(node.operation, keras.layers.Concatenate):
            return keras.ops.concatenate(*args, axis=node.operation.axis)
        return node.operation.compute_output_spec(*args, **kwargs)
    except ValueError:
        what = "the inputs differ in size" if len(node.inputs) > 1 else "the output is empty"
        raise MisfitError(what, node) from None


def _rounded(tensor: KerasTensor, multiple: int) -> KerasTensor:
    batch, *size, channels = tensor.shape
    return KerasTensor(
        (batch, *(-(-n // multiple) * multiple for n in size), channels), tensor.dtype
    )


def _has_size(tensor: KerasTensor | None) -> TypeGuard[KerasTensor]:
    """Return whether an input has a height and width, unlike, for example, a vector."""
    return tensor is not None and len(tensor.shape) > 2


def _sizes(inputs: Sequence[KerasTensor | None]) -> str:
    sizes = [tensor.shape[1:-1] for tensor in inputs if _has_size(tensor)]
    return " and ".join("x".join(map(str, size)) for size in sizes)
