"""NIfTI volumes as slices: upright, in the orientation of the file's own coordinates."""

from pathlib import Path
from typing import Any

import numpy as np

from kerascnn._errors import warn

NIFTI = (".nii", ".nii.gz")
PERCENTILES = (0.5, 99.5)  # as nnU-Net clips: Isensee 2021
EXTRA = 'pip install "kerascnn[medical]"'


def is_nifti(path: Path) -> bool:
    """Whether a file is NIfTI, by its name."""
    return path.name.lower().endswith(NIFTI)


def read_volume(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """Read a volume, turned to the closest of the standard orientations.

    Returns:
        Horizontal slices (z, H, W) from bottom to top, the front of the body at the top of a slice
        and its left side at the left; and the volume's affine matrix (4, 4).

    Raises:
        ImportError: If nibabel is not installed.
        OSError: If the file cannot be read.
        ValueError: If it does not contain one volume.
    """
    try:
        import nibabel
    except ImportError:
        raise ImportError(
            f"'{path}' is a NIfTI file, for which nibabel must be installed: {EXTRA}."
        ) from None
    try:
        image: Any = nibabel.load(path)
        shape = image.shape
        values = np.asanyarray(image.dataobj)
    except Exception as error:
        reason = " ".join(str(error).split()).rstrip(".") or type(error).__name__
        raise OSError(f"'{path}' must be a NIfTI file; it cannot be read: {reason}.") from None
    while values.ndim > 3 and values.shape[-1] == 1:
        values = values[..., 0]
    if values.ndim != 3:
        raise ValueError(
            f"'{path}' must contain one volume, with three axes; received {shape}: save the "
            "volume that you need by itself."
        )
    header = image.header
    if not (header.get("qform_code", 1) or header.get("sform_code", 1)):
        warn(f"'{path}' does not say how it is oriented; its axes are taken as x, y and z.")
    turned = nibabel.as_closest_canonical(nibabel.Nifti1Image(values, image.affine))
    upright = np.asanyarray(turned.dataobj).transpose(2, 1, 0)[:, ::-1]
    return upright, image.affine


def scaled(path: Path, volume: np.ndarray, window: tuple[float, float] | None) -> np.ndarray:
    """Scale a volume to [0, 1], by a window or by percentiles of its values; NaN becomes 0.

    Raises:
        ValueError: If it has no finite values.
    """
    volume = volume.astype(np.float32)
    finite = volume[np.isfinite(volume)]
    if not finite.size:
        raise ValueError(f"'{path}' must contain finite values; received none.")
    low, high = window or np.percentile(finite, PERCENTILES)
    if low == high:
        low, high = float(finite.min()), max(float(finite.max()), float(finite.min()) + 1)
    with np.errstate(invalid="ignore"):
        return np.nan_to_num(np.clip((volume - low) / (high - low), 0, 1))
