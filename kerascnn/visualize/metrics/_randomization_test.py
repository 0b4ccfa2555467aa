"""Sanity checks for saliency maps (Adebayo et al. 2018, arXiv:1810.03292).

They are also called the model parameter randomization test, MPRT; its smooth variant is that of
Hedström et al. 2024, arXiv:2401.06465.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from scipy.stats import rankdata
from skimage.metrics import structural_similarity

from kerascnn._checks import check_choice, check_count, check_number
from kerascnn._progress import progress
from kerascnn.visualize._engine.answers import predicted_classes
from kerascnn.visualize._engine.heatmaps import check_method, maps_by
from kerascnn.visualize._engine.images import Images, one_or_all
from kerascnn.visualize._engine.layers import LayerLike
from kerascnn.visualize._engine.noise import noisy
from kerascnn.visualize._engine.question import ask
from kerascnn.visualize._engine.randomizing import Forgetful
from kerascnn.visualize._engine.targets import Target

ORDERS = ("top_down", "bottom_up")
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
    order: str = "top_down",
    metric: str = "spearman",
    samples: int = 1,
    noise: float = 0.1,
    seed: int = 0,
    verbose: bool | str = "auto",
) -> RandomizationTest:
    """Test whether a method depends on what the network has learned.

    The weights of a copy of the network are randomized layer by layer, from the output to the
    input (cascading), and the heatmaps are computed again each time. If they hardly change, as with
    guided backpropagation, they show edges of the image rather than reasons for the decision.

    The noise in gradients makes maps differ even where the method does not depend on the weights.
    With several `samples`, maps are averaged over noisy copies of the image before they are
    compared (Smooth MPRT, Hedström et al. 2024, section 4.1).

    Limitations: the test can only refute a method. Heatmaps that change may still not explain the
    decision.

    Args:
        model: any functional or sequential `keras.Model` that Keras can clone. It is not modified.
        images: (N, H, W, C) float, in the range the model was trained on. For several inputs,
            a list of arrays, or a dict of arrays by the inputs' names.
        method: callable from (model, images, target) to heatmaps (N, …), such as `grad_cam`.
        target: target passed to the method; `None`: the class predicted by the original model.
        layers: layers to report; the other layers before them in the order are randomized as well.
            `None`: every layer with weights to learn.
        independent: whether to randomize one layer at a time and keep the weights of the others.
        order: "top_down", from the output to the input, or "bottom_up", which Hedström et al.
            recommend, since layers below a randomized one still pass on what they have learned.
        metric: "spearman", the rank correlation, or "ssim", the structural similarity of heatmaps
            (N, h, w), each scaled to [0, 1].
        samples: number of noisy copies of each image that a heatmap is averaged over; 1: the image
            itself, without noise.
        noise: standard deviation of the noise, as a fraction of the image's range, max − min.
        seed: seed of the noise and of the new weights, which are drawn by each layer's own
            initializers.
        verbose: whether to show a progress bar; "auto": in a terminal or notebook.

    Returns:
        A `RandomizationTest` with the correlations of signed and absolute heatmaps.

    Raises:
        TypeError, ValueError: If arguments do not fit, or if the method does not return one
            heatmap per image.

    >>> import numpy as np, kerascnn as kc
    >>> model = kc.build_lenet5(weights="mnist")
    >>> images = kc.datasets.load("digits").test[0][:2]
    >>> blind = lambda model, images, target: images[..., 0]  # ignores the model
    >>> result = kc.visualize.randomization_test(model, images, blind, layers=["f6", "c1"])
    >>> result.layers, result.correlations.round(3).tolist()
    (('f6', 'c1'), [[1.0, 1.0], [1.0, 1.0]])
    """
    check_method(method)
    check_choice("metric", metric, METRICS)
    check_choice("order", order, ORDERS)
    check_count("samples", samples)
    check_number("noise", noise)
    check_count("seed", seed, least=0)
    question = ask(model, images, target)
    copy = Forgetful(model, question.images, seed)
    wanted = copy.select(question.graph, layers)
    names = copy.names if order == "top_down" else copy.names[::-1]
    explained = predicted_classes(question) if target is None else target
    copies = [images]
    if samples > 1:
        keys = range(samples)
        copies = [one_or_all(model, noisy(question.images, noise, seed, key)) for key in keys]

    def heatmaps() -> np.ndarray:
        found = (maps_by(method, copy.model, x, explained, len(question)) for x in copies)
        return np.asarray(sum(found) / len(copies))

    compare = METRICS[metric]
    original, maps, signed, absolute = heatmaps(), [], [], []
    with progress("Randomization", len(wanted), verbose) as advance:
        for name in names:
            copy.forget(name)
            if name in wanted:
                maps.append(heatmaps())
                pairs = list(zip(original, maps[-1], strict=True))
                signed.append([compare(a, b) for a, b in pairs])
                absolute.append([compare(np.abs(a), np.abs(b)) for a, b in pairs])
                advance()
            if independent:
                copy.remember(name)
    names = tuple(name for name in names if name in wanted)
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
