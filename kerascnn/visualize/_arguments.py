"""The arguments that all methods share, images, target and layer, checked in one place."""

import sys
from collections.abc import Callable, Mapping, Sequence
from numbers import Integral

import keras
import numpy as np
from keras import ops

from kerascnn._graph import Graph, Node, flatten

from ._heads import classes_of, end_nodes, is_binary

Images = np.ndarray | Sequence[np.ndarray] | Mapping[str, np.ndarray]
Target = int | Sequence[int] | Callable | Sequence[Callable] | None
LayerLike = str | keras.layers.Layer | None


def graph_of(model: keras.Model) -> Graph:
    """The graph of a model whose maps are (N, h, w, K), as all methods for images take them.

    Raises:
        TypeError, ValueError: as `flatten`; a layer that puts its channels first.
    """
    graph = flatten(model)
    for node in graph.nodes:
        if getattr(node.operation, "data_format", None) == "channels_first":
            raise ValueError(
                f"model must be 'channels_last', with maps (N, h, w, K); received the layer "
                f"{node.name!r}, which is 'channels_first'. Build the model with "
                "data_format='channels_last' and give it the same weights: they fit both."
            )
    return graph


def check_images(model: keras.Model, images: Images) -> list[np.ndarray]:
    """Bring images into one array for each input of the model.

    Raises:
        TypeError: whole numbers where the model takes floats.
        ValueError: another rank, size or number of channels; no image; NaN or infinity.
    """
    names = [tensor.name for tensor in model.inputs]
    if isinstance(images, Mapping):
        if set(images) != set(names):
            raise ValueError(
                f"images, as a dict, must have the names of the model's inputs, {names}; "
                f"received {list(images)}."
            )
        images = [images[name] for name in names]
    given = list(images) if isinstance(images, (list, tuple)) else [images]
    if len(given) != len(names):
        raise ValueError(
            f"images must be one array for each of the model's {len(names)} input(s); "
            f"received {len(given)}. Images of one input go into one array: np.stack(images)."
        )
    arrays = [_check(x, t) for x, t in zip(given, model.inputs, strict=True)]
    if len({len(x) for x in arrays}) > 1:
        raise ValueError(
            "images must hold equally many for each input; received "
            f"{', '.join(str(len(x)) for x in arrays)}."
        )
    return arrays


def check_one_input(model: keras.Model, images: Images) -> np.ndarray:
    """Bring images into one array (N, H, W, C).

    Raises:
        ValueError: the model has several inputs, or one that is no image; images do not fit.
    """
    graph_of(model)  # says what is wrong with a model
    shapes = [tuple(tensor.shape[1:]) for tensor in model.inputs]
    if len(shapes) != 1 or len(shapes[0]) != 3:
        raise ValueError(
            "model must have one input, images (N, H, W, C); it has "
            f"{', '.join(map(str, shapes))}. Hold the others fixed: "
            "keras.Model(images, model([images, constant]))."
        )
    return check_images(model, images)[0]


def _check(images: np.ndarray, expected: keras.KerasTensor) -> np.ndarray:
    images = np.asarray(images)
    shape = tuple(expected.shape[1:])
    wanted = "(N, " + ", ".join("any" if n is None else str(n) for n in shape) + ")"
    if images.dtype.kind in "OUS":
        raise TypeError(f"images must be an array of numbers; received {images.dtype}.")
    takes_floats = keras.backend.is_float_dtype(expected.dtype)
    if not takes_floats and images.dtype.kind == "f":
        raise TypeError(
            f"images must be {expected.dtype}, as the model takes them; received {images.dtype}, "
            "which would be cut off. Give 0 … 255 where the model rescales by itself."
        )
    if takes_floats and images.dtype.kind != "f":
        raise TypeError(
            "images must be float, in the range that the model was trained on; "
            f"received {images.dtype}. Preprocess them as in training, for example "
            "images / 255, or images.astype('float32') where the model rescales by itself."
        )
    fits = images.ndim == len(shape) + 1 and all(
        n in (None, m) for n, m in zip(shape, images.shape[1:], strict=True)
    )
    if not fits:
        one = " A single image needs a batch axis: images[None]." * (images.ndim == len(shape))
        raise ValueError(f"images must have the shape {wanted}; received {images.shape}.{one}")
    if not len(images):
        raise ValueError(f"images must hold at least one image; received {images.shape}.")
    # Keras casts to the type in which a layer computes; here only float64 is brought down.
    with np.errstate(over="ignore"):
        cast = images.astype(expected.dtype, copy=False)
    if takes_floats and not np.isfinite(cast).all():
        raise ValueError("images must be finite; received NaN or infinity. Look for division by 0.")
    return cast


def check_count(name: str, value: int, least: int = 1) -> int:
    """A whole number.

    Raises:
        ValueError: not one, or below `least`.
    """
    if not isinstance(value, Integral) or isinstance(value, bool) or value < least:
        raise ValueError(f"{name} must be a whole number of at least {least}; received {value!r}.")
    return int(value)


def check_target(target: Target, count: int, graph: Graph) -> tuple[np.ndarray, Callable | None]:
    """Bring a target into one class index for each image, or a callable.

    Args:
        target: class index, one for each image, a callable, a list of callables, one for each
            output, or `None`.
        count: number of images.
        graph: the model's.

    Returns:
        (N,) int32 class indices, -1 for the predicted class, and the callable or `None`.

    Raises:
        TypeError: none of the above.
        ValueError: an index out of range, or not one for each image; no callable where a class
            has no number.
    """
    target = read_scores(target, graph)
    predicted = np.full(count, -1, np.int32)
    if callable(target):
        return predicted, target
    classes = classes_of(graph)
    if target is None:
        return predicted, target
    indices = np.asarray(target)
    if indices.dtype.kind not in "iu":
        raise TypeError(
            "target must be a class index, one for each image, a callable from the logits to "
            f"scores (N,), or None for the predicted class; received {target!r}."
        )
    if indices.shape not in ((), (1,), (count,)):
        raise ValueError(
            f"target must be one class index or one for each of the {count} images, ({count},); "
            f"received the shape {indices.shape}."
        )
    wrong = indices[(indices < 0) | (indices >= classes)] if indices.ndim else (
        indices[None][(indices[None] < 0) | (indices[None] >= classes)]
    )  # fmt: skip
    if len(wrong):
        meaning = " (0: the sigmoid says no, 1: it says yes)" * is_binary(graph)
        if len(graph.outputs) > 1:
            meaning += f" of the first output, {graph.maker(graph.outputs[0]).name!r}"
        raise ValueError(
            f"target must be a class index from 0 to {classes - 1}{meaning}; received {wrong[0]}."
        )
    return np.broadcast_to(indices, count).astype(np.int32), None


def read_scores(target: Target, graph: Graph) -> Target:
    """Turn tf-keras-vis's scores into class indices, and a list of them into one callable."""
    if isinstance(target, (list, tuple)) and target and all(map(callable, target)):
        return _sum_of(target) if len(target) > 1 else read_scores(target[0], graph)
    # Whoever has a score has imported this; for whoever has none it need not be imported.
    known = sys.modules.get("tf_keras_vis.utils.scores")
    binary = known and is_binary(graph)
    if known and type(target) is known.CategoricalScore and not binary:
        indices = target.indices
    elif known and type(target) is known.BinaryScore and binary:
        indices = [int(value) for value in target.target_values]
    else:
        return target
    return indices[0] if len(indices) == 1 else indices


def _sum_of(targets: Sequence[Callable]) -> Callable:
    """The sum of callables, one for each output of a model, as tf-keras-vis adds them."""

    def total(outputs: list) -> keras.KerasTensor:
        if isinstance(outputs, Mapping):
            raise TypeError(
                "target must be one callable from a dict to scores (N,) for a model whose outputs "
                f"are a dict, {sorted(outputs)}; received a list."
            )
        outputs = list(outputs) if isinstance(outputs, (list, tuple)) else [outputs]
        if len(outputs) != len(targets):
            raise ValueError(
                "target, as a list of callables, must have one for each of the model's "
                f"{len(outputs)} output(s); received {len(targets)}."
            )
        scores = [
            ops.convert_to_tensor(score(output), "float32")
            for score, output in zip(targets, outputs, strict=True)
        ]
        return sum(ops.mean(s, axis=tuple(range(1, len(s.shape)))) for s in scores)

    return total


def one_or_all(arrays: list[np.ndarray]) -> np.ndarray | list[np.ndarray]:
    """What a method returns for the inputs of a model: an array where there is one input."""
    return arrays[0] if len(arrays) == 1 else arrays


def is_map(node: Node) -> bool:
    """Whether a node's output is (N, h, w, K) with more than one position."""
    shape = node.shapes[0]
    return len(shape) == 4 and tuple(shape[1:3]) != (1, 1)


def select_layer(graph: Graph, layer: LayerLike) -> Node:
    """Find the node of a layer: by name, by the layer itself, or the last with spatial extent.

    Raises:
        ValueError: there is no such layer in the model, or the choice between several calls.
    """
    if layer is None:
        maps = [node for node in graph.nodes if is_map(node) and not node.is_input]
        if not maps:
            raise ValueError(
                "model must have a layer with spatial extent, output (N, h, w, K); it has none. "
                "Name a layer."
            )
        return maps[-1]
    return graph.node(layer)


def select_weights(graph: Graph, layer: LayerLike) -> Node:
    """Find a layer for the sake of its weights, which are the same in each of its calls.

    Returns:
        The node of its first call.

    Raises:
        ValueError: there is no such layer, or several different ones.
    """
    if layer is not None:
        calls = graph.calls(layer)
        if all(node.operation is calls[0].operation for node in calls):
            return calls[0]
    return select_layer(graph, layer)


def select_maps(graph: Graph, layer: LayerLike, score: Callable | None = None) -> Node:
    """Find a layer, as `select_layer` does, whose output is maps (N, h, w, K).

    By default the last maps before the output: those of a segmentation network that are scores
    themselves explain nothing. A class is one of the first output; a callable sees them all.

    Raises:
        ValueError: there is no such layer, or its output has no height and width.
    """
    node = select_layer(graph, layer)
    if layer is None:
        ends = end_nodes(graph)
        seen = graph.leading_to(graph.outputs if score else graph.outputs[:1])
        maps = [n for n in seen if is_map(n) and not n.is_input]
        inner = [n for n in maps if n.name not in ends]
        node = (inner or maps or [node])[-1]
    if len(node.shapes[0]) != 4:
        maps = [n.name for n in graph.nodes if is_map(n) and not n.is_input]
        last = f" The last with maps is {maps[-1]!r}." if maps else ""
        raise ValueError(
            f"layer must have maps as output, (N, h, w, K); {node.name!r} has "
            f"{node.shapes[0]}.{last}"
        )
    return node
