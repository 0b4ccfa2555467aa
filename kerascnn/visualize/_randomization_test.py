"""Sanity checks for saliency maps (Adebayo et al. 2018, arXiv:1810.03292)."""

import random
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from scipy.stats import rankdata
from skimage.metrics import structural_similarity

from kerascnn._calls import number_calls_alike
from kerascnn._checks import check_count
from kerascnn._errors import unknown
from kerascnn._graph import Graph, Node, flatten
from kerascnn._progress import progress

from ._engine.answers import predicted_classes
from ._engine.axes import graph_of
from ._engine.images import Images
from ._engine.layers import LayerLike, select_weights
from ._engine.question import ask
from ._engine.targets import Target

MOVING = ("moving_mean", "moving_variance")  # learned by batch normalization without gradients
WINDOW = 7  # of the structural similarity, in pixels


@dataclass(frozen=True)
class RandomizationTest:
    """How heatmaps change as the weights of a network are randomized.

    Attributes:
        layers: (L,) names of the layers, in the order in which they were randomized.
        correlations: (L, N) correlations of the heatmaps after each randomization with the
            original ones, -1 to 1; NaN if a heatmap is constant.
        absolute_correlations: (L, N) correlations of the absolute values of the heatmaps.
        maps: (L, N, …) heatmaps after each randomization.
        original: (N, …) heatmaps of the original network.
    """

    layers: tuple[str, ...]
    correlations: np.ndarray
    absolute_correlations: np.ndarray
    maps: np.ndarray
    original: np.ndarray


def randomization_test(
    model: keras.Model,
    images: Images,
    method: Callable,
    *,
    target: Target = None,
    layers: Sequence[LayerLike] | None = None,
    independent: bool = False,
    metric: str = "spearman",
    seed: int = 0,
    verbose: bool | str = "auto",
) -> RandomizationTest:
    """Test whether a method depends on what the network has learned.

    The weights of a copy of the network are randomized layer by layer, from the output to the
    input (cascading), and the heatmaps are computed again each time. If they hardly change, as with
    guided backpropagation, they show edges of the image rather than reasons for the decision.

    Limitations: the test can only refute a method. Heatmaps that change may still not explain the
    decision.

    Args:
        model: any functional or sequential `keras.Model` that Keras can clone. It is not modified.
        images: (N, H, W, C) float, in the range the model was trained on.
        method: callable from (model, images, target) to heatmaps (N, …), such as `grad_cam`.
        target: target passed to the method; `None`: the class predicted by the original model.
        layers: layers to report; the other layers above them are randomized as well. `None`: every
            layer with weights to learn.
        independent: whether to randomize one layer at a time and keep the weights of the others.
        metric: "spearman", the rank correlation, or "ssim", the structural similarity of heatmaps
            (N, h, w), each scaled to [0, 1].
        seed: seed of the new weights, which are drawn by each layer's own initializers.
        verbose: whether to show a progress bar; "auto": in a terminal or notebook.

    Returns:
        A `RandomizationTest` with the correlations of signed and absolute heatmaps.

    Raises:
        TypeError, ValueError: if arguments do not fit, or if the method does not return one
            heatmap per image.

    >>> import numpy as np, kerascnn as kc
    >>> model = kc.build_lenet5(weights="mnist")
    >>> images = kc.datasets.load("digits").test[0][:2]
    >>> blind = lambda model, images, target: images[..., 0]  # ignores the model
    >>> result = kc.visualize.randomization_test(model, images, blind, layers=["f6", "c1"])
    >>> result.layers, result.correlations.round(3).tolist()
    (('f6', 'c1'), [[1.0, 1.0], [1.0, 1.0]])
    """
    if not callable(method):
        raise TypeError(
            "method must be callable as method(model, images, target), such as grad_cam; "
            f"received {method!r}."
        )
    if metric not in METRICS:
        raise unknown("metric", metric, METRICS)
    check_count("seed", seed, least=0)
    question = ask(model, images, target)
    graph, count = question.graph, len(question)
    with _seeded(seed):
        copy = keras.models.clone_model(model)  # new weights from the layers' initializers
    number_calls_alike(copy, model)
    for node in flatten(copy).nodes:
        if isinstance(node.operation, keras.layers.Layer):
            node.operation.trainable = True  # frozen layers have been trained too
    nodes = {node.name: node for node in reversed(_learnt(copy))}
    wanted = _wanted(graph, layers, nodes)
    new = _values(nodes.values())
    copy.set_weights(model.get_weights())
    learnt = _values(nodes.values())
    shuffle = np.random.default_rng(seed).permutation
    for key, value in new.items():
        if np.array_equal(value, learnt[key]):  # the initializer has a seed of its own
            new[key] = shuffle(value.ravel()).reshape(value.shape)
    explained = predicted_classes(question) if target is None else target

    def heatmaps() -> np.ndarray:
        maps = method(copy, images, explained)
        if isinstance(maps, list | tuple):  # several inputs, or more than heatmaps
            raise TypeError(
                "method must return one array of heatmaps, (N, …); received "
                f"{type(maps).__name__}. Select one: lambda *args: method(*args)[0]."
            )
        maps = np.asarray(maps)
        if maps.ndim < 2 or len(maps) != count:
            raise ValueError(
                f"method must return one heatmap for each image, ({count}, h, w); "
                f"received {maps.shape}."
            )
        return maps

    compare = METRICS[metric]
    original, maps, signed, absolute = heatmaps(), [], [], []
    with progress("Randomization", len(wanted), verbose) as advance:
        for name, node in nodes.items():
            _assign(node, new)
            if name in wanted:
                maps.append(heatmaps())
                pairs = list(zip(original, maps[-1], strict=True))
                signed.append([compare(a, b) for a, b in pairs])
                absolute.append([compare(np.abs(a), np.abs(b)) for a, b in pairs])
                advance()
            if independent:
                _assign(node, learnt)
    names = tuple(name for name in nodes if name in wanted)
    return RandomizationTest(names, np.array(signed), np.array(absolute), np.stack(maps), original)


def rank_correlation(one: np.ndarray, other: np.ndarray) -> float:
    """Compute Spearman's rank correlation of two heatmaps; NaN if one is constant."""
    if not np.ptp(one) or not np.ptp(other):
        return np.nan
    return float(np.corrcoef(rankdata(one), rankdata(other))[0, 1])


def similarity(one: np.ndarray, other: np.ndarray) -> float:
    """Compute the structural similarity of two scaled heatmaps; NaN if one is constant."""
    if one.ndim != 2 or min(one.shape) < WINDOW:
        raise ValueError(
            f"metric 'ssim' needs heatmaps of at least {WINDOW}×{WINDOW}; received "
            f"{one.shape}. Use 'spearman'."
        )
    if not np.ptp(one) or not np.ptp(other):
        return np.nan
    found: Any = structural_similarity(
        _scaled(one), _scaled(other), win_size=WINDOW, data_range=1.0
    )
    return float(found)


def _scaled(heatmap: np.ndarray) -> np.ndarray:
    return (heatmap - heatmap.min()) / np.ptp(heatmap)


METRICS = {"spearman": rank_correlation, "ssim": similarity}


@contextmanager
def _seeded(seed: int) -> Iterator[None]:
    """Seed Python's random numbers, from which Keras initializers draw their seeds."""
    state = random.getstate()
    random.seed(int(seed))
    try:
        yield
    finally:
        random.setstate(state)


def _learnt(model: keras.Model) -> list[Node]:
    """List the nodes with weights to learn, each layer once, in order of computation."""
    nodes = [node for node in graph_of(model).nodes if _weights(node)]
    return list({id(node.operation): node for node in reversed(nodes)}.values())[::-1]


def _weights(node: Node) -> list[keras.Variable]:
    weights = getattr(node.operation, "weights", [])
    return [v for v in weights if v.trainable or v.name in MOVING]


def _values(nodes: Iterable[Node]) -> dict[int, np.ndarray]:
    return {id(v): v.numpy().copy() for node in nodes for v in _weights(node)}


def _assign(node: Node, values: dict[int, np.ndarray]) -> None:
    for variable in _weights(node):
        variable.assign(values[id(variable)])


def _wanted(
    graph: Graph, layers: Sequence[LayerLike] | None, names: Collection[str]
) -> Collection[str]:
    """Return the full names of the layers after which heatmaps are computed."""
    if layers is None:
        return names
    if isinstance(layers, str | keras.layers.Layer) or not len(layers):
        raise ValueError(f"layers must be a list of at least one layer; received {layers!r}.")
    wanted = set()
    for layer in layers:
        node = select_weights(graph, layer)
        # The calls of a layer share its weights, and one of them stands for all.
        calls = [n.name for n in graph.nodes if n.operation is node.operation and n.name in names]
        if not calls:
            raise unknown("layers, which need weights,", node.name, names)
        wanted.update(calls)
    return wanted
