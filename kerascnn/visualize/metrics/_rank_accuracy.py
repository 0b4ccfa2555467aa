"""Relevance rank accuracy (Arras et al. 2022, arXiv:2003.07258, Eq. 5)."""

import numpy as np

from kerascnn.visualize._engine.heatmaps import against_masks


def rank_accuracy(heatmaps: np.ndarray, masks: np.ndarray) -> np.ndarray:
    """Compute which share of the K highest pixels lies on the object, which has K pixels.

    Among equal pixels, as many count as on average if they are drawn at random: a constant heatmap
    gets the share of the image that the object covers.

    Args:
        heatmaps: (N, h, w), resized bilinearly to the masks; only the order of the pixels counts.
            Attributions (N, h, w, C) are summed over the channels first.
        masks: (N, H, W) booleans, true on the object.

    Returns:
        (N,) float32, 0 to 1.

    Raises:
        ValueError: If arguments do not fit.

    >>> import numpy as np
    >>> heatmap, mask = np.array([[[4.0, 3.0], [2.0, 1.0]]]), np.array([[[1, 0], [1, 0]]])
    >>> rank_accuracy(heatmap, mask).tolist()
    [0.5]
    """
    maps, inside = against_masks(heatmaps, masks)
    shares = [_share(values, mask) for values, mask in zip(maps, inside, strict=True)]
    return np.array(shares, "float32")


def _share(values: np.ndarray, mask: np.ndarray) -> float:
    count = int(mask.sum())  # K
    threshold = np.partition(values, -count)[-count]
    above, equal = values > threshold, values == threshold
    needed = count - above.sum()
    hits = (above & mask).sum() + needed * (equal & mask).sum() / equal.sum()
    return hits / count
