"""Pictures passed as arrays."""

import numpy as np

from kerascnn._checks import refuse_path


def as_picture(picture: np.ndarray) -> np.ndarray:
    """Check a picture, (H, W, 3), and convert it to float32 in [0, 1].

    Raises:
        TypeError: If it is the path of a file.
        ValueError: If the shape or range is wrong.
    """
    refuse_path("picture", picture)
    picture = np.asarray(picture)
    if picture.ndim != 3 or picture.shape[-1] != 3:
        raise ValueError(f"picture must be one RGB image (H, W, 3); received {picture.shape}.")
    if picture.dtype == np.uint8:
        return picture.astype(np.float32) / 255
    if not (picture.size and picture.min() >= 0 and picture.max() <= 1):
        raise ValueError(
            f"picture must be uint8, or float in [0, 1]; received {picture.dtype} "
            f"{picture.min():.4g} to {picture.max():.4g}. Divide 0 … 255 by 255."
        )
    return picture.astype(np.float32)
