"""The registry, the comparison of results, options, and the choice of a layer or an input."""

import numpy as np
import tensorflow as tf

from kerascnn._graph import flatten
from kerascnn.visualize._engine.placing import lines_of

METHODS = {}


class SkipError(Exception):
    """The method cannot be applied to this case."""


def method(function):
    """Register the check of a method."""
    METHODS[function.__name__] = function
    return function


def numbers(tensor, like=None):
    """Convert a tensor to an array; return zeros if there is none."""
    if tensor is None:
        return np.zeros(like.shape, "float32")
    return np.asarray(
        tf.convert_to_tensor(tensor), "float32"
    )  # also for the sparse gradients of embeddings


def disagreement(what, ours, theirs, half):
    """Describe how two arrays differ; `None` if they agree."""
    ours, theirs = np.asarray(ours), np.asarray(theirs)
    if ours.shape != theirs.shape:
        return f"{what}: shape {ours.shape}, expected {theirs.shape}"
    if ours.dtype.kind == "f" and ours.dtype != np.float32:
        return f"{what}: {ours.dtype}"
    if not np.isfinite(theirs).all():
        return None
    if not np.isfinite(ours).all():
        return f"{what}: not finite"
    if not theirs.size:
        return None
    scale = np.abs(theirs).max()
    gap = np.abs(ours.astype("float64") - theirs)
    if half:
        norm = np.linalg.norm(theirs)
        return (
            f"{what}: off by {np.linalg.norm(gap):.3g}, with a norm of {norm:.3g}"
            if np.linalg.norm(gap) > 0.25 * norm + 1e-3
            else None
        )
    if gap.max() > 2e-3 * scale + 2e-6:
        return f"{what}: off by {gap.max():.3g}, with a maximum of {scale:.3g}"
    return None


def pairs(what, ours, theirs):
    """Return one comparison for each input."""
    if not isinstance(ours, list):
        ours, theirs = [ours], [theirs] if not isinstance(theirs, list) else theirs
    assert len(ours) == len(theirs), f"{len(ours)} arrays, {len(theirs)} inputs"
    return [(f"{what} {i}", a, b) for i, (a, b) in enumerate(zip(ours, theirs, strict=True))]


def of_difference(what, ours, end, start, level=0):
    """Compare with a difference of scores, which is only as precise as the scores themselves.

    Args:
        what: what is compared.
        ours: the difference, of each image.
        end, start: the two scores in the plain computation.
        level: the size of other terms, which are rounded, too.
    """
    end, start = numbers(end), numbers(start)
    level = level + np.abs(end) + np.abs(start)
    return what, np.float32(ours - (end - start) + level), level


def is_kept(array):
    """Return whether an input has whole numbers, which methods with other images leave as it is."""
    return array.dtype.kind in "iub"


def options(case):
    """Draw the options that all methods have."""
    return {"batch_size": int(case.rng.integers(1, 5)), "verbose": False}


# Layers


def layers_of(net, path=(), prefix=""):
    """List path, step and name of the used steps, including those of nested networks."""
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
    """Choose a layer; return its path, and its name or the layer itself."""
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
    """Return whether a tensor has positions."""
    return len(value.shape) > 2


# Inputs


def pictures_of(case):
    """Choose an input that takes images; return its index and the images."""
    places = [i for i, x in enumerate(case.arrays) if x.ndim == 4]
    if not places:
        raise SkipError("no images")
    place = int(case.rng.choice(places))
    return place, case.arrays[place]


def lines_at(case, name, maps, place):
    """Find where the units of a layer lie in the images of an input, if they are placed."""
    graph, shapes = flatten(case.model), [x.shape[1:] for x in case.arrays]
    return lines_of(case.model, graph, graph.node(name), shapes, place, maps.shape[1:3])


def upsampled(case, name, maps, place):
    """Stretch maps (N, h, w) of a layer over the images of an input, unless they are placed."""
    size, lines = case.arrays[place].shape[1:3], lines_at(case, name, maps, place)
    if lines is None:
        return tf.image.resize(maps[..., None], size, "bilinear").numpy()[..., 0]
    rows, columns = (line.around(np.arange(n)) for line, n in zip(lines, size, strict=True))
    return np.einsum("yh,nhw,xw->nyx", rows, maps, columns)
