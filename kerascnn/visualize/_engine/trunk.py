"""Compute layers of a network from its image input, for the methods that generate images."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, is_dataclass
from typing import Any

import keras
import numpy as np
from keras import KerasTensor, ops

from kerascnn._checks import check_count, check_number
from kerascnn._errors import unknown
from kerascnn._graph import Graph, MisfitError, Node, Tensor
from kerascnn._sizes import shapes_on_the_way, size_hint
from kerascnn.visualize._fast.convolutions import run_fast

from .axes import check_channels_last, has_channels
from .compile import compiled, specs
from .layers import LayerLike, check_channels, select_layer
from .preprocessing import read_preprocessing
from .tape import in_half, value_and_gradient

WORKING_SET = 2**24  # bytes of a batch's largest activation; measured: more exceeds the caches
LARGEST_BATCH = 32


def average_pooling(node: Node, args: tuple, kwargs: dict) -> Tensor:
    """Compute a node, replacing max-pooling by average pooling."""
    layer = node.operation
    if not isinstance(layer, keras.layers.MaxPooling2D):
        return run_fast(node, args, kwargs)
    return ops.average_pool(
        args[0], layer.pool_size, layer.strides, layer.padding, layer.data_format
    )


POOLINGS = {"max": run_fast, "average": average_pooling}


@dataclass(frozen=True)
class Trunk:
    """The part of a network from its image input to some layers.

    Attributes:
        layers: full names of the layers.
        inputs: number of the model's inputs.
        position: index of the image input, the only input that the layers need.
        preprocessing: function from RGB images in [0, 1] to the model's input; `None`: none.
        pooling: "max", as in the network, or "average" to replace max-pooling.
    """

    layers: tuple[str, ...]
    inputs: int
    position: int
    preprocessing: Callable | None
    pooling: str = "max"

    def __call__(self, graph: Graph, pictures: Tensor, call: Callable | None = None) -> list:
        """Compute the layers' outputs for images (N, H, W, C) in [0, 1].

        Args:
            graph: the model's graph.
            pictures: a tensor of images.
            call: function that computes a node; `None`: that of `pooling`.

        Returns:
            One tensor per layer, float32.
        """
        keys = tuple(graph.node(name).outputs[0] for name in self.layers)
        call = call or POOLINGS[self.pooling]
        values = graph.evaluate(self.inputs_for(pictures), call, until=keys)
        return [ops.cast(values[key], "float32") for key in keys]

    def inputs_for(self, pictures: Tensor) -> list:
        """Return a value for each input of the model; `None` for inputs that are not needed."""
        inputs = [None] * self.inputs
        inputs[self.position] = self.preprocessing(pictures) if self.preprocessing else pictures
        return inputs


def trunk_of(
    model: keras.Model,
    graph: Graph,
    layers: Sequence[str],
    preprocessing: Callable | str | None = None,
    pooling: str = "max",
) -> Trunk:
    """Create the trunk of a model from its image input to some layers.

    Raises:
        TypeError: If `preprocessing` is neither callable nor a name.
        ValueError: If the pooling is unknown, or if the layers need several inputs or an input that
            is not an image.
    """
    if pooling not in POOLINGS:
        raise unknown("pooling", pooling, POOLINGS)
    keys = tuple(graph.node(name).outputs[0] for name in layers)
    needed = {key for node in graph.leading_to(keys) for key in (*node.inputs, *node.outputs)}
    used = [i for i, key in enumerate(graph.inputs) if key in needed]
    shapes = [tuple(model.inputs[i].shape) for i in used]
    if len(used) != 1 or len(shapes[0]) != 4 or shapes[0][-1] is None:
        raise ValueError(
            f"model must have one image input, (N, H, W, C), for the layers {', '.join(layers)}; "
            f"they need inputs of shape {', '.join(map(str, shapes))}."
        )
    check_channels_last(graph)
    if not has_channels(graph, graph.inputs[used[0]]):
        raise ValueError(
            f"model must take images, (N, H, W, C); it takes {shapes[0][1:]}, volumes without "
            "channels."
        )
    preprocessing = read_preprocessing(preprocessing, graph, graph.inputs[used[0]])
    return Trunk(tuple(layers), len(graph.inputs), used[0], preprocessing, pooling)


def weigh_layers(
    name: str, layers: LayerLike | Sequence[LayerLike] | Mapping[str, float], graph: Graph
) -> dict[str, float]:
    """Return full names of layers with weights; by default, the weights are equal and sum to 1.

    Args:
        name: name of the argument, for errors.
        layers: one layer, several, or a dict from names to weights.
        graph: the model's graph.

    Raises:
        ValueError: If there is no layer, a layer is unknown or has no feature maps, or a weight is
            not a number.
    """
    if isinstance(layers, Mapping):
        given = layers
    else:
        several = list(layers) if isinstance(layers, (list, tuple)) else [layers]
        given = {layer: 1 / len(several) for layer in several}
    if not given:
        raise ValueError(f"{name} must name at least one layer; received none.")
    weights = {}
    for layer, weight in given.items():
        node = select_layer(graph, layer)
        if len(node.shapes[0]) != 4:
            raise ValueError(
                f"{name} must output maps (N, h, w, K); {node.name!r} has output shape "
                f"{node.shapes[0]}."
            )
        check_channels(graph, node)
        weights[node.name] = check_number(f"{name}, as weights,", weight)
    return weights


def input_shape(model: keras.Model, trunk: Trunk) -> tuple[int | None, int | None, int]:
    """Return height, width and channels of the model's input; `None` if variable."""
    _batch, height, width, channels = model.inputs[trunk.position].shape
    return height, width, channels


def check_size(
    model: keras.Model, graph: Graph, trunk: Trunk, size: Sequence[int], name: str = "size"
) -> dict[str, tuple]:
    """Infer the output shapes of all nodes up to the layers, for images of a given size.

    Returns:
        A dict from the names of the nodes to the shapes of their first output, (None, h, w, K).

    Raises:
        ValueError: If the layers do not accept images of this size.
    """
    keys = tuple(graph.node(name).outputs[0] for name in trunk.layers)
    nodes = [n for n in graph.leading_to(keys) if not n.is_input]
    tensor = model.inputs[trunk.position]
    inputs = trunk.inputs * [None]
    inputs[trunk.position] = KerasTensor((None, *size, tensor.shape[-1]), tensor.dtype)
    try:
        values = shapes_on_the_way(graph, inputs, keys)
    except MisfitError as misfit:
        own = input_shape(model, trunk)[:2]
        if None not in own:
            hint = f" The model's input size is {own[0]}x{own[1]}."
        else:
            hint = size_hint(graph, inputs, keys)
        raise ValueError(
            f"{name} must fit all layers up to {', '.join(trunk.layers)}; "
            f"received {size[0]}x{size[1]}: {misfit}.{hint}"
        ) from None
    return {n.name: tuple(values[n.outputs[0]].shape) for n in nodes}


@dataclass(frozen=True)
class Batches:
    """The batch size of generated images.

    An image must not depend on the others in its batch. For a single image, oneDNN uses other
    convolutions than for several, which round differently, and gradient ascent amplifies rounding
    errors. So either every image is computed alone, or none is.

    Attributes:
        size: number of images per batch, at least 1.
        alone: whether each image is computed alone; otherwise a single remaining image is
            duplicated.
    """

    size: int
    alone: bool

    def parts(self, arguments: Sequence) -> Iterator[tuple[int, list]]:
        """Yield the number of images of each batch, and its arguments, with one item per image."""
        for i in range(0, len(arguments[0]), self.size):
            part = [ops.convert_to_tensor(x[i : i + self.size]) for x in arguments]
            count = len(part[0])
            single = count == 1 and not self.alone
            yield count, [ops.repeat(x, 2, axis=0) for x in part] if single else part


def batches(shapes: dict[str, tuple], batch_size: int | None = None) -> Batches:
    """Choose a fast batch size from the output shapes of all layers, or use a given size."""
    largest = max(4 * int(np.prod(shape[1:])) for shape in shapes.values())
    fast = max(1, min(LARGEST_BATCH, WORKING_SET // largest))
    size = fast if batch_size is None else check_count("batch_size", batch_size)
    return Batches(size, alone=fast == size == 1)


def features_of(
    model: keras.Model, graph: Graph, trunk: Trunk, pictures: np.ndarray, by: Batches
) -> list[np.ndarray]:
    """Compute the layers' outputs for images, float32, in batches."""
    key = ("features", trunk)
    free = KerasTensor((None, None, None, pictures.shape[-1]), "float32")
    step = compiled(model, graph, key if _by_value(trunk) else None, trunk, specs([free]))
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
        key: everything that the objective depends on except its arguments. If it includes a
            user-defined function, whose behavior may change, the computation is not cached.
        objective: `objective(graph, point, *others)` returns values, whose sum is maximized.
        arguments: arrays, or KerasTensors, in which `None` is a variable size. Their batch size
            is variable.
        batch: batch size of the point, if known: user-defined functions may need it, and a single
            image is faster.

    Returns:
        A function of the arguments that returns the values and the gradient, float32.
    """

    def values_and_gradient(graph: Graph, point: Tensor, *others: Tensor) -> tuple:
        if batch is not None:
            point = ops.reshape(point, (batch, *ops.shape(point)[1:]))
        return value_and_gradient(
            lambda p: objective(graph, p, *others), point, half=in_half(graph)
        )

    cached = (*key, batch) if _by_value(key) else None
    return compiled(model, graph, cached, values_and_gradient, specs(arguments))


def _by_value(item: Any) -> bool:
    """Return whether equal items are certain to behave the same."""
    if isinstance(item, tuple):
        return all(map(_by_value, item))
    if is_dataclass(item):  # frozen and with plain values, such as Preprocessing
        frozen = getattr(type(item), "__dataclass_params__").frozen  # noqa: B009 - no type has it
        return frozen and all(map(_by_value, vars(item).values()))
    return item is None or isinstance(item, (str, int, float, bool))


def in_batches_of(by: Batches, gradient: Callable, arguments: Sequence) -> tuple[Tensor, Tensor]:
    """Compute values and gradients in batches, and concatenate them."""
    parts = []
    for count, part in by.parts(arguments):
        values, slopes = gradient(*part)
        parts.append((values[..., :count], slopes[:count]))
    if len(parts) == 1:
        return parts[0]
    values, slopes = zip(*parts, strict=True)
    return ops.concatenate(values, axis=-1), ops.concatenate(slopes, axis=0)
