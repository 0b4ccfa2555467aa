"""Methods that hide parts of images, and the patches that excite units most."""

import numpy as np

from _fuzz.methods.common import (
    choose_layer,
    lines_at,
    method,
    numbers,
    options,
    pictures_of,
    upsampled,
)
from kerascnn import visualize
from kerascnn.visualize._rise import _draw, soft_masks


def which(case, place):
    """Return the option that selects the input, if needed."""
    alone = sum(x.ndim == 4 for x in case.arrays) == 1
    if alone and case.rng.random() < 0.7:
        return {}
    return {"input": place if case.rng.random() < 0.5 else case.model.inputs[place].name}


def scores_of(case, place, images, *, probability=False):
    """Score changed images; the classes are those of the original images."""
    classes = None if callable(case.target) else case.classes()
    arrays = [*case.arrays[:place], images, *case.arrays[place + 1 :]]
    return numbers(case.score(case.plain(arrays), classes, probability=probability))


@method
def occlusion(case):
    """The drop of the score if a patch covers the image."""
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
    level = whole[:, None, None] * case.half  # compared with which a small drop is rounding
    return [("drop", np.float32(ours + level), total / count + level)]


@method
def score_cam(case):
    """Maps, weighted by the scores of the images that they mask."""
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
        masks = maps[..., k]
        if not lines_at(case, name, maps, place):
            masks = upsampled(case, name, masks, place)
        low, high = (f(masks, axis=(1, 2), keepdims=True) for f in (np.min, np.max))
        masks = (masks - low) / np.where(high > low, high - low, 1)
        if masks.shape[1:] != images.shape[1:3]:
            masks = upsampled(case, name, masks, place)
        shown = images * masks[..., None]
        increase.append(scores_of(case, place, shown, probability=probability) - black)
    increase = np.stack(increase, axis=1)
    alpha = np.exp(increase - increase.max(axis=1, keepdims=True))
    alpha /= alpha.sum(axis=1, keepdims=True)
    return [(f"at {name}", ours, np.maximum(np.einsum("nk,nhwk->nhw", alpha, maps), 0))]


@method
def deletion_insertion(case):
    """The probability as pixels are deleted and inserted."""
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
    """The strongest activations, which do not depend on pixels outside the patch."""
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
    made.append(("only the patch", moved[spot, unit], np.float32(flat[image, spot, unit])))
    y, x = found.origins[unit, rank]
    patch = found.patches[unit, rank]
    inside = patch[top - y : bottom - y, left - x : right - x]
    made.append(("patch", inside, images[image, top:bottom, left:right]))
    return made


@method
def rise(case):
    """Masks, weighted by the scores of the images that they let through."""
    place, images = pictures_of(case)
    probability, seed = bool(case.rng.integers(2)), int(case.rng.integers(9))
    ours = visualize.rise(
        case.model, case.images, case.given, masks=3, cells=3, seed=seed, baseline=0.2,
        probability=probability, **which(case, place), **options(case),
    )  # fmt: skip
    masks = np.asarray(soft_masks(images.shape[1:3], *_draw(3, 3, 0.5, images.shape[1:3], seed)))
    total = 0
    for mask in masks[..., None]:
        seen = (mask * images + 0.2 * (1 - mask)).astype("float32")
        scores = scores_of(case, place, seen, probability=probability)
        total = total + scores[:, None, None] * mask[..., 0] / (0.5 * 3)
    return [("map", ours, total)]
