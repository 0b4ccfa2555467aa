"""A warning of NaN and infinity, which would be drawn as an empty picture without a word."""

from collections.abc import Sequence

import numpy as np

from kerascnn._errors import warn


def warn_of_not_finite(results: Sequence[np.ndarray], items: str) -> None:
    """Warn if a result is not finite.

    Args:
        results: arrays with one item per image.
        items: what the items are, in the plural.
    """
    bad = set()
    for values in results:
        if values.dtype.kind == "f" and not np.isfinite(values).all():
            bad.update(np.flatnonzero(~np.isfinite(values).reshape(len(values), -1).all(axis=1)))
    if bad:
        warn(
            f"The model's values or gradients are NaN or infinite for {len(bad)} of "
            f"{len(results[0])} {items}, first for number {min(bad)}. Check its weights and "
            "layers; float16 overflows beyond 65504, bfloat16 does not."
        )
