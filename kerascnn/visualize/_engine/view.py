"""How a network looks at pictures: through which input, and up to which layers."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, is_dataclass

import keras
import numpy as np
from keras import KerasTensor, ops

from kerascnn._checks import check_count, check_number
from kerascnn._errors import unknown
from kerascnn._graph import Graph, MisfitError, Node
from kerascnn._sizes import shapes_on_the_way, size_hint
from kerascnn.visualize._fast.convolutions import run_fast
from kerascnn.visualize._input_range import read_preprocessing

from .axes import check_channels_last
from .compile import compiled, specs
from .layers import LayerLike, select_layer
from .tape import in_half, value_and_gradient

WORKING_SET = 2**24  # bytes of a batch's largest activation; measured: more leaves the caches
LARGEST_BATCH = 32


def average_pooling(node: Node, args: tuple, kwargs: dict) -> object:
    """Compute a node, with a max-pooling replaced by the mean over the same windows."""
    layer = node.operation
    if not isinstance(layer, keras.layers.MaxPooling2D):
        return run_fast(node, args, kwargs)
    return ops.average_pool(
        args[0], layer.pool_size, layer.strides, layer.padding, layer.data_format
    )


POOLINGS = {"max": run_fast, "average": average_pooling}


@dataclass(frozen=True)
class View:
    """A network up to some layers, seen from pictures.

    Attributes:
        layers: full names of the layers.
        inputs: how many inputs the model has.
        position: which of them takes the pictures; the layers need no other.
        preprocessing: from RGB pictures in [0, 1] to what the model takes; `None`: as they are.
        pooling: "max", as the network has it, or "average" in its place.
    """

    layers: tuple[str, ...]
    inputs: int
    position: int
    preprocessing: Callable | None
    pooling: str = "max"

    def __call__(self, graph: Graph, pictures: object, call: Callable | None = None) -> list:
        """The layers' outputs for pictures (N, H, W, C) in [0, 1]; what lies behind is not run.

        Args:
            graph: the model's graph.
            pictures: a tensor.
            call: computes a node; `None`: as the view pools.

        Returns:
            A tensor for each layer, float32.
        """
        keys = tuple(graph.node(name).outputs[0] for name in self.layers)
        call = call or POOLINGS[self.pooling]
        values = graph.evaluate(self.inputs_for(pictures), call, until=keys)
        return [ops.cast(values[key], "float32") for key in keys]

    def inputs_for(self, pictures: object) -> list:
        """A value for each of the model's inputs; those that are not needed get none."""
        inputs = [None] * self.inputs
        inputs[self.position] = self.preprocessing(pictures) if self.preprocessing else pictures
        return inputs


def view_of(
    model: keras.Model,
    graph: Graph,
    layers: Sequence[str],
    preprocessing: Callable | str | None = None,
    pooling: str = "max",
) -> View:
    """Look from the pictures to some layers of a model.

    Raises:
        TypeError: preprocessing cannot be called, and is no name.
        ValueError: another pooling; layers that need several inputs, or one that is no picture.
    """
    if pooling not in POOLINGS:
        raise unknown("pooling", pooling, POOLINGS)
    keys = tuple(graph.node(name).outputs[0] for name in layers)
    needed = {key for node in graph.leading_to(keys) for key in (*node.inputs, *node.outputs)}
    used = [i for i, key in enumerate(graph.inputs) if key in needed]
    shapes = [tuple(model.inputs[i].shape) for i in used]
    if len(used) != 1 or len(shapes[0]) != 4:
        raise ValueError(
            f"model must see one picture, (N, H, W, C), on the way to {', '.join(layers)}; "
            f"there it has inputs of {', '.join(map(str, shapes))}."
        )
    check_channels_last(graph)
    preprocessing = read_preprocessing(preprocessing, graph, graph.inputs[used[0]])
    return View(tuple(layers), len(graph.inputs), used[0], preprocessing, pooling)


def weigh_layers(
    name: str, layers: LayerLike | Sequence[LayerLike] | Mapping[str, float], graph: Graph
) -> dict[str, float]:
    """Bring layers into full names with weights that add up to 1 where none are given.

    Args:
        name: of the argument, for errors.
        layers: one, several, or names with weights.
        graph: the model's graph.

    Raises:
        ValueError: no layer, or one that is unknown or has no maps; a weight that is none.
    """
    if not isinstance(layers, Mapping):
        several = list(layers) if isinstance(layers, (list, tuple)) else [layers]
        layers = {layer: 1 / len(several) for layer in several}
    if not layers:
        raise ValueError(f"{name} must name at least one layer; received none.")
    weights = {}
    for layer, weight in layers.items():
        node = select_layer(graph, layer)
        if len(node.shapes[0]) != 4:
            raise ValueError(
                f"{name} must have maps as output, (N, h, w, K); {node.name!r} has "
                f"{node.shapes[0]}."
            )
        weights[node.name] = check_number(f"{name}, as weights,", weight)
    return weights


def input_shape(model: keras.Model, view: View) -> tuple[int | None, int | None, int | None]:
    """Height, width and channels that the model takes; `None` is free."""
    return tuple(model.inputs[view.position].shape[1:])


def check_size(
    model: keras.Model, graph: Graph, view: View, size: Sequence[int], name: str = "size"
) -> dict[str, tuple]:
    """The shapes of all outputs on the way to the layers, for pictures of a size.

    Returns:
        From the names of the nodes to the shapes of their first output, (None, h, w, K).

    Raises:
        ValueError: the layers cannot be reached with pictures of this size.
    """
    keys = tuple(graph.node(name).outputs[0] for name in view.layers)
    nodes = [n for n in graph.leading_to(keys) if not n.is_input]
    tensor = model.inputs[view.position]
    inputs = view.inputs * [None]
    inputs[view.position] = KerasTensor((None, *size, tensor.shape[-1]), tensor.dtype)
    try:
        values = shapes_on_the_way(graph, inputs, keys)
    except MisfitError as misfit:
        own = input_shape(model, view)[:2]
        if None not in own:
            hint = f" The model's own size is {own[0]}x{own[1]}."
        else:
            hint = size_hint(graph, inputs, keys)
        raise ValueError(
            f"{name} must lead through all layers up to {', '.join(view.layers)}; "
            f"received {size[0]}x{size[1]}: {misfit}.{hint}"
        ) from None
    return {n.name: tuple(values[n.outputs[0]].shape) for n in nodes}


@dataclass(frozen=True)
class Batches:
    """How many pictures are computed at once.

    A picture must not depend on its company. For a single picture oneDNN takes other convolutions
    than for several, which round otherwise, and an ascent makes a rounding error large. So either
    each picture is computed alone, or none is.

    Attributes:
        size: pictures at once, 1 or more.
        alone: whether each is computed alone; else one that is left over has a copy beside it.
    """

    size: int
    alone: bool

    def parts(self, arguments: Sequence) -> Iterator[tuple[int, list]]:
        """For each batch how many pictures it has, and its arguments, one item a picture."""
        for i in range(0, len(arguments[0]), self.size):
            part = [ops.convert_to_tensor(x[i : i + self.size]) for x in arguments]
            count = len(part[0])
            single = count == 1 and not self.alone
            yield count, [ops.repeat(x, 2, axis=0) for x in part] if single else part


def batches(shapes: dict[str, tuple], batch_size: int | None = None) -> Batches:
    """Batches of the size that is fast, by the output shapes on the way, or of a given size."""
    largest = max(4 * int(np.prod(shape[1:])) for shape in shapes.values())
    fast = max(1, min(LARGEST_BATCH, WORKING_SET // largest))
    size = fast if batch_size is None else check_count("batch_size", batch_size)
    return Batches(size, alone=fast == size == 1)


def features_of(
    model: keras.Model, graph: Graph, view: View, pictures: np.ndarray, by: Batches
) -> list[np.ndarray]:
    """The layers' outputs for pictures, float32, computed in batches."""
    key = ("features", view)
    free = KerasTensor((None, None, None, pictures.shape[-1]), "float32")
    step = compiled(model, graph, key if _by_value(view) else None, view, specs([free]))
    parts = [[maps[:count] for maps in step(*part)] for count, part in by.parts([pictures])]
    return [ops.convert_to_numpy(ops.concatenate(maps)) for maps in zip(*parts, strict=True)]


def gradient_of(
    model: keras.Model,
    graph: Graph,
    key: tuple,
    objective: Callable,
    arguments: Sequence[np.ndarray | KerasTensor],
    *,
    batch: int | None = None,
) -> Callable:
    """Compile an objective with its gradient with respect to its first argument.

    Args:
        model: any functional or sequential model.
        graph: the model's graph.
        key: all that the objective depends on but its arguments. Where that includes a function
            of the user's, whose doings cannot be told from outside, the computation is not kept.
        objective: `objective(graph, point, *others)` gives values; their sum is climbed.
        arguments: arrays, or KerasTensors, in which `None` leaves a size free. Their first size,
            the batch, is free.
        batch: of the point, where it is known: the user's functions may
            need that, and one picture goes faster.

    Returns:
        A function of the arguments that gives the values and the gradient, float32.
    """

    def values_and_gradient(graph: Graph, point: object, *others: object) -> tuple:
        if batch is not None:
            point = ops.reshape(point, (batch, *ops.shape(point)[1:]))
        return value_and_gradient(
            lambda p: objective(graph, p, *others), point, half=in_half(graph)
        )

    key = (*key, batch) if _by_value(key) else None
    return compiled(model, graph, key, values_and_gradient, specs(arguments))


def _by_value(item: object) -> bool:
    """Whether what an item does can be told from what it equals."""
    if isinstance(item, tuple):
        return all(map(_by_value, item))
    if is_dataclass(item):  # a frozen one of plain values, as Preprocessing is
        return item.__dataclass_params__.frozen and all(map(_by_value, vars(item).values()))
    return item is None or isinstance(item, (str, int, float, bool))


def in_batches_of(by: Batches, gradient: Callable, arguments: Sequence) -> tuple[object, object]:
    """Compute values and gradients for a few pictures at a time, and join them."""
    parts = []
    for count, part in by.parts(arguments):
        values, slopes = gradient(*part)
        parts.append((values[..., :count], slopes[:count]))
    if len(parts) == 1:
        return parts[0]
    values, slopes = zip(*parts, strict=True)
    return ops.concatenate(values, axis=-1), ops.concatenate(slopes, axis=0)
