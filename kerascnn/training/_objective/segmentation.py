"""A label for each pixel: the middle for smaller maps, and weights between touching cells."""

from dataclasses import replace

import numpy as np
from scipy import ndimage

from kerascnn.datasets import weight_map
from kerascnn.training._checks import are_whole
from kerascnn.training._data import Part, center
from kerascnn.training._maps import check_middle

from .objective import Output


def middle(part: Part, size: tuple[int, int] | None) -> Part:
    """Crop labels and weights to the pixels that the output has; `None`: it is no map."""
    labels, weights = part.labels, part.weights
    if size is None:
        return part
    if weights is not None and weights.shape[1:3] == labels.shape[1:3]:
        weights = center(weights, size)
    return replace(part, labels=center(labels, size), weights=weights)


def check_masks(labels: np.ndarray, output: Output) -> None:
    """Check that labels that are larger than a map belong to the pixels around it.

    Raises:
        ValueError: If it is unknown which labels belong to the pixels of the map.
    """
    if output.map_size is not None and None not in output.map_size:
        check_middle(labels, output.map_size, image_size=output.image_size, dense=output.dense)


def middle_of_masks(part: Part, output: Output) -> Part:
    """Crop masks that are larger than the output to their middle, for a loss that is unknown.

    Masks are integers (N, H, W), or (N, H, W, 1 or K); other labels stay as they are.
    """
    return middle(part, output.map_size) if _is_cropped(part.labels, output) else part


def check_own_masks(labels: np.ndarray, output: Output) -> None:
    """Check what `middle_of_masks` would crop, as `check_masks` does."""
    if _is_cropped(labels, output):
        check_masks(labels, output)


def _is_cropped(labels: np.ndarray, output: Output) -> bool:
    masks = labels.ndim == 4 and labels.shape[-1] in (1, output.classes)
    masks |= labels.ndim == 3 and labels.dtype.kind in "iub"
    if not masks or output.map_size is None:
        return False
    sizes = zip(labels.shape[1:3], output.map_size, strict=True)
    return all(want is not None and want <= have for have, want in sizes)


def are_masks(labels: np.ndarray) -> bool:
    """Return whether labels are class indices of pixels, (N, H, W) or (N, H, W, 1)."""
    flat = labels.ndim == 3 or (labels.ndim == 4 and labels.shape[-1] == 1)
    return flat and are_whole(labels)


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
