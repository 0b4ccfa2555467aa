"""A label for each pixel: the middle for smaller maps, and weights between touching cells."""

from dataclasses import replace

import numpy as np
from scipy import ndimage

from kerascnn.datasets import weight_map
from kerascnn.training._data import Part, center

from .objective import Output


def middle(part: Part, size: tuple[int, int] | None) -> Part:
    """Crop labels and weights to the pixels that the output has; `None`: it is no map."""
    labels, weights = part.labels, part.weights
    if size is None:
        return part
    if weights is not None and weights.shape[1:3] == labels.shape[1:3]:
        weights = center(weights, size)
    return replace(part, labels=center(labels, size), weights=weights)


def middle_of_masks(part: Part, output: Output) -> Part:
    """Crop masks that are larger than the output to their middle, for a loss that is unknown.

    Masks are integers (N, H, W), or (N, H, W, 1 or K); other labels stay as they are.
    """
    labels, size = part.labels, output.map_size
    masks = labels.ndim == 4 and labels.shape[-1] in (1, output.classes)
    masks |= labels.ndim == 3 and labels.dtype.kind in "iub"
    fits = size is not None and all(
        want is not None and want <= have
        for have, want in zip(labels.shape[1:3], size, strict=False)
    )
    return middle(part, size) if masks and fits else part


def border_weights(part: Part, w0: float, sigma: float) -> Part:
    """Weight the pixels of masks by the distance to two cells (Ronneberger 2015, Eq. 2).

    Args:
        part: with masks (N, H, W) or (N, H, W, 1); weights that it has are kept.
        w0: the largest weight of a border.
        sigma: how fast the weight decreases with the distance, in pixels.
    """
    if part.weights is not None:
        return part
    masks = part.labels.reshape(part.labels.shape[:3])
    instances = np.stack([ndimage.label(mask)[0] for mask in masks])
    return replace(part, weights=weight_map(instances, w0=w0, sigma=sigma))
