"""Integrated gradients (Sundararajan et al. 2017, arXiv:1703.01365)."""

from collections.abc import Sequence
from typing import NamedTuple

import keras
import numpy as np
from keras import ops

from kerascnn._checks import check_count
from kerascnn._errors import unknown
from kerascnn._graph import Graph
from kerascnn._progress import progress

from ._engine.answers import scores_of, with_predicted_classes
from ._engine.batches import in_sums
from ._engine.images import Images, one_or_all
from ._engine.question import ask
from ._engine.scores import gradients_at_points
from ._engine.targets import Target


class IntegratedGradients(NamedTuple):
    """What each value of an image contributes, and by how much the contributions miss the whole.

    Attributes:
        attributions: (N, H, W, C) float32, signed, in units of the score; for a model with
            several inputs a list, one for each.
        gap: (N,) float32, Σ attributions − (F(x) − F(x′)): 0 for the exact integral. Take more
            steps where it is not small beside the sum.
    """

    attributions: np.ndarray | list[np.ndarray]
    gap: np.ndarray


def integrated_gradients(
    model: keras.Model,
    images: Images,
    target: Target = None,
    *,
    baseline: np.ndarray | Sequence[np.ndarray] | float | None = None,
    steps: int = 50,
    rule: str = "gauss_legendre",
    batch_size: int = 8,
    verbose: bool | str = "auto",
) -> IntegratedGradients:
    """Divide the difference in a class's score between an image and a baseline among the pixels.

        (x − x′) · ∫ ∂F(x′ + α(x − x′))/∂x dα, α from 0 to 1

    Works on any functional or sequential Keras model, nested ones included; the score F of a class
    is its logit. The result depends on the baseline x′: what the image shares with it, black
    pixels for a black baseline, contributes nothing, however much the network looks at it.

    Args:
        model: any functional or sequential `keras.Model`.
        images: (N, H, W, C) float, in the range the model was trained on.
        target: as for `saliency`; `None`: the class predicted for the image.
        baseline: an image without evidence, (H, W, C), or one for each, (N, H, W, C), or a number;
            for several inputs a list. It is an input of the model: a black image must be
            preprocessed as the images were, and is not 0 where a mean is subtracted. `None`: 0.
        steps: points of the Gauss-Legendre rule, or intervals of the trapezoid rule; a forward and
            a backward pass each.
        rule: "gauss_legendre", exact for polynomials; or "trapezoid", which counts the ends too. At
            a black baseline ReLUs without bias have no gradient, so that it misses half a step.
        batch_size: number of images per batch; smaller batches need less memory.
        verbose: whether to show a progress bar; "auto": in a terminal or notebook.

    Returns:
        `attributions`, (N, H, W, C) float32, signed; and `gap`, (N,), by how much their sum misses
        F(x) − F(x′).

    Raises:
        TypeError, ValueError: images, target, baseline or options that do not fit.

    >>> import numpy as np, kerascnn as kc
    >>> model = kc.build_lenet5(weights="mnist")
    >>> result = kc.visualize.integrated_gradients(model, np.eye(28)[None, :, :, None], target=7)
    >>> result.attributions.shape, bool(abs(result.gap[0]) < 0.05 * abs(result.attributions.sum()))
    ((1, 28, 28, 1), True)
    """
    check_count("steps", steps)
    if rule not in RULES:
        raise unknown("rule", rule, list(RULES))
    question = ask(model, images, target)
    arrays, score = question.images, question.score
    baselines = _check_baseline(baseline, arrays)
    question = with_predicted_classes(question, batch_size)

    def integrals(graph: Graph, *tensors: object) -> list:
        *inputs, classes, alphas, weights = tensors
        pairs = list(zip(inputs[: len(inputs) // 2], inputs[len(inputs) // 2 :], strict=True))
        path = [_between(start, x, alphas) for x, start in pairs]  # (N, steps, H, W, C)
        grads = gradients_at_points(graph, path, classes, score)
        return [ops.sum(_beside(weights, g) * g, axis=1) for g in grads]

    points = [values.astype("float32") for values in RULES[rule](steps)]
    of_images = [*arrays, *baselines, question.classes]
    step = question.step(("integrated_gradients",), integrals, [*of_images, *points])
    at_once = question.at_once(batch_size)
    with progress("Integrated gradients", len(points[0]) * len(question), verbose) as advance:
        means = in_sums(step, of_images, points, at_once, advance)
    attributions = [
        (x - start) * mean
        for x, start, mean in zip(arrays, baselines, means, strict=True)  # Eq. 1
    ]
    of_baselines = question.with_images(baselines)
    difference = scores_of(question, batch_size=batch_size) - scores_of(
        of_baselines, batch_size=batch_size
    )
    whole = sum(a.sum(axis=tuple(range(1, a.ndim)), dtype="float64") for a in attributions)
    return IntegratedGradients(
        one_or_all([a.astype("float32") for a in attributions]),
        (whole - difference).astype("float32"),  # Proposition 1: completeness
    )


def gauss_legendre(steps: int) -> tuple[np.ndarray, np.ndarray]:
    """Points α in (0, 1) and their weights, exact for polynomials of degree 2·steps − 1."""
    points, weights = np.polynomial.legendre.leggauss(steps)
    return (points + 1) / 2, weights / 2  # from [−1, 1]


def trapezoid(steps: int) -> tuple[np.ndarray, np.ndarray]:
    """Points α from 0 to 1 and their weights: half ones at the ends; steps + 1 of them."""
    weights = np.full(steps + 1, 1 / steps)
    weights[[0, -1]] /= 2
    return np.linspace(0, 1, steps + 1), weights


RULES = {"gauss_legendre": gauss_legendre, "trapezoid": trapezoid}


def _beside(values: object, x: object) -> object:
    """A value for each point, (steps,), in a shape that multiplies x, (N, steps, H, W, C)."""
    return ops.cast(ops.reshape(values, (-1, *(1 for _ in x.shape[2:]))), x.dtype)


def _between(start: object, end: object, alphas: object) -> object:
    """The points x′ + α(x − x′) on the way from a baseline to an image."""
    start, end = ops.expand_dims(start, 1), ops.expand_dims(end, 1)
    return start + _beside(alphas, end) * (end - start)


def _check_baseline(baseline: object, arrays: Sequence[np.ndarray]) -> list[np.ndarray]:
    """One baseline for each input, in its images' shape."""
    given = baseline if isinstance(baseline, (list, tuple)) else [baseline] * len(arrays)
    if len(given) != len(arrays):
        raise ValueError(
            f"baseline must be one array for each of the model's {len(arrays)} input(s); "
            f"received {len(given)}."
        )
    baselines = []
    for start, x in zip(given, arrays, strict=True):
        start = np.asarray(0 if start is None else start)
        fits = start.ndim == 0 or start.shape in (x.shape, x.shape[1:], (1, *x.shape[1:]))
        if start.dtype.kind not in "fiu" or not fits:
            raise ValueError(
                f"baseline must be a number or have the images' shape, {x.shape} or "
                f"{x.shape[1:]}; received {start.dtype} of shape {start.shape}."
            )
        if not np.isfinite(start).all():
            raise ValueError("baseline must be finite; received NaN or infinity.")
        baselines.append(np.broadcast_to(start.astype(x.dtype), x.shape))
    return baselines
