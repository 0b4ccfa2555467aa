"""Sensitivity of heatmaps to small changes of the image (Yeh et al. 2019, arXiv:1901.09392)."""

from collections.abc import Callable

import keras
import numpy as np

from kerascnn._checks import check_count, check_number
from kerascnn._progress import progress
from kerascnn.visualize._engine.answers import predicted_classes
from kerascnn.visualize._engine.heatmaps import check_method, maps_by
from kerascnn.visualize._engine.images import Images, one_or_all
from kerascnn.visualize._engine.noise import extents, in_type_of
from kerascnn.visualize._engine.question import ask
from kerascnn.visualize._engine.targets import Target


def sensitivity_max(
    model: keras.Model,
    images: Images,
    method: Callable,
    *,
    target: Target = None,
    radius: float = 0.02,
    samples: int = 10,
    original: np.ndarray | None = None,
    seed: int = 0,
    verbose: bool | str = "auto",
) -> np.ndarray:
    """Compute the largest relative change of a heatmap in a small neighborhood of the image.

        max over δ of ‖Φ(x + δ) − Φ(x)‖ / ‖Φ(x)‖, where no pixel of δ exceeds the radius

    The maximum is estimated from uniform samples of δ. As in the authors' code, it is divided by
    the norm of the heatmap; without that, it is SENS_MAX, Definition 3.1.

    Limitations: a method that ignores the image is the most stable of all.

    Args:
        model: any functional or sequential `keras.Model`.
        images: (N, H, W, C) float, in the range the model was trained on, or one array for each of
            several inputs, all of which change.
        method: callable from (model, images, target) to heatmaps (N, …), such as `grad_cam`.
        target: target passed to the method; `None`: the class predicted for the original image.
        radius: largest change of a pixel, as a fraction of the image's range, max − min. Images of
            whole numbers get whole numbers, between those of the image.
        samples: number of changed images; each takes a call of the method.
        original: (N, …) heatmaps of the images by this method, if they are known; `None`: they are
            computed.
        seed: seed of the changes, which are the same for all images.
        verbose: whether to show a progress bar; "auto": in a terminal or notebook.

    Returns:
        (N,) float32; NaN for a heatmap that is 0 everywhere.

    Raises:
        TypeError, ValueError: If arguments do not fit, or if the method does not return one
            heatmap per image.

    >>> import kerascnn as kc
    >>> model, images = kc.build_lenet5(weights="mnist"), kc.datasets.load("digits").test[0][:2]
    >>> blind = lambda model, images, target: 0 * images[..., 0] + 1  # ignores the image
    >>> kc.visualize.metrics.sensitivity_max(model, images, blind).tolist()
    [0.0, 0.0]
    """
    check_method(method)
    check_number("radius", radius)
    check_count("samples", samples)
    check_count("seed", seed, least=0)
    question = ask(model, images, target)
    explained = predicted_classes(question) if target is None else target
    count = len(question)
    if original is None:
        original = maps_by(method, model, images, explained, count)
    before = np.asarray(original)
    if before.dtype.kind not in "fiub" or not np.isfinite(before).all():
        raise ValueError(
            "original must be the method's heatmaps of the images, finite numbers; received "
            "NaN, infinity or another type."
        )
    largest = np.zeros(count)
    with progress("Sensitivity", samples, verbose) as advance:
        for sample in range(samples):
            moved = [
                in_type_of(x, x + extents(x) * _uniform(x.shape[1:], radius, (seed, sample, i)))
                for i, x in enumerate(question.images)
            ]
            maps = maps_by(method, model, one_or_all(model, moved), explained, count)
            if before.shape != maps.shape:
                raise ValueError(
                    f"original must be the method's heatmaps of the images, {maps.shape}; received "
                    f"{before.shape}."
                )
            change = np.linalg.norm((maps - before).reshape(count, -1), axis=1)
            largest = np.maximum(largest, change)
            advance()
    norms = np.linalg.norm(before.reshape(count, -1), axis=1)
    relative = np.full(count, np.nan)
    np.divide(largest, norms, out=relative, where=norms > 0)
    return relative.astype("float32")


def _uniform(shape: tuple, radius: float, key: tuple) -> np.ndarray:
    return np.random.default_rng(key).uniform(-radius, radius, shape).astype("float32")
