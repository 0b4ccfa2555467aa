"""Checks of the arrays that are passed to the drawing functions."""

from numbers import Real
from os import PathLike

import numpy as np

from kerascnn._text import class_texts


def array(what: str, values, layout: str, ndim: int | tuple[int, ...]) -> np.ndarray:
    """Return `values` as a nonempty numeric array with `ndim` axes and no NaN.

    A masked array stays masked; masked cells are not checked.

    Args:
        what: the name of the argument, for the error.
        values: array or nested lists.
        layout: the expected axes, such as "(N, H, W)", for the error.
        ndim: the number of axes, or the numbers allowed.

    Raises:
        TypeError: If `values` is not numeric.
        ValueError: If the number of axes is wrong, there are no values, or some are not finite.
    """
    try:
        result = np.ma.asarray(values) if np.ma.isMaskedArray(values) else np.asarray(values)
    except ValueError:  # nested lists of unequal lengths
        raise ValueError(
            f"{what} must be an array {layout}; received lists of unequal lengths"
        ) from None
    if result.dtype == bool:
        result = result.astype(np.uint8)
    if result.dtype == object and all(isinstance(value, Real) for value in result.flat):
        result = result.astype(np.float64)  # fractions
    if not np.issubdtype(result.dtype, np.number) or np.iscomplexobj(result):
        raise TypeError(
            f"{what} must be an array of numbers {layout}; received {_received(values, result)}"
        )
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


def _received(values: object, array: np.ndarray) -> str:
    """Describe what was received instead of numbers."""
    if isinstance(values, str | PathLike):
        return f"the text {str(values)!r}"
    return str(array.dtype) if array.ndim else type(values).__name__


def pictures(what: str, values, lead: str = "", *, advice: str = "divide by 255") -> np.ndarray:
    """Return images as float32 in [0, 1], (…, H, W) or (…, H, W, 3).

    Args:
        what: the name of the argument, for the error.
        values: (…, H, W), (…, H, W, 1) or (…, H, W, 3), float in [0, 1], uint8 or bool.
        lead: the axes before H, such as "N" or "U, count".
        advice: what to do about floats outside [0, 1], for the error.

    Raises:
        TypeError: If `values` is not numeric.
        ValueError: If the shape is wrong, or a value is outside [0, 1] or not finite.

    >>> pictures("images", np.full((2, 4, 6, 1), 51, np.uint8), "N")[0, 0, :2].tolist()
    [0.20000000298023224, 0.20000000298023224]
    """
    result = color_layout(what, values, lead)
    if result.dtype == np.uint8 and np.asarray(values).dtype != bool:
        return result / np.float32(255)
    low, high = result.min(), result.max()
    if low < 0 or high > 1:
        if low >= 0 and "255" not in advice:
            advice = f"divide by 255, or {advice}"
        raise ValueError(
            f"{what} must be uint8, or float in [0, 1]; received {result.dtype} in"
            f" [{low:g}, {high:g}]: {advice}"
        )
    return result.astype(np.float32)


def class_indices(what: str, values, layout: str, ndim: int, *, least: int = 0) -> np.ndarray:
    """Return class indices as integers.

    Args:
        what, values, layout, ndim: see `array`.
        least: the smallest index allowed; -1 if that means no class.

    Raises:
        TypeError: As for `array`.
        ValueError: As for `array`, or if a value is not a whole number of at least `least`.

    >>> class_indices("mask", [[0.0, 1.0]], "(H, W)", 2)
    array([[0, 1]])
    """
    result = array(what, values, layout, ndim)
    if not np.array_equal(result, np.rint(result)):
        raise ValueError(f"{what} must be whole numbers; received {result.dtype}: use argmax")
    if result.min() < least:
        raise ValueError(
            f"{what} must be class indices of at least {least}; received {result.min():g}: "
            f"use {least} where there is no class"
        )
    return result.astype(int)


def check_names(class_names, highest: int) -> None:
    """Check that there is a name for each class up to the highest, unless there are none.

    Raises:
        ValueError: If there are too few names.
    """
    if class_names is not None and highest >= len(class_names):
        raise ValueError(
            f"class_names must name each class, up to {highest}; received {len(class_names)} names"
        )


def in_words(what: str, words, class_names) -> list[str] | None:
    """Replace class indices by the names of their classes; texts stay unchanged.

    >>> in_words("labels", [1, "seen"], ["cat", "dog"])
    ['dog', 'seen']
    """
    if words is None or class_names is None:
        return words
    class_names = class_texts(class_names)
    written = []
    for word in np.asarray(words).tolist() if isinstance(words, np.ndarray) else words:
        if isinstance(word, int | np.integer):
            if not 0 <= word < len(class_names):
                raise ValueError(
                    f"{what} must be class indices below {len(class_names)}, the number of "
                    f"class_names, or texts; received {word}"
                )
            word = class_names[word]
        written.append(str(word))
    return written


def single(picture):
    """Return the image in a batch of one, (1, H, W, C), as callbacks of `visualize` receive it.

    >>> single(np.zeros((1, 4, 6, 3))).shape
    (4, 6, 3)
    """
    return picture[0] if np.ndim(picture) == 4 and len(picture) == 1 else picture


def color_layout(what: str, values, lead: str = "") -> np.ndarray:
    """Return an array of images in any range, (…, H, W) or (…, H, W, 3); `lead` as above."""
    axes = f"{lead}, H, W" if lead else "H, W"
    ndim = axes.count(",") + 1
    result = array(what, values, f"({axes}), ({axes}, 1) or ({axes}, 3)", (ndim, ndim + 1))
    if result.ndim == ndim:
        return result
    if result.shape[-1] not in (1, 3):
        raise ValueError(f"{what} must have 1 or 3 channels; received shape {result.shape}")
    return result[..., 0] if result.shape[-1] == 1 else result
