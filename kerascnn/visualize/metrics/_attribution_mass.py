"""Relevance mass accuracy (Arras et al. 2022, arXiv:2003.07258, Eq. 4)."""

import numpy as np

from kerascnn.visualize._engine.heatmaps import against_masks


def attribution_mass(heatmaps: np.ndarray, masks: np.ndarray) -> np.ndarray:
    """Compute which share of the positive attribution lies on the object.

    Limitations: a large object gets a large share by chance. Compare with the share of the image
    that it covers.

    Args:
        heatmaps: (N, h, w), resized bilinearly to the masks; negative values do not count.
            Attributions (N, h, w, C) are summed over the channels first.
        masks: (N, H, W) booleans, true on the object.

    Returns:
        (N,) float32, 0 to 1; NaN for a heatmap without positive values.

    Raises:
        ValueError: If arguments do not fit.

    >>> import numpy as np
    >>> heatmap, mask = np.array([[[1.0, 3.0], [-5.0, 0.0]]]), np.array([[[0, 1], [0, 0]]])
    >>> attribution_mass(heatmap, mask).tolist()
    [0.75]
    """
    maps, inside = against_masks(heatmaps, masks)
    # The paper reduces channels to positive values; as in Kohlbrenner et al. 2020
    # (arXiv:1910.09840, Eq. 8), it is the positive part of signed maps that counts here.
    return share_inside(maps, inside)


def share_inside(maps: np.ndarray, inside: np.ndarray) -> np.ndarray:
    """Compute Σ of the positive values inside, over all positive values: (N, P) -> (N,)."""
    positive = np.maximum(maps, 0).astype("float64")
    total = positive.sum(axis=1)
    share = np.full(len(maps), np.nan)
    np.divide((positive * inside).sum(axis=1), total, out=share, where=total > 0)
    return share.astype("float32")
