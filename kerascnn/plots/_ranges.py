"""Values in any range as gray levels: clipping, mid-gray for 0, and luma."""

import numpy as np

LUMA = np.array([0.299, 0.587, 0.114])  # ITU-R BT.601


def strongest(values: np.ndarray, clip: float = 100.0) -> float:
    """Return the percentile `clip` of the absolute values, beyond which values are clipped.

    If the percentile is 0 because few values differ from 0, return the largest of them. The result
    is 0 only if all values are 0.

    >>> strongest(np.array([0, -3, 1])), strongest(np.array([0, 0, 0, 2]), clip=50)
    (3.0, 2.0)
    """
    values = np.abs(np.asarray(values, np.float64))
    return float(np.percentile(values, clip)) or float(values.max())


def around_grey(values: np.ndarray, limit) -> np.ndarray:
    """Map -limit … limit to black … white, so that 0 is mid-gray; a limit of 0 gives gray.

    >>> around_grey(np.array([-2.0, 0, 1, 5]), 2).tolist()
    [0.0, 0.5, 0.75, 1.0]
    """
    return np.clip(0.5 + 0.5 * values / np.where(np.equal(limit, 0), 1, limit), 0, 1)


def without_color(picture: np.ndarray) -> np.ndarray:
    """Convert an image (…, 3) or (…, 4) to gray as a black-and-white printer does; keep alpha.

    >>> without_color(np.array([[[1.0, 0.0, 0.0, 0.5]]])).tolist()
    [[[0.299, 0.299, 0.299, 0.5]]]
    """
    grey = np.repeat((picture[..., :3] @ LUMA)[..., None], 3, axis=-1)
    return np.concatenate([grey, picture[..., 3:]], axis=-1)
