"""Methods that distribute the score, or a difference of scores, over the pixels."""

import numpy as np
from scipy.ndimage import gaussian_filter

from _fuzz.methods.common import (
    is_kept,
    method,
    numbers,
    of_difference,
    options,
    pairs,
    pictures_of,
)
from _fuzz.methods.gradients import input_gradients
from _fuzz.methods.perturbation import which
from kerascnn import visualize

HAVE_BIAS = ("bias", "beta", "moving_mean", "mean")


def one_or_all(arrays):
    """Return what a method returns for one input, or for several."""
    return arrays if len(arrays) > 1 else arrays[0]


def total_of(attributions):
    """What attributions of all inputs sum to, for each image."""
    several = attributions if isinstance(attributions, list) else [attributions]
    return sum(a.sum(axis=tuple(range(1, a.ndim)), dtype="float64") for a in several)


@method
def expected_gradients(case):
    """The gradient between random images of a set and the image."""
    samples, seed = int(case.rng.integers(1, 4)), int(case.rng.integers(9))
    starts = [np.zeros((1, *x.shape[1:]), x.dtype) for x in case.arrays]
    ours = visualize.expected_gradients(
        case.model, case.images, case.given, baselines=one_or_all(starts), samples=samples,
        seed=seed, **options(case),
    )  # fmt: skip
    classes = None if callable(case.target) else case.classes()
    draws, total = np.random.default_rng(seed), [0.0] * len(case.arrays)
    for _ in range(samples):
        draws.permutation(1)
    for alpha in draws.random(samples, "float32"):
        points = [x if is_kept(x) else alpha * x for x in case.arrays]
        grads = input_gradients(case, points, classes=classes)[1]
        total = [t + g / samples for t, g in zip(total, grads, strict=True)]
    return pairs(
        "attributions",
        ours.attributions,
        one_or_all([x * g for x, g in zip(case.arrays, total, strict=True)]),
    )


@method
def blur_integrated_gradients(case):
    """The integral of the gradient along images that are blurred less and less."""
    place, images = pictures_of(case)
    ours = visualize.blur_integrated_gradients(
        case.model, case.images, case.given, sigma=1.5, steps=2, **which(case, place),
        **options(case),
    )  # fmt: skip
    classes = None if callable(case.target) else case.classes()
    path = [gaussian_filter(images, (0, s, s, 0), mode="reflect") for s in (1.5, 0.75)]
    path, grads, total = [*path, images], [], 0
    for point in path:
        arrays = [*case.arrays[:place], point, *case.arrays[place + 1 :]]
        grads.append(input_gradients(case, arrays, classes=classes)[1][place])
    for i in (0, 1):
        total = total + (path[i + 1] - path[i]) * (grads[i] + grads[i + 1]) / 2
    return [("attributions", ours.attributions, total)]


@method
def gradient_times_input(case):
    """The gradient times the image, and what its sum lacks of the score."""
    ours = visualize.gradient_times_input(case.model, case.images, case.given, **options(case))
    score, grads = input_gradients(case)
    products = [x * g for x, g in zip(case.arrays, grads, strict=True)]
    whole = sum(p.sum(axis=tuple(range(1, p.ndim))) for p in products)
    return [
        *pairs("products", ours.attributions, one_or_all(products)),
        ("sum less gap", np.float32(whole - ours.gap), numbers(score)),
    ]


@method
def deep_lift(case):
    """The contributions sum to the difference in score."""
    ours = visualize.deep_lift(case.model, case.images, case.given, baseline=0.3, **options(case))
    classes = None if callable(case.target) else case.classes()
    baselines = [x if is_kept(x) else np.full_like(x, 0.3) for x in case.arrays]
    scores = [case.score(case.plain(arrays), classes) for arrays in (None, baselines)]
    return [of_difference("difference", total_of(ours.attributions), *scores)]


@method
def lrp(case):
    """Where the gradient times the image sums to the score, LRP-0 is that; other rules are finite.

    Euler's theorem: so it is where all is linear or a ReLU, without biases.
    """
    plain = [v for v in case.model.variables if v.path.rpartition("/")[-1] in HAVE_BIAS]
    before = [v.numpy() for v in plain]
    try:
        for v in plain:
            v.assign(np.zeros(v.shape))
        case._plain = {}
        ours = visualize.lrp(case.model, case.images, case.given, composite="zero", **options(case))
        score, grads = input_gradients(case)
        products = [x * g for x, g in zip(case.arrays, grads, strict=True)]
        euler = np.abs(total_of(products) - numbers(score)) <= 1e-3 * np.abs(numbers(score))
        made = [
            ("sum less gap", np.float32(total_of(ours.attributions) - ours.gap), numbers(score))
        ]
        integers = any(x.dtype.kind == "i" for x in case.arrays)
        if euler.all() and not case.half and not integers:
            made += pairs("LRP-0", ours.attributions, one_or_all(products))
        for composite in ("epsilon_plus", "epsilon_gamma_box"):
            found = visualize.lrp(
                case.model, case.images, case.given, composite=composite, bounds=(-300, 300),
                **options(case),
            )  # fmt: skip
            whole = np.float32(total_of(found.attributions) - found.gap)
            made.append((f"{composite}, sum less gap", whole, numbers(score)))
        return made
    finally:
        for v, values in zip(plain, before, strict=True):
            v.assign(values)
        case._plain = {}
