"""`export`: a Keras model as one HTML page."""

from __future__ import annotations

from collections.abc import Sequence
from os import PathLike
from pathlib import Path
from typing import Any

import keras

from kerascnn._files import must_be_writable, write_atomically
from kerascnn._graph import flatten

from ._graph import Arrays, read
from ._page import page
from ._weights import coded


def export(
    model: keras.Model,
    path: str | PathLike,
    *,
    class_names: Sequence[str] | None = None,
    title: str | None = None,
    lang: str = "en",
    dtype: str = "float32",
) -> Path:
    """Write a model as one HTML page, which opens by double-click and works offline."""
    data = page_data(model, class_names=class_names, title=title, lang=lang, dtype=dtype)
    path = Path(path)
    with must_be_writable(path):
        write_atomically(path, page(data).encode())
    return path


def page_data(
    model: keras.Model,
    *,
    class_names: Sequence[str] | None = None,
    title: str | None = None,
    lang: str = "en",
    dtype: str = "float32",
) -> dict[str, Any]:
    """Everything that the page knows of a model, as JSON has it."""
    arrays = Arrays()
    data = read(flatten(model), arrays)
    data["outputs"][0]["classes"] = None if class_names is None else list(map(str, class_names))
    return {
        "format": 1,
        "name": model.name,
        "title": title or model.name,
        "language": lang,
        **data,
        "arrays": [coded(array, dtype) for array in arrays.values()],
        "checkpoints": None,
        "history": None,
        "samples": [],
    }
