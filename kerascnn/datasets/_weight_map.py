"""U-Net's pixel weights for the gaps between cells (Ronneberger 2015, arXiv:1505.04597, Eq. 2)."""

import numpy as np
from scipy import ndimage

from kerascnn._checks import check_number

FAR = 5  # in sigmas: cells farther away would add less than w0 · exp(-25 / 2)


def weight_map(
    instances: np.ndarray,
    *,
    w0: float = 10.0,
    sigma: float = 5.0,
    class_weights: tuple[float, float] | None = None,
) -> np.ndarray:
    """Compute pixel weights that emphasize the gaps between cells.

    A model trained with these weights learns to separate touching cells. The weight of a pixel is

        w(x) = w_c(x) + w0 · exp(-(d1(x) + d2(x))² / 2σ²)

    where d1 and d2 are the distances to the nearest and the second nearest cell. The second term is
    only added to the background, as in the paper's Figure 3d. Pass the weights to Keras as
    `sample_weight`, so that they multiply the loss of each pixel.

    Args:
        instances: `(N, H, W)` integer: 0 for the background and a different positive number for
            each cell of an image, as in `kerascnn.datasets.load("cells", labels="instances")`.
            Touching cells must be separated by background, since only gaps are emphasized.
        w0: Weight of a gap of zero width.
        sigma: Decay length of the weights in pixels; the paper's 5 is for images of 512x512.
        class_weights: w_c of the background and of the cells. If `None`, the classes are balanced:
            they have the same total weight, and the mean is 1 in each image. Images with a single
            class have a w_c of 1.

    Returns:
        `(N, H, W)` float32.

    Raises:
        ValueError: If the shape or type of the instances is wrong, or an option is out of range.

    >>> row = np.array([[[1, 1, 0, 2, 2]]])
    >>> print(weight_map(row, class_weights=(1, 1)).round(2))  # 1 + 10·exp(-(1 + 1)²/50)
    [[[ 1.    1.   10.23  1.    1.  ]]]
    """
    instances = np.asarray(instances)
    if instances.ndim != 3 or not np.issubdtype(instances.dtype, np.integer):
        raise ValueError(
            f"instances must be integers (N, H, W), 0 for the background; received "
            f"{instances.dtype} {instances.shape}: use scipy.ndimage.label to number the cells of "
            "a mask."
        )
    if instances.size and instances.min() < 0:
        raise ValueError(f"instances must not be negative; received {instances.min()}.")
    check_number("w0", w0)
    if not check_number("sigma", sigma):
        raise ValueError(f"sigma must be more than 0; received {sigma!r}.")
    if class_weights is not None and np.shape(class_weights) != (2,):
        raise ValueError(
            f"class_weights must be two numbers, the weights of the background and of the cells; "
            f"received {class_weights!r}."
        )
    weights = np.empty(instances.shape, np.float32)
    for image, w in zip(instances, weights, strict=True):
        background = image == 0
        d1, d2 = _two_distances(image, int(np.ceil(FAR * sigma)))
        w[:] = np.where(
            background, *(_balanced(background) if class_weights is None else class_weights)
        )
        w += background * (w0 * np.exp(-((d1 + d2) ** 2) / (2 * sigma**2)))  # Eq. 2
    return weights


def _balanced(background):
    """Return the weights that give background and cells half of the total weight each."""
    part = background.mean()
    return (0.5 / part, 0.5 / (1 - part)) if 0 < part < 1 else (1.0, 1.0)


def _two_distances(image, far):
    """Compute distances to the nearest and second nearest cell, infinite beyond `far` pixels."""
    nearest, second = np.full((2, *image.shape), np.inf)
    for number, box in enumerate(ndimage.find_objects(image), start=1):
        if box is None:  # no cell has this number
            continue
        around = tuple(slice(max(side.start - far, 0), side.stop + far) for side in box)
        distance = ndimage.distance_transform_edt(image[around] != number)
        np.minimum(second[around], np.maximum(nearest[around], distance), out=second[around])
        np.minimum(nearest[around], distance, out=nearest[around])
    return nearest, second
