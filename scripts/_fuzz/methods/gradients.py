"""Activations, and methods based on gradients with respect to images or weights."""

import keras
import numpy as np
import tensorflow as tf

from _fuzz.methods.common import (
    choose_layer,
    is_kept,
    layers_of,
    method,
    numbers,
    of_difference,
    options,
    pairs,
)
from kerascnn import visualize


@method
def activations(case):
    """The outputs of layers."""
    chosen = [choose_layer(case) for _ in range(case.rng.integers(1, 4))]
    values = case.plain().values
    ours = visualize.activations(
        case.model, case.images, [name for _, name in chosen], **options(case)
    )
    path, name = chosen[0]
    one = visualize.activations(case.model, case.images, name, **options(case))
    made = [("one", one, numbers(values[path]))]
    for path, _name in chosen:
        full = next(n for p, _, n in layers_of(case.net) if p == path)
        made.append((full, ours[full], numbers(values[path])))
    return made


def input_gradients(case, arrays=None, rule="gradient", classes=None):
    """Compute the scores and, for each input, their gradients."""
    plain = case.plain(arrays, rule)
    score = case.score(plain, classes)
    grads = plain.gradients(score, plain.inputs)
    return score, [numbers(g, x) for g, x in zip(grads, plain.inputs, strict=True)]


@method
def saliency(case):
    """The gradient, and its maximum or mean over the channels."""
    ours = visualize.saliency(case.model, case.images, case.given, reduce=None, **options(case))
    theirs = input_gradients(case)[1]
    made = pairs("gradient", ours, theirs)
    values = case.plain().values.values()
    how = str(case.rng.choice(["max", "mean"]))
    reduced = visualize.saliency(case.model, case.images, case.given, reduce=how, **options(case))
    reduced = reduced if isinstance(reduced, list) else [reduced]
    for i, (ours, gradient) in enumerate(zip(reduced, theirs, strict=True)):
        size = np.abs(gradient)
        # Images and volumes have no channels if the model gives them an axis for them.
        bare = size.ndim == 3 or (size.ndim == 4 and any(v.shape.rank > 4 for v in values))
        if size.ndim > 2 and (ours.ndim < size.ndim or not bare):
            size = getattr(size, how)(axis=-1)
        made.append((f"{how} {i}", ours, size))
    return made


@method
def smooth_grad(case):
    """The mean of gradients at noisy images, and their variance."""
    samples, noise, seed = int(case.rng.integers(2, 5)), 0.2, int(case.rng.integers(9))
    absolute, variance = bool(case.rng.integers(2)), bool(case.rng.integers(2))
    ours = visualize.smooth_grad(
        case.model, case.images, case.given, samples=samples, noise=noise, seed=seed,
        absolute=absolute, variance=variance, reduce=None, **options(case),
    )  # fmt: skip
    classes = None if callable(case.target) else case.classes()
    inputs, found = len(case.arrays), []
    for s in range(samples):
        noisy = []
        for i, x in enumerate(case.arrays):
            epsilon = tf.random.stateless_normal(x.shape[1:], [seed, s * inputs + i], alg="philox")
            axes = tuple(range(1, x.ndim))
            sigma = noise * (x.max(axis=axes, keepdims=True) - x.min(axis=axes, keepdims=True))
            noisy.append(x if is_kept(x) else (x + sigma * epsilon.numpy()).astype(x.dtype))
        found.append(input_gradients(case, noisy, classes=classes)[1])
    ours, made = ours if isinstance(ours, list) else [ours], []
    for i, (mine, grads) in enumerate(zip(ours, zip(*found, strict=True), strict=True)):
        grads = np.stack(grads).astype("float64")
        grads = np.abs(grads) if absolute else grads
        if variance:  # if the gradient is constant, it is only rounding
            least = 0.01 * np.square(grads).mean(axis=0)
            made.append((f"variance {i}", np.float32(mine + least), grads.var(axis=0) + least))
        else:
            made.append((f"mean {i}", mine, grads.mean(axis=0)))
    return made


@method
def integrated_gradients(case):
    """The integral of the gradient, by the Gauss-Legendre or the trapezoid rule."""
    steps, rule = (
        int(case.rng.integers(2, 5)),
        str(case.rng.choice(["gauss_legendre", "trapezoid"])),
    )
    start = float(case.rng.choice([0.0, 0.5]))
    ours = visualize.integrated_gradients(
        case.model, case.images, case.given, baseline=start, steps=steps, rule=rule, **options(case)
    )
    if rule == "trapezoid":
        alphas = np.linspace(0, 1, steps + 1)
        weights = np.array([0.5, *[1] * (steps - 1), 0.5]) / steps
    else:
        alphas, weights = np.polynomial.legendre.leggauss(steps)
        alphas, weights = (alphas + 1) / 2, weights / 2
    classes = None if callable(case.target) else case.classes()
    total = [0.0] * len(case.arrays)
    for alpha, weight in zip(alphas, weights, strict=True):
        points = [
            x if is_kept(x) else (start + alpha * (x - start)).astype(x.dtype) for x in case.arrays
        ]
        grads = input_gradients(case, points, classes=classes)[1]
        total = [t + weight * g for t, g in zip(total, grads, strict=True)]
    theirs = [(x - start) * t for x, t in zip(case.arrays, total, strict=True)]
    baselines = [x if is_kept(x) else np.full_like(x, start) for x in case.arrays]
    scores = [case.score(case.plain(arrays), classes) for arrays in (None, baselines)]
    whole = sum(t.sum(axis=tuple(range(1, t.ndim))) for t in theirs)
    made = pairs("attributions", ours.attributions, theirs)
    made.append(of_difference("sum less gap", whole - ours.gap, *scores, level=np.abs(whole)))
    return made


@method
def guided_backprop(case):
    """The gradient, with only positive values passed back at each ReLU."""
    ours = visualize.guided_backprop(case.model, case.images, case.given, **options(case))
    return pairs("guided", ours, input_gradients(case, rule="guided")[1])


@method
def deconvnet(case):
    """The strongest activation, passed back with max(R, 0) at each ReLU."""
    path, name = choose_layer(case)
    value = case.plain(rule="deconvnet").values[path]
    unit = None
    if case.rng.random() < 0.5:
        unit = int(case.rng.integers(value.shape[-1]))
    ours = visualize.deconvnet(case.model, case.images, name, unit=unit, **options(case))
    maps = numbers(value)
    only = np.zeros_like(maps)
    for n, own in enumerate(maps):
        seen = own if unit is None else np.where(np.arange(own.shape[-1]) == unit, own, -np.inf)
        place = np.unravel_index(seen.argmax(), own.shape)
        only[(n, *place)] = own[place]
    plain = case.plain(rule="deconvnet")
    grads = plain.tape.gradient(value, plain.inputs, output_gradients=tf.cast(only, value.dtype))
    theirs = [numbers(g, x) for g, x in zip(grads, plain.inputs, strict=True)]
    return pairs(f"deconvnet at {name}", ours, theirs)


@method
def weight_gradients(case):
    """The gradient of a loss with respect to the weights."""
    weights = [case.rng.normal(size=x.shape[1:]).astype("float32") for x in case.ends()]

    def loss(outputs):
        return sum(
            tf.reduce_mean(tf.cast(y, "float32") * w)
            for y, w in zip(keras.tree.flatten(outputs), weights, strict=True)
        )

    ours = visualize.weight_gradients(case.model, case.images, loss)
    plain = case.plain()
    with plain.tape:
        value = loss(case.packed(plain.outputs))
    of = case.model.trainable_weights
    grads = plain.gradients(value, [v.value for v in of])
    return [(v.path, mine, numbers(g, v)) for v, mine, g in zip(of, ours, grads, strict=True)]
