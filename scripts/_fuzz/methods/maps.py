"""Class activation maps, and the default layer."""

import warnings

import numpy as np
import tensorflow as tf

from _fuzz.methods.common import (
    SkipError,
    choose_layer,
    layers_of,
    method,
    numbers,
    options,
    pairs,
    upsampled,
    with_places,
)
from _fuzz.methods.gradients import input_gradients
from kerascnn import visualize


def at_layer(case, accept=with_places):
    """Choose a layer; return its name, its maps and the gradient of the score."""
    path, name = choose_layer(case, accept)
    plain = case.plain()
    maps = plain.values[path]
    grads = plain.gradients(case.score(plain), maps)
    return name, numbers(maps), None if grads is None else numbers(grads)


def of_maps(function, equation):
    """Register the comparison of a method for maps with its equation."""

    def compare(case):
        name, maps, grads = at_layer(case)
        ours = function(case.model, case.images, case.given, name, **options(case))
        assert grads is not None, "no gradient in the plain computation"
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
    """All information about the images passes through the default layer."""
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
    if any("all image information" in str(each.message) for each in said) or not same:
        return made
    whole = case.plain()
    if all(whole.tape.gradient(whole.logits[0], values[path]) is None for path in same):
        return made  # the only maps are the scores themselves, behind a softmax
    rank = max(x.ndim for x in case.arrays)
    ways = []
    for path in same:
        plain = case.plain(cut=path)
        images = [x for x in plain.inputs if len(x.shape) == rank]
        of = plain.logits[0]
        ways.append(any(g is not None for g in plain.tape.gradient(of, images)))
    return [*made, ("a path around it", np.array(all(ways)), np.array(False))]


@method
def guided_grad_cam(case):
    """Guided backpropagation times upsampled Grad-CAM."""
    name, maps, grads = at_layer(case, lambda value: len(value.shape) == 4)
    ours = visualize.guided_grad_cam(case.model, case.images, case.given, name, **options(case))
    assert grads is not None, "no gradient in the plain computation"
    heatmap = of_grad_cam(maps, grads, (1, 2))
    theirs = []
    for place, guided in enumerate(input_gradients(case, rule="guided")[1]):
        if guided.ndim == 4:
            guided = guided * upsampled(case, name, heatmap, place)[..., None]
        theirs.append(guided)
    return pairs(f"guided at {name}", ours, theirs)


@method
def eigen_cam(case):
    """Maps on their first singular vector."""
    path, name = choose_layer(case, with_places)
    ours = visualize.eigen_cam(case.model, case.images, case.given, name, **options(case))
    maps = numbers(case.plain().values[path])
    made = []
    for own, heatmap in zip(maps, ours, strict=True):
        rows = own.reshape(-1, own.shape[-1]).astype("float64")
        _u, sizes, v = np.linalg.svd(rows, full_matrices=False)
        if len(sizes) > 1 and sizes[1] > 0.9 * sizes[0]:
            continue  # either vector may be the first
        projection = (rows @ v[0]).reshape(heatmap.shape)
        made.append((f"at {name}", np.abs(heatmap), np.abs(projection)))
    return made


@method
def finer_cam(case):
    """Grad-CAM of the class less the closest other one."""
    if callable(case.target):
        raise SkipError("no class")
    path, name = choose_layer(case, with_places)
    ours = visualize.finer_cam(
        case.model, case.images, case.given, name, references=1, strength=0.5, **options(case)
    )
    plain = case.plain()
    with plain.tape:
        table = case.table(plain.logits[0], tf.negative)
        classes = np.array(case.classes())
        distance = np.abs(numbers(table) - numbers(table)[np.arange(case.count), classes][:, None])
        distance[np.arange(case.count), classes] = np.inf
        chosen = [tf.gather(table, k, axis=1, batch_dims=1) for k in (classes, distance.argmin(1))]
        score = chosen[0] - 0.5 * chosen[1]
    grads = plain.gradients(score, plain.values[path])
    assert grads is not None, "no gradient, plainly"
    maps = numbers(plain.values[path])
    places = tuple(range(1, maps.ndim - 1))
    return [(f"heatmap at {name}", ours, of_grad_cam(maps, numbers(grads), places))]
