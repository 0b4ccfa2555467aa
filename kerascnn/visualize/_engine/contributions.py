"""What methods return that distribute a score over the pixels."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import keras
import numpy as np

from .images import OneOrAll, in_order, is_kept, one_or_all


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

    That of whole numbers or truth values is the input itself, since nothing lies between two of
    them.

    Raises:
        TypeError: If no input takes floats.
        ValueError: If one does not fit or is not finite.
    """
    if all(map(is_kept, arrays)):
        raise TypeError(
            "model must take float images, which a path leads to from a baseline; it has an input "
            f"of type {arrays[0].dtype}. Use the layers after this input as a separate model."
        )
    given = in_order(model, "baseline", baseline)
    if one := not isinstance(baseline, (list, tuple, Mapping)):
        given *= len(arrays)
    if len(given) != len(arrays):
        raise ValueError(
            f"baseline must be a number, or a list with one array for each of the model's "
            f"{len(arrays)} input(s); received {len(given)}."
        )
    baselines = []
    for place, (start, x) in enumerate(zip(given, arrays, strict=True)):
        if is_kept(x):
            if not (one or start is None or np.array_equal(start, x)):
                raise ValueError(
                    f"baseline must be None for input {place}, whose whole numbers are kept as "
                    "they are; received others. Choose a baseline for the inputs of floats."
                )
            baselines.append(x)
            continue
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
