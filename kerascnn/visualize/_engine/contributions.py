"""What methods return that distribute a score over the pixels."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import keras
import numpy as np

from .images import OneOrAll, in_order, one_or_all


class Contributions(NamedTuple):
    """The contribution of each pixel to a score, and the error of their sum.

    Attributes:
        attributions: (N, H, W, C) float32, signed, in units of the score. For several inputs, a
            list of arrays, or a dict if the model takes one.
        gap: (N,) float32, Σ attributions minus what they should sum to: the score, or its
            difference from that of the baseline.
    """

    attributions: OneOrAll
    gap: np.ndarray


def contributions(model: keras.Model, arrays: list[np.ndarray], whole: np.ndarray) -> Contributions:
    """Return attributions, one array per input, with the difference of their sum from a whole."""
    total = sum(a.sum(axis=tuple(range(1, a.ndim)), dtype="float64") for a in arrays)
    attributions = one_or_all(model, [a.astype("float32") for a in arrays])
    return Contributions(attributions, (total - whole).astype("float32"))


def check_baseline(
    model: keras.Model, baseline: object, arrays: Sequence[np.ndarray]
) -> list[np.ndarray]:
    """Return one baseline per input, in the shape of its images.

    Raises:
        TypeError: If an input takes integers.
        ValueError: If one does not fit or is not finite.
    """
    names = [x.dtype.name for x in arrays]
    if integers := [name for name in names if not keras.backend.is_float_dtype(name)]:
        raise TypeError(
            "model must take float images, which a path leads to from a baseline; it has an input "
            f"of type {integers[0]}. Use the layers after this input as a separate model."
        )
    given = in_order(model, "baseline", baseline)
    if not isinstance(baseline, (list, tuple, Mapping)):
        given *= len(arrays)
    if len(given) != len(arrays):
        raise ValueError(
            f"baseline must be a number, or a list with one array for each of the model's "
            f"{len(arrays)} input(s); received {len(given)}."
        )
    baselines = []
    for start, x in zip(given, arrays, strict=True):
        start = np.asarray(0 if start is None else start)
        fits = start.ndim == 0 or start.shape in (x.shape, x.shape[1:], (1, *x.shape[1:]))
        if start.dtype.kind not in "fiu" or not fits:
            each = " Pass a list with one baseline for each input." * (len(arrays) > 1)
            raise ValueError(
                f"baseline must be a number or have the images' shape, {x.shape} or "
                f"{x.shape[1:]}; received {start.dtype} of shape {start.shape}.{each}"
            )
        if not np.isfinite(start).all():
            raise ValueError("baseline must be finite; received NaN or infinity.")
        baselines.append(np.broadcast_to(start.astype(x.dtype), x.shape))
    return baselines
