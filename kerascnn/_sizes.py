"""Check whether a network accepts images of a given size, from shapes alone."""

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from time import monotonic
from typing import TypeGuard

import keras
from keras import KerasTensor

from ._graph import Graph, Key, MisfitError, Node, flatten, has_graph

REACH = 256  # how far to look for a size that fits: the U-Net of the paper takes none below 188
PATIENCE = 3  # seconds to look for it, for networks of many hundred layers


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
        ValueError: If a layer does not accept the size; the message suggests some that fit.
    """
    try:
        shapes_on_the_way(graph, inputs)
    except MisfitError as misfit:
        raise ValueError(
            f"images must have a size that every layer accepts; received {_sizes(inputs)}: "
            f"{misfit}.{size_hint(graph, inputs) or ' Use another size.'}"
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
    """Suggest the nearest smaller and larger sizes that fit; "" if none is found.

    Every axis of variable size is searched by itself, while the others are unknown.

    Args: as for `shapes_on_the_way`.
    """
    known: dict[tuple, object] = {}  # deep in a network, most sizes are alike

    def shape(node: Node, args: tuple, kwargs: dict) -> object:
        given = [x.shape for x in keras.tree.flatten((args, kwargs)) if isinstance(x, KerasTensor)]
        call = (node.name, *given)
        if call not in known:
            known[call] = _shape(node, args, kwargs)
        return known[call]

    def fits(tensors: Sequence[KerasTensor | None]) -> bool:
        try:
            graph.evaluate(list(tensors), shape, until=until)
        except MisfitError:
            return False
        return True

    axes = [
        (i, axis, tensor.shape[axis])
        for i, tensor in enumerate(inputs)
        if _has_size(tensor)
        for axis, n in enumerate(graph.maker(graph.inputs[i]).shapes[0][:-1])
        if axis > 0 and n is None and tensor.shape[axis] is not None
    ]
    unknown = smaller = larger = list(inputs)
    for i, axis, _ in axes:
        unknown = _resized(unknown, i, axis, None)
    for i, axis, n in axes:
        alone = partial(_resized, unknown, i, axis)
        above = _first(range(n, n + REACH), lambda n, alone=alone: fits(alone(n)))
        below = _first(range(n, max(0, n - REACH), -1), lambda n, alone=alone: fits(alone(n)))
        smaller = _resized(smaller, i, axis, below or above or n)
        larger = _resized(larger, i, axis, above or below or n)
    found = dict.fromkeys(_sizes(tensors) for tensors in (smaller, larger) if fits(tensors))
    return f" Use {' or '.join(found)}." if found else ""


def _first(sizes: Iterable[int], fits: Callable[[int], bool]) -> int | None:
    """Return the first size that fits; `None` if none does or it takes too long to find."""
    end = monotonic() + PATIENCE
    for n in sizes:
        if fits(n):
            return n
        if monotonic() > end:
            break
    return None


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


def _resized(tensors: Sequence, i: int, axis: int, n: int | None) -> list:
    """Return the tensors with another length of an axis of one of them."""
    before, after = tensors[i].shape[:axis], tensors[i].shape[axis + 1 :]
    return [*tensors[:i], KerasTensor((*before, n, *after), tensors[i].dtype), *tensors[i + 1 :]]


def _has_size(tensor: KerasTensor | None) -> TypeGuard[KerasTensor]:
    """Return whether an input has a height and width, unlike, for example, a vector."""
    return tensor is not None and len(tensor.shape) > 2


def _sizes(inputs: Sequence[KerasTensor | None]) -> str:
    sizes = [tensor.shape[1:-1] for tensor in inputs if _has_size(tensor)]
    return " and ".join("x".join(map(str, size)) for size in sizes)
