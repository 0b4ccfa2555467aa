"""Scale the values in a file to [0, 1]: find the values for black and white."""

import math
from collections.abc import Iterator

import numpy as np
from PIL import Image

from .errors import Notes, PictureError

PERCENTILES = (0.5, 99.5)  # as nnU-Net clips CT: Isensee et al. 2021
DARK = 4  # if no value exceeds 1 / DARK of the data type's range, it is not the image's range
ROUNDING = 1e-3  # floats may exceed [0, 1] by this much
SAMPLE = 2**20  # number of values for the percentiles
BLOCK = 2**20  # number of values scaled at a time


def windowed(
    values: np.ndarray,
    window: tuple[float, float] | None,
    inverted: bool,
    notes: Notes,
    *,
    opacity: np.ndarray | None = None,
    premultiplied: bool = False,
    largest: int | None = None,
) -> Iterator[Image.Image]:
    """Scale the values of an image, (H, W) or (H, W, 3), to [0, 1], on a white background.

    Args:
        values: the values, as in the file.
        window: values that become black and white; `None`: found by `_window`.
        inverted: whether the largest value is black.
        notes: notes on possible problems are added to it.
        opacity: (H, W) in [0, 1]; `None`: opaque.
        premultiplied: whether the values have been multiplied by the opacity.
        largest: the value of white; `None`: the largest of the data type, or 1.

    Yields:
        For each channel an image of mode "F".
    """
    number = np.isfinite(values) if values.dtype.kind == "f" else None
    count = values.size if number is None else int(number.sum())
    if count == 0:
        raise PictureError("it has no finite values")
    low, high = window or _window(values, number, notes, largest)
    if count < values.size:
        notes.numbers = (
            f"{values.size - count:,} of its {values.size:,} values are not finite; NaN is shown "
            "in black, infinities as the ends of the range"
        )
    del number
    for channel in np.moveaxis(np.atleast_3d(values), -1, 0):
        plane = Image.new("F", channel.shape[::-1])
        for rows, columns in _blocks(*channel.shape):  # in float64, which takes memory
            with np.errstate(all="ignore"):
                block = (channel[rows, columns].astype(np.float64) - low) / (high - low)
            block = np.clip(block, 0, 1).astype(np.float32)
            block = np.nan_to_num(1 - block if inverted else block)
            if opacity is not None:
                block = _on_white(block, opacity[rows, columns], premultiplied)
            plane.paste(Image.fromarray(block), (columns.start, rows.start))
        yield plane


def _blocks(height: int, width: int) -> Iterator[tuple[slice, slice]]:
    """Yield the rows and columns of blocks of at most `BLOCK` values."""
    across = min(width, BLOCK)
    down = BLOCK // across
    for y in range(0, height, down):
        for x in range(0, width, across):
            yield slice(y, y + down), slice(x, x + across)


def _window(
    values: np.ndarray, number: np.ndarray | None, notes: Notes, declared: int | None
) -> tuple[float, float]:
    """Find the values for black and white; add a note if the data type does not define them."""
    kind, name = values.dtype.kind, values.dtype.name
    if kind == "f":
        some = True if number is None else number
        low = float(values.min(where=some, initial=math.inf))
        high, largest = float(values.max(where=some, initial=-math.inf)), 1.0
    else:
        low, high = float(values.min()), float(values.max())
        largest = float(declared or np.iinfo(values.dtype).max) if kind == "u" else None
    why = "have an unknown range"
    if largest is not None and low >= -ROUNDING and high <= largest + ROUNDING:
        if high > largest / DARK or high == low:
            return 0.0, largest
        why = "use little of their range"
    few = values.reshape(-1)[:: -(-values.size // SAMPLE)]
    few = few[np.isfinite(few)].astype(np.float64)
    black, white = np.percentile(few, PERCENTILES) if few.size else (low, high)
    if black == white:
        black, white = low, max(high, low + 1)
    notes.window = (
        f"its {name} values, {low:.6g} to {high:.6g}, {why}; "
        f"{black:.6g} is shown in black and {white:.6g} in white"
    )
    return float(black), float(white)


def _on_white(channel: np.ndarray, opacity: np.ndarray, premultiplied: bool) -> np.ndarray:
    """Blend a channel with white where the image is transparent."""
    if premultiplied:
        return np.minimum(channel + (1 - opacity), 1)
    return 1 - opacity * (1 - channel)


def opacity_of(alpha: np.ndarray) -> np.ndarray:
    """Scale an alpha channel to [0, 1], by its data type."""
    largest = 1 if alpha.dtype.kind == "f" else np.iinfo(alpha.dtype).max
    return np.nan_to_num(np.clip(alpha.astype(np.float32) / np.float32(largest), 0, 1))
