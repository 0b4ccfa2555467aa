"""Sanity checks for saliency maps (Adebayo et al. 2018, arXiv:1810.03292)."""

import random
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import keras
import numpy as np
from scipy.stats import rankdata
from skimage.metrics import structural_similarity

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

MOVING = ("moving_mean", "moving_variance")  # what batch normalization has learnt by itself
WINDOW = 7  # pixels, of the structural similarity


@dataclass(frozen=True)
class RandomizationTest:
    """How heatmaps change while a network forgets what it has learnt.

    Attributes:
        layers: (L,) names of the layers, in the order in which they were randomized.
        correlations: (L, N) of the maps then with the original ones, -1 to 1; NaN where one is
            the same everywhere.
        absolute_correlations: (L, N), of the maps' absolute values.
        maps: (L, N, …) the heatmaps after each randomization.
        original: (N, …) the heatmaps of the network as it is.
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
    """Test whether a method depends on what the network has learnt.

    A copy of the network gets new weights layer by layer, from the output down (cascading), and
    the method is asked again each time. If its maps stay alike it shows edges of the image rather
    than reasons of the network, as guided backpropagation does.

    Args:
        model: any `keras.Model` with a graph that Keras can clone; it stays as it is.
        images: (N, H, W, C) float, in the range the model was trained on.
        method: from (model, images, target) to heatmaps (N, …), such as `grad_cam`.
        target: passed to the method; `None`: the class that the model, as it is, predicts.
        layers: after which layers to look; those above them are randomized too. `None`: after
            each that has weights to learn.
        independent: randomize one layer at a time, while the others keep their weights.
        metric: "spearman", the rank correlation, or "ssim", the structural similarity of maps
            (N, h, w), each scaled to 0…1.
        seed: of the new weights, which each layer's own initializers draw.
        verbose: whether to show a progress bar; "auto": in a terminal or notebook.

    Returns:
        A `RandomizationTest` with the correlations, for signed and for absolute maps.

    Raises:
        TypeError, ValueError: arguments that do not fit, or heatmaps that are not one for each
            image.

    To distrust: a map may change and still not explain; the test refutes, it does not confirm.

    >>> import numpy as np, kerascnn as kc
    >>> model = kc.build_lenet5(weights="mnist")
    >>> images = kc.datasets.load("digits").test[0][:2]
    >>> blind = lambda model, images, target: images[..., 0]  # looks at the image only
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
        copy = keras.models.clone_model(model)  # with new weights, from the layers' initializers
    for node in flatten(copy).nodes:
        if isinstance(node.operation, keras.layers.Layer):
            node.operation.trainable = True  # frozen layers have learnt too
    nodes = {node.name: node for node in reversed(_learnt(copy))}
    wanted = _wanted(graph, layers, nodes)
    new = _values(nodes.values())
    copy.set_weights(model.get_weights())
    learnt = _values(nodes.values())
    shuffle = np.random.default_rng(seed).permutation
    for key, value in new.items():
        if np.array_equal(value, learnt[key]):  # drawn from a seed of the initializer's own
            new[key] = shuffle(value.ravel()).reshape(value.shape)
    target = predicted_classes(question) if target is None else target

    def heatmaps() -> np.ndarray:
        maps = method(copy, images, target)
        if isinstance(maps, list | tuple):  # of several inputs, or with more than maps
            raise TypeError(
                "method must give one array of heatmaps, (N, …); received "
                f"{type(maps).__name__}. Choose one: lambda *given: method(*given)[0]."
            )
        maps = np.asarray(maps)
        if maps.ndim < 2 or len(maps) != count:
            raise ValueError(
                f"method must give one heatmap for each image, ({count}, h, w); "
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
    """Spearman's: the correlation of the ranks of two maps; NaN if one is constant."""
    ranks = np.stack([rankdata(one), rankdata(other)])
    ranks -= ranks.mean(axis=1, keepdims=True)
    covariance = ranks @ ranks.T
    scale = np.sqrt(covariance[0, 0] * covariance[1, 1])
    return covariance[0, 1] / scale if scale else np.nan


def similarity(one: np.ndarray, other: np.ndarray) -> float:
    """The structural similarity of two maps, each scaled to 0…1; NaN if one is constant."""
    if one.ndim != 2 or min(one.shape) < WINDOW:
        raise ValueError(
            f"metric 'ssim' needs heatmaps of at least {WINDOW}×{WINDOW}; received "
            f"{one.shape}. Take 'spearman'."
        )
    if not np.ptp(one) or not np.ptp(other):
        return np.nan
    one, other = ((m - m.min()) / np.ptp(m) for m in (one, other))
    return structural_similarity(one, other, win_size=WINDOW, data_range=1.0)


METRICS = {"spearman": rank_correlation, "ssim": similarity}


@contextmanager
def _seeded(seed: int) -> Iterator[None]:
    """Seed Python's random numbers, from which Keras's initializers take their seeds."""
    state = random.getstate()
    random.seed(int(seed))
    try:
        yield
    finally:
        random.setstate(state)


def _learnt(model: keras.Model) -> list[Node]:
    """The nodes with weights to learn, each layer once, in the order of computation."""
    nodes = [node for node in graph_of(model).nodes if _weights(node)]
    return list({id(node.operation): node for node in reversed(nodes)}.values())[::-1]


def _weights(node: Node) -> list[keras.Variable]:
    weights = getattr(node.operation, "weights", [])
    return [v for v in weights if v.trainable or v.name in MOVING]


def _values(nodes: Iterable[Node]) -> dict[int, np.ndarray]:
    return {id(v): np.array(v) for node in nodes for v in _weights(node)}


def _assign(node: Node, values: dict[int, np.ndarray]) -> None:
    for variable in _weights(node):
        variable.assign(values[id(variable)])


def _wanted(
    graph: Graph, layers: Sequence[LayerLike] | None, names: Collection[str]
) -> Collection[str]:
    """The full names of the layers after which to look."""
    if layers is None:
        return names
    if isinstance(layers, str | keras.layers.Layer) or not len(layers):
        raise ValueError(f"layers must be a list of at least one layer; received {layers!r}.")
    wanted = set()
    for layer in layers:
        name = select_weights(graph, layer).name
        if name not in names:
            raise unknown("layers, with weights to learn,", name, names)
        wanted.add(name)
    return wanted
