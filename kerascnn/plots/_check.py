"""The checks that every drawing function makes of the array that it is given."""

import numpy as np


def array(what: str, values, layout: str, ndim: int | tuple[int, ...]) -> np.ndarray:
    """Return `values` as a numeric array that is not empty, has `ndim` axes and no NaN.

    A masked array stays masked: masked cells may hold anything.

    Args:
        what: the name of the argument, for the error.
        values: array or nested lists.
        layout: the axes in words, such as "(N, H, W)", for the error.
        ndim: how many axes are allowed.

    Raises:
        TypeError: `values` are not numbers.
        ValueError: another number of axes, no values, or values that are not finite.
    """
    try:
        result = np.ma.asarray(values) if np.ma.isMaskedArray(values) else np.asarray(values)
    except ValueError:  # nested lists of unequal lengths
        raise ValueError(
            f"{what} must be an array {layout}; received lists of unequal lengths"
        ) from None
    if result.dtype == bool:
        result = result.astype(np.uint8)
    if not np.issubdtype(result.dtype, np.number) or np.iscomplexobj(result):
        raise TypeError(f"{what} must be an array of numbers {layout}; received {result.dtype}")
    allowed = (ndim,) if isinstance(ndim, int) else ndim
    if result.ndim not in allowed:
        hint = ""
        if result.ndim - 1 in allowed and result.shape[0] == 1:
            hint = f"; pass {what}[0]"
        elif result.ndim + 1 in allowed:
            hint = f"; pass {what}[None] if it is a single one"
        raise ValueError(f"{what} must be {layout}; received shape {result.shape}{hint}")
    if result.size == 0:
        raise ValueError(f"{what} must not be empty; received shape {result.shape}")
    count = int(np.sum(~np.isfinite(np.ma.filled(result, 0))))
    if count:
        raise ValueError(
            f"{what} must be finite; received {count} NaN or infinite values: look for where they"
            " arise, or use np.nan_to_num"
        )
    return result
