"""Integrated gradients (Sundararajan et al. 2017, arXiv:1703.01365)."""

from collections.abc import Sequence

import keras
import numpy as np
from keras import ops

from kerascnn._checks import check_count
from kerascnn._errors import unknown
from kerascnn._graph import Graph, Tensor
from kerascnn._progress import progress

from ._engine.answers import scores_of, with_predicted_classes
from ._engine.batches import in_sums
from ._engine.contributions import Contributions, check_baseline, contributions
from ._engine.images import Images, is_kept
from ._engine.question import ask
from ._engine.scores import gradients_at_points, kept
from ._engine.targets import Target


def integrated_gradients(
    model: keras.Model,
    images: Images,
    target: Target = None,
    *,
    baseline: np.ndarray | Sequence[np.ndarray | float | None] | float | None = None,
    steps: int = 50,
    rule: str = "gauss_legendre",
    batch_size: int = 8,
    verbose: bool | str = "auto",
) -> Contributions:
    """Attribute the difference in a class's score between an image and a baseline to the pixels.

        (x − x′) · ∫ ∂F(x′ + α(x − x′))/∂x dα, α from 0 to 1

    Works with any functional or sequential Keras model, including nested models. The score F of a
    class is its logit.

    Limitations: the result depends on the baseline x′. Pixels that equal the baseline, such as
    black pixels for a black baseline, contribute nothing, even if the network uses them.

    Args:
        model: any functional or sequential `keras.Model`.
        images: (N, H, W, C) float, in the range the model was trained on. For several inputs,
            a list of arrays, or a dict of arrays by the inputs' names.
        target: as for `saliency`; `None`: the predicted class.
        baseline: an image without evidence, (H, W, C), one baseline per image, (N, H, W, C), or a
            number; for several inputs, a list or dict with one of these for each. It must be
            preprocessed like the images: black is not 0 if a mean is subtracted. `None`: 0.
            Inputs of whole numbers, such as indices of words, are kept and contribute 0.
        steps: number of points of the Gauss-Legendre rule, or intervals of the trapezoid rule; each
            takes a forward and a backward pass.
        rule: "gauss_legendre", exact for polynomials; or "trapezoid", which includes the endpoints.
            At a black baseline, ReLUs without bias have no gradient, so it misses half a step.
        batch_size: number of images per batch; smaller batches need less memory.
        verbose: whether to show a progress bar; "auto": in a terminal or notebook.

    Returns:
        `Contributions` with `attributions`, (N, H, W, C) float32, signed, or for several inputs a
        list or dict of arrays, and `gap`, (N,), the difference between their sum and F(x) − F(x′).

    Raises:
        TypeError, ValueError: If images, target, baseline or options do not fit.

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
    baselines = check_baseline(model, baseline, arrays)
    question = with_predicted_classes(question, batch_size)

    def integrals(graph: Graph, *tensors: Tensor) -> list:
        *inputs, classes, alphas, weights = tensors
        pairs = list(zip(inputs[: len(inputs) // 2], inputs[len(inputs) // 2 :], strict=True))
        path = [  # (N, steps, H, W, C)
            kept(x, alphas) if is_kept(x) else _between(start, x, alphas) for x, start in pairs
        ]
        grads = gradients_at_points(graph, path, classes, score)
        return [ops.sum(_beside(weights, g) * g, axis=1) for g in grads]

    points = [values.astype("float32") for values in RULES[rule](steps)]
    of_images = [*arrays, *baselines, question.classes]
    step = question.step(("integrated_gradients",), integrals, [*of_images, *points])
    at_once = question.at_once(batch_size)
    with progress("Integrated gradients", len(points[0]) * len(question), verbose) as advance:
        means = in_sums(step, of_images, points, at_once, advance)
    attributions = [
        mean if is_kept(x) else (x - start) * mean
        for x, start, mean in zip(arrays, baselines, means, strict=True)  # Eq. 1
    ]
    of_baselines = question.with_images(baselines)
    difference = scores_of(question, batch_size=batch_size) - scores_of(
        of_baselines, batch_size=batch_size
    )
    return contributions(model, attributions, difference)  # Proposition 1: completeness


def gauss_legendre(steps: int) -> tuple[np.ndarray, np.ndarray]:
    """Return points α in (0, 1) and weights, exact for polynomials of degree 2·steps − 1."""
    points, weights = np.polynomial.legendre.leggauss(steps)
    return (points + 1) / 2, weights / 2  # from [−1, 1]


def trapezoid(steps: int) -> tuple[np.ndarray, np.ndarray]:
    """Return steps + 1 points α from 0 to 1 and their weights, halved at both ends."""
    weights = np.full(steps + 1, 1 / steps)
    weights[[0, -1]] /= 2
    return np.linspace(0, 1, steps + 1), weights


RULES = {"gauss_legendre": gauss_legendre, "trapezoid": trapezoid}


def _beside(values: Tensor, x: Tensor) -> Tensor:
    """Reshape one value per point, (steps,), to multiply x, (N, steps, H, W, C)."""
    return ops.cast(ops.reshape(values, (-1, *(1 for _ in x.shape[2:]))), x.dtype)


def _between(start: Tensor, end: Tensor, alphas: Tensor) -> Tensor:
    """Return the points x′ + α(x − x′) on the path from a baseline to an image."""
    start, end = ops.expand_dims(start, 1), ops.expand_dims(end, 1)
    return start + _beside(alphas, end) * (end - start)
