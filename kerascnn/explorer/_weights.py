"""Arrays as text: float32, float16, or whole steps whose size each filter has for itself."""

from __future__ import annotations

import base64
from typing import Any

import numpy as np

TYPES = ("float32", "float16", "int8")
STEPS = {"int8": 127, "int16": 32767}  # the largest number of steps
LARGEST_HALF = 65504.0  # of float16


def coded(array: np.ndarray, dtype: str) -> dict[str, Any]:
    """Code an array.

    Args:
        array: of any shape; the last axis counts the filters.
        dtype: "float32", "float16", "int8" or "int16". Vectors, such as biases, stay float32, and
            so do numbers that are too large for float16.
    """
    dtype = _kept_in(array, dtype)
    entry: dict[str, Any] = {"shape": list(array.shape), "type": dtype}
    if dtype in STEPS:
        rows = array.reshape(-1, array.shape[-1])
        scale = abs(rows).max(axis=0, initial=0) / STEPS[dtype]
        scale[scale == 0] = 1
        scale = scale.astype("float32")
        entry["scale"] = _text(scale)
        array = np.round(rows / scale)
    return {**entry, "data": _text(array.astype(dtype))}


def size_of(array: np.ndarray, dtype: str) -> int:
    """Return how many bytes of text an array takes."""
    return -(-array.size * np.dtype(_kept_in(array, dtype)).itemsize // 3) * 4


def _kept_in(array: np.ndarray, dtype: str) -> str:
    exact = array.ndim < 2 or (dtype == "float16" and abs(array).max(initial=0) > LARGEST_HALF)
    return "float32" if exact else dtype


def decoded(entry: dict[str, Any]) -> np.ndarray:
    """Return the float32 array that the page reads from a coded one."""
    array = _numbers(entry["data"], entry["type"]).astype("float32")
    if "scale" in entry:
        scale = _numbers(entry["scale"], "float32")
        array = array.reshape(-1, len(scale)) * scale
    return array.reshape(entry["shape"])


def _text(array: np.ndarray) -> str:
    """The bytes of an array, the lowest first, in base64."""
    order = array.dtype.newbyteorder("<")
    return base64.b64encode(np.ascontiguousarray(array, order).tobytes()).decode()


def _numbers(text: str, kind: str) -> np.ndarray:
    return np.frombuffer(base64.b64decode(text), np.dtype(kind).newbyteorder("<"))
