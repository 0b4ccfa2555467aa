"""How much each pixel of a mask counts (Ronneberger 2015, arXiv:1505.04597, Equation 2)."""

import numpy as np


def border_weights(masks, *, w0=10.0, sigma=5.0):
    """Weigh pixels so that gaps between cells that nearly touch are learnt.

    w(x) = wc(x) + w0 · exp(-(d1(x) + d2(x))² / 2σ²), where wc evens out how frequent the classes
    are, and d1, d2 are the distances to the nearest and second nearest cell. A cell is what hangs
    together in a mask, side by side.

    Args:
        masks: `(N, H, W)` class indices; 0 is the background.
        w0: The most that the border adds.
        sigma: The width of the border, in pixels.

    Returns:
        `(N, H, W)` float32; 1 on average over classes, plus the borders.

    >>> masks = np.zeros((1, 9, 9), int)
    >>> masks[0, :, :4] = masks[0, :, 5:] = 1
    >>> border_weights(masks)[0, 4, [0, 4]].round(2)  # in a cell, in the gap: 10 exp(-4 / 50)
    array([ 0.56, 13.73], dtype=float32)
    """
    from scipy import ndimage

    masks = np.asarray(masks)
    frequency = np.bincount(masks.ravel()) / masks.size
    present = frequency > 0
    # DEVIATION: the paper does not say how wc evens out; here each class counts as much in all.
    even = np.divide(1, present.sum() * frequency, out=np.zeros_like(frequency), where=present)
    weights = even[masks].astype("float32")
    for mask, weight in zip(masks, weights, strict=True):
        cells, count = ndimage.label(mask > 0)
        if count < 2:
            continue
        nearest = np.full((2, *mask.shape), np.inf)  # the two smallest distances so far
        for cell in range(1, count + 1):
            distance = ndimage.distance_transform_edt(cells != cell)
            nearest = np.sort([*nearest, distance], axis=0)[:2]
        gap = mask == 0
        border = w0 * np.exp(-(nearest.sum(axis=0) ** 2) / (2 * sigma**2))
        weight[gap] += border[gap]
    return weights
