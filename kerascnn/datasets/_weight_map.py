"""U-Net's weights for the pixels between cells (Ronneberger 2015, arXiv:1505.04597, Eq. 2)."""

import numpy as np
from scipy import ndimage

from kerascnn._checks import check_number

FAR = 5  # in sigmas: what lies farther away would add less than w0 · exp(-25 / 2)


def weight_map(
    instances: np.ndarray,
    *,
    w0: float = 10.0,
    sigma: float = 5.0,
    class_weights: tuple[float, float] | None = None,
) -> np.ndarray:
    """Weigh the pixels of the gaps between cells, so that a network learns to keep cells apart.

    w(x) = w_c(x) + w0 · exp(-(d1(x) + d2(x))² / 2σ²) with the distances d1 and d2 to the nearest
    and to the second nearest cell. The second term is added to the background only, as the paper's
    Figure 3d shows. Multiply each pixel's loss by its weight: Keras's `sample_weight`.

    Args:
        instances: `(N, H, W)` whole numbers: 0 on the background, each cell of an image with a
            number of its own, as in `kerascnn.datasets.load("cells", labels="instances")`.
            Background must lie between touching cells: the gap is what is weighed.
        w0: The weight of a gap without width.
        sigma: How fast it decays, in pixels; the paper's 5 is for images of 512x512.
        class_weights: w_c of the background and of the cells. `None`: so that both classes weigh
            alike and the mean is 1 in each image; 1 where an image has one class only.

    Returns:
        `(N, H, W)` float32.

    Raises:
        ValueError: Instances of another shape or type, or a width that is not positive.

    >>> row = np.array([[[1, 1, 0, 2, 2]]])
    >>> print(weight_map(row, class_weights=(1, 1)).round(2))  # 1 + 10·exp(-(1 + 1)²/50)
    [[[ 1.    1.   10.23  1.    1.  ]]]
    """
    instances = np.asarray(instances)
    if instances.ndim != 3 or not np.issubdtype(instances.dtype, np.integer):
        raise ValueError(
            f"instances must be whole numbers (N, H, W), 0 on the background; received "
            f"{instances.dtype} {instances.shape}: scipy.ndimage.label numbers the cells of a mask."
        )
    if instances.size and instances.min() < 0:
        raise ValueError(f"instances must be 0 or more; received {instances.min()}.")
    check_number("w0", w0)
    if not check_number("sigma", sigma):
        raise ValueError(f"sigma must be more than 0; received {sigma!r}.")
    if class_weights is not None and np.shape(class_weights) != (2,):
        raise ValueError(
            f"class_weights must be a weight for the background and one for cells; "
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
    """The weights with which background and cells weigh half of the image each."""
    part = background.mean()
    return (0.5 / part, 0.5 / (1 - part)) if 0 < part < 1 else (1.0, 1.0)


def _two_distances(image, far):
    """Distances to the nearest and the second nearest cell, infinite beyond `far` pixels."""
    nearest, second = np.full((2, *image.shape), np.inf)
    for number, box in enumerate(ndimage.find_objects(image), start=1):
        if box is None:  # no cell has this number
            continue
        around = tuple(slice(max(side.start - far, 0), side.stop + far) for side in box)
        distance = ndimage.distance_transform_edt(image[around] != number)
        np.minimum(second[around], np.maximum(nearest[around], distance), out=second[around])
        np.minimum(nearest[around], distance, out=nearest[around])
    return nearest, second
