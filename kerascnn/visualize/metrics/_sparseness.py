"""Sparseness of heatmaps (Chalasani et al. 2020, arXiv:1810.06583, section 5)."""

import numpy as np

from kerascnn.visualize._engine.heatmaps import check_heatmaps


def sparseness(heatmaps: np.ndarray) -> np.ndarray:
    """Compute the Gini index of the absolute values of each heatmap.

    It is 0 if all pixels are equal, and close to 1 if a single pixel has everything.

    Limitations: a sparse heatmap is simple, not right. The index depends on the resolution, so
    resize heatmaps to the same size before you compare them, as `evaluate` does.

    Args:
        heatmaps: (N, h, w). Attributions (N, h, w, C) are summed over the channels first.

    Returns:
        (N,) float32, 0 to 1; NaN for a heatmap that is 0 everywhere.

    Raises:
        ValueError: If the heatmaps are not such an array, or not finite.

    >>> import numpy as np
    >>> sparseness(np.array([[[0.0, 0.0], [0.0, 1.0]], [[1.0, 1.0], [1.0, 1.0]]])).tolist()
    [0.75, 0.0]
    """
    maps = check_heatmaps(heatmaps)
    sizes = np.sort(np.abs(maps.reshape(len(maps), -1)), axis=1).astype("float64")
    d = sizes.shape[1]
    k = np.arange(1, d + 1)
    total = sizes.sum(axis=1)
    # G = 1 − 2 Σ_k (|w|_(k) / ‖w‖₁) · (d − k + ½) / d
    weighted = (sizes * (d - k + 0.5)).sum(axis=1) / d
    gini = np.full(len(maps), np.nan)
    np.divide(total - 2 * weighted, total, out=gini, where=total > 0)
    return gini.astype("float32")
