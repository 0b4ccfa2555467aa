"""The arguments that all methods share, images, target and layer, checked in one place."""

import sys
from collections.abc import Callable, Mapping, Sequence
from numbers import Integral

import keras
import numpy as np
from keras import ops

from kerascnn._class_names import indices_of
from kerascnn._errors import warn
from kerascnn._graph import Graph, Key, Node, flatten
from kerascnn._rescaling import warn_of_levels

from ._heads import classes_of, end_nodes, is_binary, keeps_values
from ._input_range import front

Images = np.ndarray | Sequence[np.ndarray] | Mapping[str, np.ndarray]
Target = int | str | Sequence[int] | Sequence[str] | Callable | Sequence[Callable] | None
LayerLike = str | keras.layers.Layer | None
POOLINGS = (
    keras.layers.MaxPooling1D,
    keras.layers.MaxPooling2D,
    keras.layers.MaxPooling3D,
    keras.layers.AveragePooling1D,
    keras.layers.AveragePooling2D,
    keras.layers.AveragePooling3D,
)


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


def check_channels_last(graph: Graph) -> None:
    """Refuse a model that moves the last axis of its images, which then holds no channels.

    Raises:
        ValueError: with the layer that does.
    """
    for node in (node for key in graph.inputs for node in front(graph, key)):
        if isinstance(node.operation, keras.layers.Permute):
            axes = [0, *node.operation.dims]
        elif type(node.operation).__name__ == "Transpose":
            rank = len(node.shapes[0])
            axes = [n % rank for n in node.operation.axes or range(rank - 1, -1, -1)]
        else:
            continue
        if axes[-1] != len(axes) - 1:
            raise ValueError(
                f"model must take its channels on the last axis; {node.name!r} moves another axis "
                "there. Look at the part behind it: keras.Model from its output on."
            )


def has_channels(graph: Graph, key: Key) -> bool:
    """Whether the last axis of an input counts channels: not of vectors, nor of images (N, H, W).

    (N, L, C) and (N, H, W) look alike; the latter are flattened or get an axis first.
    """
    rank = len(graph.maker(key).shapes[0])
    if rank != 3:
        return rank > 3
    return not any(
        isinstance(node.operation, keras.layers.Flatten | keras.layers.Reshape)
        or type(node.operation).__name__ == "ExpandDims"
        for node in front(graph, key)
    )


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
    refuse_datasets("images", images)
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
    warn_of_levels(model, arrays[0])
    return arrays


def refuse_datasets(name: str, images: object) -> None:
    """Say how to take images out of what holds a whole data set.

    Raises:
        TypeError: a data set, or a generator.
    """
    if hasattr(images, "element_spec") or hasattr(images, "__next__"):
        how = f"{name}, labels = next(iter(dataset))"
    elif isinstance(images, keras.utils.PyDataset):
        how = f"{name}, labels = dataset[0]"
    elif hasattr(images, "train") and hasattr(images, "class_names"):
        how = f"{name}, labels = dataset.test"
    else:
        return
    raise TypeError(
        f"{name} must be an array (N, H, W, C); received {type(images).__name__}. Take some out of "
        f"it: {how}."
    )


def check_one_input(model: keras.Model, images: Images) -> np.ndarray:
    """Bring images into one array (N, H, W, C).

    Raises:
        ValueError: the model has several inputs, or one that is no image; images do not fit.
    """
    check_channels_last(graph_of(model))  # which says what is wrong with a model
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
        target: class index or name, one for each image, a callable, a list of callables, one for
            each output, or `None`.
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
    """Turn names and tf-keras-vis's scores into class indices, several scores into a callable."""
    target = indices_of(target, graph)
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


def is_map(node: Node, rank: int = 4) -> bool:
    """Whether a node's output is (N, …, K) of a rank, with more than one position."""
    shape = node.shapes[0]
    return len(shape) == rank and any(n != 1 for n in shape[1:-1])


def select_layer(graph: Graph, layer: LayerLike) -> Node:
    """Find the node of a layer: by name, by the layer itself, or the last maps of the images.

    Raises:
        ValueError: there is no such layer in the model, or the choice between several calls.
    """
    return last_maps(graph, graph.outputs[:1]) if layer is None else graph.node(layer)


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
    """Find a layer, as `select_layer` does, whose output is maps: (N, …, K) with positions.

    A class is one of the first output; a callable sees them all.

    Raises:
        ValueError: there is no such layer, or its output has no positions.
    """
    if layer is None:
        return last_maps(graph, graph.outputs if score else graph.outputs[:1])
    node = graph.node(layer)
    if len(node.shapes[0]) < 3:
        maps = [n.name for n in graph.nodes if is_map(n) and not n.is_input]
        last = f" The last with maps is {maps[-1]!r}." if maps else ""
        raise ValueError(
            f"layer must have maps as output, (N, h, w, K), (N, L, K) or (N, D, h, w, K); "
            f"{node.name!r} has {node.shapes[0]}.{last}"
        )
    return node


def last_maps(graph: Graph, outputs: tuple[Key, ...]) -> Node:
    """Find the last maps through which all of the images passes, before the closing pooling.

    In VGG16 that is block5_conv3, as Selvaraju et al. 2017 take it. Maps that are scores
    themselves, as in segmentation, explain nothing and count only where there are no others.

    Args:
        graph: the model's graph.
        outputs: keys of those that count.

    Raises:
        ValueError: no layer has maps.
    """
    rank = max(len(graph.maker(key).shapes[0]) for key in graph.inputs)
    seen = _behind_images(graph, outputs, rank)
    # Of the images' own rank; flattened images, and those without channels, become maps later.
    ranks = dict.fromkeys((*[rank] * (rank > 2), 4, 5, 3))
    of_each = [[n for n in seen if is_map(n, r) and not n.is_input] for r in ranks]
    maps = next(filter(None, of_each), [])
    if not maps:
        raise ValueError(
            "model must have a layer with positions, such as maps (N, h, w, K), behind its images; "
            "it has none. Name a layer."
        )
    ends = end_nodes(graph)
    maps = [node for node in maps if node.name not in ends] or maps
    joint = _passed_by_all(seen, outputs)
    if not (common := [node for node in maps if node.name in joint]):
        candidates = [
            n.name for n in maps if not {*n.outputs} & {k for m in maps for k in m.inputs}
        ]
        warn(
            "no layer has maps through which all of the images passes; "
            f"{maps[-1].name!r} is taken, which shows a part. Choose by layer=: "
            f"{', '.join(map(repr, candidates))}."
        )
        return maps[-1]
    return _before_pooling(graph, common)


def _behind_images(graph: Graph, outputs: tuple[Key, ...], rank: int) -> list[Node]:
    """The nodes between the inputs of a rank and the outputs; not what comes from a vector."""
    known = {key for key in graph.inputs if len(graph.maker(key).shapes[0]) == rank}
    nodes = []
    for node in graph.leading_to(outputs):
        if not known.isdisjoint({*node.inputs, *node.outputs}):
            known.update(node.outputs)
            nodes.append(node)
    return nodes


def _passed_by_all(nodes: list[Node], outputs: tuple[Key, ...]) -> set[str]:
    """Names of the nodes that no way from the inputs to the outputs goes around."""
    last_use = {
        key: i
        for i, node in enumerate(nodes)
        for key in node.inputs[: getattr(node.operation, "content_inputs", None)]
    }
    last_use.update(dict.fromkeys(outputs, len(nodes)))
    names, reach = set(), -1  # how far what was made before reaches
    for i, node in enumerate(nodes):
        if reach <= i:
            names.add(node.name)
        reach = max([reach, *(last_use[key] for key in node.outputs if key in last_use)])
    return names


def _before_pooling(graph: Graph, maps: list[Node]) -> Node:
    """The last of some maps, or those that go into the poolings that stand at the end."""
    names = {node.name for node in maps}
    node = last = maps[-1]
    while node.name in names and len(node.inputs) == 1:
        pools = isinstance(node.operation, POOLINGS)
        if not pools and not keeps_values(node.operation):
            break
        node = graph.maker(node.inputs[0])
        if pools and node.name in names:
            last = node
    return last
