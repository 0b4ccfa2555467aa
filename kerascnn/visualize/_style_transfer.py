"""Style transfer (Gatys, Ecker, Bethge 2015, arXiv:1508.06576; CVPR 2016)."""

from collections.abc import Callable, Mapping, Sequence

import keras
import numpy as np
from keras import ops

from kerascnn._checks import check_callables, check_choice, check_count, check_number
from kerascnn._graph import Graph, Tensor
from kerascnn._progress import progress

from ._engine.ascent import Adam, ascend, climb_lbfgs
from ._engine.axes import graph_of
from ._engine.layers import LayerLike, is_map
from ._engine.picture_arguments import check_pictures
from ._engine.regularizers import total_variation
from ._engine.trunk import (
    Batches,
    check_size,
    features_of,
    gradient_of,
    input_shape,
    trunk_of,
    weigh_layers,
)

CONTENT_LAYERS = ("block4_conv2",)  # section "Methods": conv4_2
STYLE_LAYERS = tuple(f"block{i}_conv1" for i in range(1, 6))  # conv1_1 … conv5_1
OPTIMIZERS = ("lbfgs", "adam")
STARTS = ("content", "noise")
LOSSES = ("content", "style", "total_variation")
ALONE = Batches(1, alone=True)  # each image has its own optimizer

Layers = LayerLike | Sequence[LayerLike] | Mapping[str, float]


def style_transfer(
    model: keras.Model,
    content: np.ndarray,
    style: np.ndarray,
    *,
    content_layers: Layers = None,
    style_layers: Layers = None,
    content_weight: float = 1.0,
    style_weight: float = 0.1,
    tv_weight: float = 0.0,
    optimizer: str = "lbfgs",
    steps: int = 200,
    learning_rate: float = 0.02,
    start: str | np.ndarray = "content",
    pooling: str = "average",
    preprocessing: Callable | str | None = None,
    seed: int = 0,
    callback: Callable | None = None,
    verbose: bool | str = "auto",
) -> np.ndarray:
    """Generate images with the content of one image and the style of another.

    Content is the output of a deep layer; style is the correlations of a layer's channels over all
    positions, its Gram matrix. Both targets are computed once.

    Args:
        model: any functional or sequential `keras.Model` with one image input. The paper uses
            VGG19; untrained weights represent neither content nor style.
        content: (N, H, W, C) float in [0, 1], of any size; RGB, or the channels that the model
            takes.
        style: (1, H', W', C) float in [0, 1], or one image per content image. Its size may differ
            from that of `content`, and determines the size of the strokes.
        content_layers: one layer, several, or a dict from names to weights; `None`: block4_conv2
            of VGG.
        style_layers: likewise; `None`: block1_conv1 … block5_conv1 of VGG, if present.
        content_weight, style_weight, tv_weight: weights of the content loss, the style loss and
            the total variation.
        optimizer: "lbfgs", as in the paper, or "adam".
        steps: number of steps; each takes a forward and a backward pass.
        learning_rate: learning rate of Adam.
        start: initial image: "content", "noise" as in the paper, or an array like `content`.
        pooling: "average" to replace max-pooling by average pooling, as in the paper, or "max".
        preprocessing: function from RGB in [0, 1] to the model's input, such as
            `kerascnn.weights.preprocessing("vgg19", "imagenet")` or a keras.applications
            `preprocess_input`; or the model's input range, "0-1" or "0-255". `None`: [0, 1], or
            0 … 255 if the model begins with a layer that rescales this range.
        seed: seed of the noise.
        callback: called as `callback(step, image, losses)` after each step, with an array
            (1, H, W, C) and a dict of the weighted "content", "style" and "total_variation".
        verbose: whether to show a progress bar; "auto": in a terminal or notebook.

    Returns:
        (N, H, W, C) float32 in [0, 1], of the same size as `content`.

    Raises:
        TypeError, ValueError: If arguments do not fit the model or each other.

    >>> import numpy as np, kerascnn as kc
    >>> model = kc.build_lenet5(weights="mnist")
    >>> black, white = np.zeros((1, 28, 28, 1)), np.ones((1, 20, 30, 1))
    >>> kc.visualize.style_transfer(
    ...     model, black, white, content_layers="c3", style_layers="c1", steps=2
    ... ).shape
    (1, 28, 28, 1)
    """
    graph = graph_of(model)
    contents = _weigh("content_layers", content_layers, CONTENT_LAYERS, graph)
    styles = _weigh("style_layers", style_layers, STYLE_LAYERS, graph)
    check_choice("optimizer", optimizer, OPTIMIZERS)
    check_count("steps", steps, least=0)
    check_callables("callback", callback)
    check_count("seed", seed, least=0)
    rule = Adam(check_number("learning_rate", learning_rate))
    weights = (
        check_number("content_weight", content_weight),
        check_number("style_weight", style_weight),
        check_number("tv_weight", tv_weight),
    )
    trunk, content_trunk, style_trunk = (
        trunk_of(model, graph, list(names), preprocessing, pooling)
        for names in ({**contents, **styles}, contents, styles)
    )
    channels = input_shape(model, trunk)[-1]
    content = check_pictures("content", content, channels)
    style = check_pictures("style", style, content.shape[-1])
    if len(style) not in (1, len(content)):
        raise ValueError(
            f"style must be one image, or one for each of the {len(content)} content images; "
            f"received {len(style)}."
        )
    check_size(model, graph, trunk, content.shape[1:3], "content")
    check_size(model, graph, style_trunk, style.shape[1:3], "style")
    starts = _starts(start, content, seed)

    def objective(graph: Graph, picture: Tensor, *targets: Tensor) -> Tensor:
        maps = dict(zip(trunk.layers, trunk(graph, picture), strict=True))
        goals = iter(targets)
        losses = (
            sum(w * content_loss(maps[layer], next(goals)) for layer, w in contents.items()),
            sum(w * style_loss(gram(maps[layer]), next(goals)) for layer, w in styles.items()),
            total_variation(picture),
        )
        return -ops.stack([w * loss for w, loss in zip(weights, losses, strict=True)])

    key = ("style_transfer", trunk, tuple(contents.items()), tuple(styles.items()), weights)

    def grams_of(picture: np.ndarray) -> list[Tensor]:
        maps = features_of(model, graph, style_trunk, picture, ALONE)
        return [gram(ops.convert_to_tensor(m)) for m in maps]

    def transfer(begin: np.ndarray, content: np.ndarray, grams: list, watch: Callable) -> Tensor:
        maps = features_of(model, graph, content_trunk, content, ALONE)
        targets = [*map(ops.convert_to_tensor, maps), *grams]
        step_of = gradient_of(model, graph, key, objective, [begin, *targets], batch=1)
        point = ops.convert_to_tensor(begin)

        def gradient(picture: Tensor, step: int) -> tuple[Tensor, Tensor]:
            return step_of(picture, *targets)

        if optimizer == "lbfgs":
            return climb_lbfgs(gradient, point, steps, watch=watch)
        return ascend(gradient, point, rule, steps, project=_clip, watch=watch)

    pictures = []
    with progress("style_transfer", steps * len(content), verbose) as advance:

        def watch(step: int, picture: Tensor, values: Tensor) -> None:
            advance()
            if callback is not None:
                losses = [-float(value) for value in ops.convert_to_numpy(values)[:, 0]]
                named = dict(zip(LOSSES, losses, strict=True))
                callback(step, ops.convert_to_numpy(picture), named)

        grams = [grams_of(style[i : i + 1]) for i in range(len(style))]
        for i in range(len(content)):
            begin, image, look = starts[i : i + 1], content[i : i + 1], grams[i % len(grams)]
            pictures.append(ops.convert_to_numpy(transfer(begin, image, look, watch)))
    return np.concatenate(pictures)


def gram(maps: Tensor) -> Tensor:
    """Compute the Gram matrix of the channels: Eq. 3, G = Σ F_i F_j / M, over M positions.

    Args:
        maps: (N, h, w, K).

    Returns:
        (N, K, K).
    """
    places = maps.shape[1] * maps.shape[2]
    rows = ops.reshape(maps, (-1, places, maps.shape[-1]))
    return correlations(rows) / places


def correlations(rows: Tensor) -> Tensor:
    """Compute FᵀF of (N, M, K) with a gradient of one product; that of a plain matmul has two."""
    one = ops.matmul(ops.transpose(ops.stop_gradient(rows), (0, 2, 1)), rows)
    other = ops.transpose(one, (0, 2, 1))  # the gradient with respect to the left F
    return one + (other - ops.stop_gradient(other))


def style_loss(gram: Tensor, target: Tensor) -> Tensor:
    """Compute Eq. 4, E = Σ (G − A)² / 4N²M², where each Gram matrix already contains its 1/M."""
    return ops.sum((gram - target) ** 2, axis=(1, 2)) / (4 * gram.shape[-1] ** 2)


def content_loss(maps: Tensor, target: Tensor) -> Tensor:
    """Compute Eq. 1, ½ Σ (F − P)².

    DEVIATION: a mean over the maps, so that the weight does not depend on the image size.
    """
    return ops.mean((maps - target) ** 2, axis=(1, 2, 3)) / 2


def _clip(picture: Tensor, step: int, slope: Tensor) -> Tensor:
    return ops.clip(picture, 0, 1)


def _weigh(name: str, layers: Layers, default: Sequence[str], graph: Graph) -> dict[str, float]:
    """Return layers with weights; by default, those of `default` that the model has.

    Raises:
        ValueError: If the model has none of them.
    """
    if layers is None:
        names = [node.name for node in graph.nodes]
        layers = [d for d in default for n in names if n.rpartition("/")[2] == d]
        if not layers:
            maps = [node.name for node in graph.nodes if is_map(node) and not node.is_input]
            raise ValueError(
                f"{name} must be given for a network other than VGG, without {default[0]!r}; "
                f"its layers with maps are {', '.join(map(repr, maps))}."
            )
    return weigh_layers(name, layers, graph)


def _starts(start: str | np.ndarray, content: np.ndarray, seed: int) -> np.ndarray:
    """Return the initial images, in the shape of the content."""
    if not isinstance(start, str):
        start = check_pictures("start", start, content.shape[-1])
        if start.shape != content.shape:
            raise ValueError(
                f"start must have the content's shape, {content.shape}; received {start.shape}."
            )
        return start
    check_choice("start", start, STARTS)
    if start == "content":
        return content
    noise = np.random.default_rng(seed).random((1, *content.shape[1:]), "float32")
    return np.broadcast_to(noise, content.shape)
