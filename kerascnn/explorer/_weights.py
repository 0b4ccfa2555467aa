"""Arrays as text: float32, float16, or whole steps of a size of their own per filter."""

from __future__ import annotations

import base64
from typing import Any

import numpy as np

TYPES = ("float32", "float16", "int8")
STEPS = {"int8": 127, "int16": 32767}  # the largest number of steps


def coded(array: np.ndarray, dtype: str) -> dict[str, Any]:
    """Code an array.

    Args:
        array: of any shape; the last axis counts the filters.
        dtype: "float32", "float16", "int8" or "int16".
    """
    entry: dict[str, Any] = {"shape": list(array.shape), "type": dtype}
    if dtype in STEPS:
        rows = array.reshape(-1, array.shape[-1]) if array.ndim else array.reshape(1, 1)
        scale = abs(rows).max(axis=0, initial=0) / STEPS[dtype]
        scale[scale == 0] = 1
        entry["scale"] = [float(f"{each:.9g}") for each in scale]
        array = np.round(rows / np.array(entry["scale"], "float32"))
    data = np.ascontiguousarray(array).astype(np.dtype(dtype).newbyteorder("<"))
    return {**entry, "data": base64.b64encode(data.tobytes()).decode()}


def decoded(entry: dict[str, Any]) -> np.ndarray:
    """Return the float32 array that the page reads from a coded one."""
    kind = np.dtype(entry["type"]).newbyteorder("<")
    array = np.frombuffer(base64.b64decode(entry["data"]), kind).astype("float32")
    if "scale" in entry:
        array = array.reshape(-1, len(entry["scale"])) * np.float32(entry["scale"])
    return array.reshape(entry["shape"])
