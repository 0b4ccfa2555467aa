"""From values in any range to what can be seen: the strongest value, grey for 0, and luma."""

import numpy as np

LUMA = np.array([0.299, 0.587, 0.114])  # ITU-R BT.601


def strongest(values: np.ndarray, clip: float = 100.0) -> float:
    """Take the percentile `clip` of the absolute values as the strongest that is told apart.

    Where so few values differ from 0 that the percentile is 0, it is the largest of them; 0 for
    zeros only.

    >>> strongest(np.array([0, -3, 1])), strongest(np.array([0, 0, 0, 2]), clip=50)
    (3.0, 2.0)
    """
    values = np.abs(np.asarray(values, np.float64))
    return float(np.percentile(values, clip)) or float(values.max())


def around_grey(values: np.ndarray, limit) -> np.ndarray:
    """Map -limit … limit to black … white, so that 0 is mid-grey; a limit of 0 gives grey.

    >>> around_grey(np.array([-2.0, 0, 1, 5]), 2).tolist()
    [0.0, 0.5, 0.75, 1.0]
    """
    return np.clip(0.5 + 0.5 * values / np.where(np.equal(limit, 0), 1, limit), 0, 1)


def without_color(picture: np.ndarray) -> np.ndarray:
    """Make a picture (…, 3) or (…, 4) grey as a black-and-white printer does; alpha stays.

    >>> without_color(np.array([[[1.0, 0.0, 0.0, 0.5]]])).tolist()
    [[[0.299, 0.299, 0.299, 0.5]]]
    """
    grey = np.repeat((picture[..., :3] @ LUMA)[..., None], 3, axis=-1)
    return np.concatenate([grey, picture[..., 3:]], axis=-1)
