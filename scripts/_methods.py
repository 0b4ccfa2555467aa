"""What each method of `kerascnn.visualize` should give, computed plainly from the papers.

A function of a case gives what is compared, as (what it is, what the method gives, what was
computed plainly).
"""

import warnings

import keras
import numpy as np
import tensorflow as tf

from kerascnn import visualize

METHODS = {}


class SkipError(Exception):
    """A method that does not go with a case."""


def method(function):
    """Put a function among the methods."""
    METHODS[function.__name__] = function
    return function


def numbers(tensor, like=None):
    """A tensor as an array; zeros where there is none."""
    if tensor is None:
        return np.zeros(like.shape, "float32")
    return np.asarray(tf.convert_to_tensor(tensor), "float32")  # also of an embedding's rows


def one_or_all(arrays):
    """As the methods return them."""
    return arrays if len(arrays) > 1 else arrays[0]


def pairs(what, ours, theirs):
    """One pair for each input."""
    if not isinstance(ours, list):
        ours, theirs = [ours], [theirs] if not isinstance(theirs, list) else theirs
    assert len(ours) == len(theirs), f"{len(ours)} arrays, {len(theirs)} inputs"
    return [(f"{what} {i}", a, b) for i, (a, b) in enumerate(zip(ours, theirs, strict=True))]


def options(case):
    """Random ones that all methods have."""
    return {"batch_size": int(case.rng.integers(1, 5)), "verbose": False}


# Layers


def layers_of(net, path=(), prefix=""):
    """The used steps of a net and of those within: path, step, how often it is called, name."""
    found = []
    calls = {}
    for i in sorted(net.used):
        if net.steps[i]:
            calls.setdefault(id(net.steps[i].operation), []).append(i)
    for i in sorted(net.used):
        step = net.steps[i]
        if step is None:
            continue
        same = calls[id(step.operation)]
        name = prefix + step.operation.name + f":{same.index(i)}" * (len(same) > 1)
        if step.inner:
            found += layers_of(step.inner, (*path, i), name + "/")
        else:
            found.append(((*path, i), step, name))
    return found


def choose_layer(case, accept=lambda value: True):
    """The path of a random layer, and what it is called."""
    values = case.plain().values
    fits = [x for x in layers_of(case.net) if x[0] in values and accept(values[x[0]])]
    if not fits:
        raise SkipError("no such layer")
    path, step, name = fits[case.rng.integers(len(fits))]
    alone = sum(s.operation is step.operation for _, s, _ in fits) == 1 and ":" not in name
    if alone and case.rng.random() < 0.3:
        return path, step.operation
    return path, name


def with_places(value):
    """Whether a tensor is maps."""
    return len(value.shape) > 2


@method
def activations(case):
    """What layers put out."""
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


# Gradients


def input_gradients(case, arrays=None, rule="gradient", classes=None):
    """The scores and, for each input, their gradients."""
    plain = case.plain(arrays, rule)
    score = case.score(plain, classes)
    grads = plain.gradients(score, plain.inputs)
    return score, [numbers(g, x) for g, x in zip(grads, plain.inputs, strict=True)]


@method
def saliency(case):
    """The gradient, and its largest over the channels."""
    ours = visualize.saliency(case.model, case.images, case.given, reduce=None, **options(case))
    theirs = input_gradients(case)[1]
    made = pairs("gradient", ours, theirs)
    how = str(case.rng.choice(["max", "mean"]))
    reduced = visualize.saliency(case.model, case.images, case.given, reduce=how, **options(case))
    reduced = reduced if isinstance(reduced, list) else [reduced]
    for i, (ours, gradient) in enumerate(zip(reduced, theirs, strict=True)):
        size = np.abs(gradient)
        if size.ndim > 3 or (size.ndim == 3 and ours.ndim == 2):
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
            noisy.append((x + sigma * epsilon.numpy()).astype(x.dtype))
        found.append(input_gradients(case, noisy, classes=classes)[1])
    ours, made = ours if isinstance(ours, list) else [ours], []
    for i, (mine, grads) in enumerate(zip(ours, zip(*found, strict=True), strict=True)):
        grads = np.stack(grads).astype("float64")
        grads = np.abs(grads) if absolute else grads
        if variance:  # which is rounding alone where the gradient does not vary
            least = 0.01 * np.square(grads).mean(axis=0)
            made.append((f"variance {i}", np.float32(mine + least), grads.var(axis=0) + least))
        else:
            made.append((f"mean {i}", mine, grads.mean(axis=0)))
    return made


@method
def integrated_gradients(case):
    """The integral of the gradient, by Gauss and Legendre or by trapezoids."""
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
        points = [(start + alpha * (x - start)).astype(x.dtype) for x in case.arrays]
        grads = input_gradients(case, points, classes=classes)[1]
        total = [t + weight * g for t, g in zip(total, grads, strict=True)]
    theirs = [(x - start) * t for x, t in zip(case.arrays, total, strict=True)]
    baselines = [np.full_like(x, start) for x in case.arrays]
    change = case.score(case.plain(), classes) - case.score(case.plain(baselines), classes)
    whole = sum(t.sum(axis=tuple(range(1, t.ndim))) for t in theirs)
    made = pairs("attributions", ours.attributions, theirs)
    return [*made, ("sum less gap", np.float32(whole - ours.gap), numbers(change))]


@method
def guided_backprop(case):
    """The gradient, positive behind each ReLU."""
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
    grads = plain.tape.gradient(value, plain.inputs, output_gradients=tf.constant(only))
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


# Maps


def at_layer(case, accept=with_places):
    """A layer, its maps and the gradient of the score there."""
    path, name = choose_layer(case, accept)
    plain = case.plain()
    maps = plain.values[path]
    grads = plain.gradients(case.score(plain), maps)
    return name, numbers(maps), None if grads is None else numbers(grads)


def of_maps(function, equation):
    """Compare a method for maps with its equation."""

    def compare(case):
        name, maps, grads = at_layer(case)
        ours = function(case.model, case.images, case.given, name, **options(case))
        assert grads is not None, "no gradient, plainly"
        places = tuple(range(1, maps.ndim - 1))
        return [(f"heatmap at {name}", ours, equation(maps, grads, places))]

    compare.__name__ = function.__name__
    return method(compare)


def of_grad_cam(maps, grads, places):
    """Selvaraju 2017, Eq. 1 and 2."""
    return np.maximum((grads.mean(axis=places, keepdims=True) * maps).sum(axis=-1), 0)


def of_plus_plus(maps, grads, places):
    """Chattopadhay 2018, Eq. 19, 7 and 1, without the factor exp(S)."""
    total = maps.sum(axis=places, keepdims=True)
    below = 2 * grads**2 + total * grads**3
    alpha = np.where(grads != 0, grads**2 / np.where(below == 0, 1, below), 0)
    alpha = np.where(below == 0, 0, alpha)
    weights = (alpha * np.maximum(grads, 0)).sum(axis=places, keepdims=True)
    return np.maximum((weights * maps).sum(axis=-1), 0)


of_maps(visualize.grad_cam, of_grad_cam)
of_maps(visualize.grad_cam_plus_plus, of_plus_plus)
of_maps(
    visualize.layer_cam,
    lambda maps, grads, _: np.maximum((np.maximum(grads, 0) * maps).sum(axis=-1), 0),
)
of_maps(visualize.hires_cam, lambda maps, grads, _: (grads * maps).sum(axis=-1))


@method
def default_layer(case):
    """All that the images say passes through it."""
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        ours = visualize.activations(case.model, case.images, **options(case))
    values = case.plain().values
    rounding = 0.1 if case.half else 1e-4
    same = [
        path
        for path, _, _ in layers_of(case.net)
        if values[path].shape == ours.shape
        and np.allclose(numbers(values[path]), ours, atol=rounding * np.abs(ours).max())
    ]
    made = [("a layer's output", np.array(bool(same)), np.array(True))]
    if any("through which all" in str(each.message) for each in said) or not same:
        return made
    rank = max(x.ndim for x in case.arrays)
    ways = []
    for path in same:
        plain = case.plain(cut=path)
        images = [x for x in plain.inputs if len(x.shape) == rank]
        of = plain.logits[0]
        ways.append(any(g is not None for g in plain.tape.gradient(of, images)))
    return [*made, ("a way around it", np.array(all(ways)), np.array(False))]


@method
def guided_grad_cam(case):
    """Guided backpropagation times Grad-CAM, enlarged."""
    name, maps, grads = at_layer(case, lambda value: len(value.shape) == 4)
    ours = visualize.guided_grad_cam(case.model, case.images, case.given, name, **options(case))
    assert grads is not None, "no gradient, plainly"
    heatmap = of_grad_cam(maps, grads, (1, 2))
    theirs = []
    for guided in input_gradients(case, rule="guided")[1]:
        if guided.ndim == 4:
            large = tf.image.resize(heatmap[..., None], guided.shape[1:3], "bilinear").numpy()
            guided = guided * large
        theirs.append(guided)
    return pairs(f"guided at {name}", ours, theirs)


# Perturbation


def pictures_of(case):
    """The place of an input of pictures, and the pictures."""
    places = [i for i, x in enumerate(case.arrays) if x.ndim == 4]
    if not places:
        raise SkipError("no picture")
    place = int(case.rng.choice(places))
    return place, case.arrays[place]


def which(case, place):
    """The option that chooses the input, where it is needed."""
    alone = sum(x.ndim == 4 for x in case.arrays) == 1
    if alone and case.rng.random() < 0.7:
        return {}
    return {"input": place if case.rng.random() < 0.5 else case.model.inputs[place].name}


def scores_of(case, place, images, *, probability=False):
    """Of changed images; the classes are those of the images as they were."""
    classes = None if callable(case.target) else case.classes()
    arrays = [*case.arrays[:place], images, *case.arrays[place + 1 :]]
    return numbers(case.score(case.plain(arrays), classes, probability=probability))


@method
def occlusion(case):
    """The drop of the score where a patch covers the image."""
    place, images = pictures_of(case)
    height, width = images.shape[1:3]
    size = [int(case.rng.integers(2, min(n, 6) + 1)) for n in (height, width)]
    stride = [int(case.rng.integers(max(1, n - 2), n + 1)) for n in size]
    probability = bool(case.rng.integers(2))
    fill = None if case.rng.random() < 0.5 else 0.25
    ours = visualize.occlusion(
        case.model, case.images, case.given, size=tuple(size), stride=tuple(stride), fill=fill,
        probability=probability, **which(case, place), **options(case),
    )  # fmt: skip
    gray = images.mean(axis=(1, 2), keepdims=True) if fill is None else fill
    whole = scores_of(case, place, images, probability=probability)
    total, count = np.zeros((2, *images.shape[:3]))
    for y in dict.fromkeys([*range(0, height - size[0], stride[0]), height - size[0]]):
        for x in dict.fromkeys([*range(0, width - size[1], stride[1]), width - size[1]]):
            covered = images.copy()
            covered[:, y : y + size[0], x : x + size[1]] = gray
            drop = whole - scores_of(case, place, covered, probability=probability)
            total[:, y : y + size[0], x : x + size[1]] += drop[:, None, None]
            count[:, y : y + size[0], x : x + size[1]] += 1
    level = whole[:, None, None] * case.half  # beside which a small drop is rounding
    return [("drop", np.float32(ours + level), total / count + level)]


@method
def score_cam(case):
    """Maps, weighed by the scores of images that they let through."""
    place, images = pictures_of(case)
    path, name = choose_layer(case, lambda v: len(v.shape) == 4 and v.shape[-1] <= 8)
    probability = bool(case.rng.integers(2))
    ours = visualize.score_cam(
        case.model, case.images, case.given, name, probability=probability,
        **which(case, place), **options(case),
    )  # fmt: skip
    maps = numbers(case.plain().values[path])
    black = scores_of(case, place, np.zeros_like(images), probability=probability)
    increase = []
    for k in range(maps.shape[-1]):
        up = tf.image.resize(maps[..., k, None], images.shape[1:3], "bilinear").numpy()
        low, high = (f(up, axis=(1, 2), keepdims=True) for f in (np.min, np.max))
        shown = images * (up - low) / np.where(high > low, high - low, 1)
        increase.append(scores_of(case, place, shown, probability=probability) - black)
    increase = np.stack(increase, axis=1)
    alpha = np.exp(increase - increase.max(axis=1, keepdims=True))
    alpha /= alpha.sum(axis=1, keepdims=True)
    return [(f"at {name}", ours, np.maximum(np.einsum("nk,nhwk->nhw", alpha, maps), 0))]


@method
def deletion_insertion(case):
    """The probability while pixels go and come."""
    place, images = pictures_of(case)
    heatmaps = case.rng.random(images.shape[:3]).astype("float32")
    steps, probability = int(case.rng.integers(2, 5)), bool(case.rng.integers(2))
    ours = visualize.deletion_insertion(
        case.model, case.images, heatmaps, case.given, steps=steps, fill=0.1,
        probability=probability, **which(case, place), **options(case),
    )  # fmt: skip
    flat = heatmaps.reshape(len(images), -1)
    ranks = np.argsort(np.argsort(-flat, axis=1), axis=1).reshape(heatmaps.shape)
    deletion = []
    for k in range(steps + 1):
        gone = ranks < np.round(k * flat.shape[1] / steps)
        changed = np.where(gone[..., None], np.float32(0.1), images)
        deletion.append(scores_of(case, place, changed, probability=probability))
    curve = np.stack(deletion, axis=1)
    area = ((curve[:, 1:] + curve[:, :-1]) / 2 * np.diff(ours.fractions)).sum(axis=1)
    return [
        ("deletion", ours.deletion, curve),
        ("area", np.float32(ours.deletion_auc), area),
        ("insertion's end", ours.insertion[:, -1], curve[:, 0]),
    ]


@method
def top_patches(case):
    """The strongest activations, and that nothing beyond the patch counts."""
    place, images = pictures_of(case)
    path, name = choose_layer(case, lambda v: len(v.shape) in (2, 4))
    found = visualize.top_patches(
        case.model, case.images, name, count=2, **which(case, place), **options(case)
    )
    maps = numbers(case.plain().values[path])
    flat = maps.reshape(len(images), -1, maps.shape[-1])
    best = -np.sort(-flat.max(axis=1), axis=0)[:2].T
    made = [("activations", found.activations, best)]
    if case.half or any(
        s and s.inner is None and "Spectral" in type(s.operation).__name__ for s in case.net.steps
    ):
        return made
    unit, rank = int(case.rng.integers(maps.shape[-1])), 0
    image = found.images[unit, rank]
    top, left, bottom, right = found.boxes[unit, rank]
    spot = flat[image, :, unit].argmax()
    other = case.rng.normal(size=images[image].shape).astype("float32")
    other[top:bottom, left:right] = images[image, top:bottom, left:right]
    arrays = [x[image : image + 1] for x in case.arrays]
    arrays[place] = other[None]
    moved = numbers(case.plain(arrays).values[path]).reshape(-1, maps.shape[-1])
    made.append(("behind the patch", moved[spot, unit], np.float32(flat[image, spot, unit])))
    y, x = found.origins[unit, rank]
    patch = found.patches[unit, rank]
    inside = patch[top - y : bottom - y, left - x : right - x]
    made.append(("patch", inside, images[image, top:bottom, left:right]))
    return made


def first_of_adam(gradient):
    """The first step up a gradient: Kingma & Ba 2014, section 2, with the moments at 0."""
    return 0.05 * gradient / (np.abs(gradient) + 1e-8 / np.sqrt(1 - 0.999))


@method
def maximize_activation(case):
    """One step from noise."""
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
    assert grad is not None, "no gradient, plainly"
    grad = numbers(grad)
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
    """Images in [0, 1] for a model of one input, and the factor to the model's range."""
    _place, images = pictures_of(case)
    if len(case.arrays) > 1:
        raise SkipError("several inputs")
    factor = 255.0 if case.net.bright else 1.0
    return np.clip(images / factor, 0, 1).astype("float32"), factor


def ascended(case):
    """The options that the methods on the ascent loop have in common."""
    return {"preprocessing": "0-255" if case.net.bright else "0-1", "verbose": False}


def maps_layer(case):
    """The path of a layer with maps of images, and what it is called."""
    return choose_layer(case, lambda value: len(value.shape) == 4)


@method
def deep_dream(case):
    """One step up the gradient of half the mean square of a layer."""
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
    if case.half or (mean < 1e-8).any():  # too small to be divided by
        return made
    return [*made, ("step", ours, np.clip(images + size / 255 * slope / mean, 0, 1))]


@method
def invert_features(case):
    """The distance of the noise's maps from the images', and the first step of Adam."""
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
        raise SkipError("no activation")
    made = [(f"distance at {name}", errors[0], numbers(error))]
    slope = plain.gradients(error, plain.inputs)[0]
    if case.half or slope is None:
        return made
    slope = numbers(slope)
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
