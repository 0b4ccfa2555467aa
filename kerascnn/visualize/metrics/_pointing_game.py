"""The pointing game (Zhang et al. 2016, arXiv:1608.00507, section 4.2)."""

import numpy as np
from scipy.ndimage import distance_transform_edt

from kerascnn._checks import check_number
from kerascnn.visualize._engine.heatmaps import against_masks


def pointing_game(heatmaps: np.ndarray, masks: np.ndarray, *, tolerance: float = 0.0) -> np.ndarray:
    """Compute whether the maximum of each heatmap lies on the object.

    If the maximum occurs several times, the share of these pixels that lie on the object counts;
    a constant heatmap gets the share of the image that the object covers.

    Limitations: only one pixel counts. Large objects in the center are easy to hit: compare with a
    heatmap that is highest in the center.

    Args:
        heatmaps: (N, h, w), resized bilinearly to the masks; higher values are more important.
            Attributions (N, h, w, C) are summed over the channels.
        masks: (N, H, W) booleans, true on the object.
        tolerance: distance in pixels up to which a maximum beside the object is a hit. The paper
            uses 15 for photos of about 500x375 pixels.

    Returns:
        (N,) float32: 1 for a hit, 0 for a miss.

    Raises:
        ValueError: If arguments do not fit.

    >>> import numpy as np
    >>> heatmap, mask = np.array([[[0.1, 0.9], [0.3, 0.2]]]), np.array([[[0, 1], [0, 0]]])
    >>> pointing_game(heatmap, mask).tolist()
    [1.0]
    """
    check_number("tolerance", tolerance)
    maps, inside = against_masks(heatmaps, masks)
    distances = np.stack([distance_transform_edt(~mask) for mask in np.asarray(masks, bool)])
    hits = inside | (distances.reshape(inside.shape) <= tolerance)
    highest = maps == maps.max(axis=1, keepdims=True)
    return ((hits & highest).sum(axis=1) / highest.sum(axis=1)).astype("float32")
