"""Methods that generate images: their first step."""

import numpy as np
import tensorflow as tf

from _fuzz.methods.common import SkipError, choose_layer, method, numbers, pictures_of
from kerascnn import visualize


def first_of_adam(gradient):
    """Compute the first step of gradient ascent: Kingma & Ba 2014, section 2, with moments of 0."""
    return 0.05 * gradient / (np.abs(gradient) + 1e-8 / np.sqrt(1 - 0.999))


@method
def maximize_activation(case):
    """The first step from noise."""
    _place, images = pictures_of(case)
    if len(case.arrays) > 1:
        raise SkipError("several inputs")
    size, seed = images.shape[1:], int(case.rng.integers(9))
    seen = []
    common = {
        "steps": 1, "parameters": "pixels", "moves": None, "seed": seed,
        "preprocessing": "0-255" if case.net.bright else "0-1", "verbose": False,
        "callback": lambda step, pictures, scores: seen.append(scores),
    }  # fmt: skip
    factor = 255.0 if case.net.bright else 1.0

    def start(n, i=0):
        rng = np.random.default_rng([seed, n, i])
        return np.clip(0.5 + 0.01 * rng.standard_normal(size), 0, 1).astype("float32")

    if case.has_classes and case.rng.random() < 0.5:
        wanted = [0, 1]
        pictures = visualize.maximize_activation(case.model, wanted, **common)
        begun = np.stack([start(n) for n in wanted])
        plain = case.plain([factor * begun])
        with plain.tape:
            table = case.table(plain.logits[0], tf.negative)
            score = tf.gather(table, wanted, axis=1, batch_dims=1)
    else:
        path, name = choose_layer(case)
        units = case.plain().values[path].shape[-1]
        wanted = [int(n) for n in case.rng.choice(units, min(units, 2), replace=False)]
        pictures = visualize.maximize_activation(case.model, layer=name, units=wanted, **common)
        begun = np.stack([start(n) for n in wanted])
        plain = case.plain([factor * begun])
        with plain.tape:
            maps = plain.before(path)
            maps = tf.reshape(maps, (len(wanted), -1, units))
            score = tf.gather(tf.reduce_mean(maps, axis=1), wanted, axis=1, batch_dims=1)
    made = [("scores", seen[0], numbers(score))]
    grad = plain.gradients(score, plain.inputs)[0]
    assert grad is not None, "no gradient in the plain computation"
    grad = factor * numbers(grad)  # by pictures in [0, 1], as Adam sees it
    clear = np.abs(grad) > 0.02 * np.abs(grad).max(axis=(1, 2, 3), keepdims=True)
    clear &= np.abs(grad) > 1e-4
    clear &= numbers(score)[:, None, None, None] != 0  # a silent unit's gradient is redirected
    if case.half:
        return made
    step = np.where(clear, first_of_adam(grad), 0)
    moved = np.where(clear, pictures - begun, 0)
    inside = (begun + step > 0) & (begun + step < 1)
    return [*made, ("step", np.where(inside, moved, 0), np.where(inside, step, 0))]


def picture_of(case):
    """Return images in [0, 1] for a model with one input, and the factor to the model's range."""
    _place, images = pictures_of(case)
    if len(case.arrays) > 1:
        raise SkipError("several inputs")
    factor = 255.0 if case.net.bright else 1.0
    return np.clip(images / factor, 0, 1).astype("float32"), factor


def ascended(case):
    """Return the options that the methods based on gradient ascent share."""
    return {"preprocessing": "0-255" if case.net.bright else "0-1", "verbose": False}


def maps_layer(case):
    """Choose a layer with maps of images; see `choose_layer`."""
    return choose_layer(case, lambda value: len(value.shape) == 4)


@method
def deep_dream(case):
    """One step along the gradient of half the mean square of a layer."""
    images, factor = picture_of(case)
    path, name = maps_layer(case)
    size, scores = float(case.rng.uniform(1, 5)), []
    ours = visualize.deep_dream(
        case.model, images, name, octaves=1, steps=1, step_size=size, jitter=0,
        callback=lambda step, pictures, values: scores.append(values), **ascended(case),
    )  # fmt: skip
    plain = case.plain([factor * images])
    with plain.tape:
        maps = tf.cast(plain.values[path], "float32")
        score = tf.reduce_mean(maps**2, axis=(1, 2, 3)) / 2
    made = [(f"energy of {name}", scores[0], numbers(score))]
    slope = numbers(plain.gradients(score, plain.inputs)[0], images)
    mean = np.abs(slope).mean(axis=(1, 2, 3), keepdims=True)
    if case.half or (mean < 1e-8).any():  # too small to divide by
        return made
    return [*made, ("step", ours, np.clip(images + size / 255 * slope / mean, 0, 1))]


@method
def invert_features(case):
    """The distance between the maps of noise and of the images, and the first step of Adam."""
    images, factor = picture_of(case)
    path, name = choose_layer(case)
    seed, errors = int(case.rng.integers(9)), []
    ours = visualize.invert_features(
        case.model, images, name, steps=1, total_variation=0, seed=seed,
        callback=lambda step, pictures, values: errors.append(values), **ascended(case),
    )  # fmt: skip
    noise = np.random.default_rng(seed).standard_normal((1, *images.shape[1:]))
    start = np.clip(0.5 + 0.01 * noise, 0, 1).astype("float32").repeat(len(images), axis=0)
    target = numbers(case.plain([factor * images]).values[path])
    plain, axes = case.plain([factor * start]), tuple(range(1, target.ndim))
    size = np.square(target).sum(axis=axes) + 1e-12
    with plain.tape:
        gap = tf.cast(plain.values[path], "float32") - target
        error = tf.reduce_sum(gap**2, axis=axes) / size
    if (size < 1e-6).any():
        raise SkipError("no activations")
    made = [(f"distance at {name}", errors[0], numbers(error))]
    slope = plain.gradients(error, plain.inputs)[0]
    if case.half or slope is None:
        return made
    slope = factor * numbers(slope)  # by images in [0, 1], as Adam sees it
    clear = np.abs(slope) > np.maximum(
        0.02 * np.abs(slope).max(axis=(1, 2, 3), keepdims=True), 1e-4
    )
    step = np.where(clear, -first_of_adam(slope), 0)
    return [*made, ("step", np.where(clear, ours - start, 0), step)]


@method
def style_transfer(case):
    """The losses of the content image before the first step."""
    images, factor = picture_of(case)
    path, name = maps_layer(case)
    other = case.rng.random(images.shape).astype("float32")
    losses = []
    visualize.style_transfer(
        case.model, images[:1], other[:1], content_layers=name, style_layers=name, steps=1,
        optimizer="adam", pooling="max", content_weight=2.0, style_weight=3.0, start=other[:1] / 2,
        callback=lambda step, picture, values: losses.append(values), **ascended(case),
    )  # fmt: skip
    content, style, begun = (
        numbers(case.plain([factor * x[:1]]).values[path])[0] for x in (images, other, other / 2)
    )

    def gram(maps):
        rows = maps.reshape(-1, maps.shape[-1]).astype("float64")
        return rows.T @ rows / len(rows)

    channels = content.shape[-1]
    expected = [
        2 * np.square(begun - content).mean() / 2,
        3 * np.square(gram(begun) - gram(style)).sum() / (4 * channels**2),
    ]
    found = [losses[0]["content"], losses[0]["style"]]
    return [
        (f"{kind} at {name}", np.float32([ours]), np.float32([theirs]))
        for kind, ours, theirs in zip(("content", "style"), found, expected, strict=True)
    ]
