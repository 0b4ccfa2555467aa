"""Efficient MPRT (Hedström et al. 2024, arXiv:2401.06465, section 4.2)."""

from collections.abc import Callable

import keras
import numpy as np
from scipy.stats import entropy

from kerascnn._checks import check_count
from kerascnn.visualize._engine.answers import predicted_classes
from kerascnn.visualize._engine.heatmaps import check_method, maps_by
from kerascnn.visualize._engine.images import Images
from kerascnn.visualize._engine.question import ask
from kerascnn.visualize._engine.randomizing import Forgetful
from kerascnn.visualize._engine.targets import Target


def efficient_mprt(
    model: keras.Model,
    images: Images,
    method: Callable,
    *,
    target: Target = None,
    bins: int = 100,
    seed: int = 0,
) -> np.ndarray:
    """Compute the relative rise in the entropy of heatmaps when all weights are randomized.

    Instead of comparing heatmaps of the trained and the randomized network pixel by pixel, as in
    `randomization_test`, this compares how complex they are: a heatmap of a random network should
    contain less structure. The method runs only twice.

    Limitations: as the other test, it can only refute a method.

    Args:
        model: any functional or sequential `keras.Model` that Keras can clone. It is not modified.
        images: (N, H, W, C) float, in the range the model was trained on. For several inputs,
            a list of arrays, or a dict of arrays by the inputs' names.
        method: callable from (model, images, target) to heatmaps (N, …), such as `grad_cam`.
        target: target passed to the method; `None`: the class predicted by the original model.
        bins: number of bins of the histogram of a heatmap's values, from its lowest to its highest.
        seed: seed of the new weights, which are drawn by each layer's own initializers.

    Returns:
        (N,) float32, (ξ′ − ξ) / ξ with the entropies ξ before and ξ′ after; higher is better. NaN
        for a heatmap that is constant before.

    Raises:
        TypeError, ValueError: If arguments do not fit, or if the method does not return one
            heatmap per image.

    >>> import kerascnn as kc
    >>> model, images = kc.build_lenet5(weights="mnist"), kc.datasets.load("digits").test[0][:2]
    >>> blind = lambda model, images, target: images[..., 0]  # ignores the model
    >>> kc.visualize.metrics.efficient_mprt(model, images, blind).tolist()
    [0.0, 0.0]
    """
    check_method(method)
    check_count("bins", bins, least=2)
    check_count("seed", seed, least=0)
    question = ask(model, images, target)
    explained = predicted_classes(question) if target is None else target
    copy = Forgetful(model, question.images, seed)
    before = _entropies(maps_by(method, copy.model, images, explained, len(question)), bins)
    for name in copy.names:
        copy.forget(name)
    after = _entropies(maps_by(method, copy.model, images, explained, len(question)), bins)
    rise = np.full(len(question), np.nan)
    np.divide(after - before, before, out=rise, where=before > 0)
    return rise.astype("float32")


def _entropies(maps: np.ndarray, bins: int) -> np.ndarray:
    """Compute the discrete entropy of each heatmap, in nats."""
    return np.array([entropy(np.histogram(one, bins=bins)[0]) for one in maps])
