"""`show`: the page of a model in a notebook."""

from __future__ import annotations

from typing import Any

import keras

from ._export import page_data
from ._page import page


class Page:
    """A page, which a notebook shows in a frame of its own."""

    def __init__(self, html: str, height: int) -> None:
        self.html = html
        self.height = height

    def _repr_html_(self) -> str:
        from markupsafe import escape

        return (
            f'<iframe srcdoc="{escape(self.html)}" style="width:100%;border:0" '
            f'height="{self.height}" sandbox="allow-scripts"></iframe>'
        )


def show(model: keras.Model, *, height: int = 800, **options: Any) -> Page:
    """Show the page of a model in a notebook."""
    defaults = {"class_names": None, "title": None, "lang": "en", "dtype": "float32"}
    return Page(page(page_data(model, **{**defaults, **options})), height)
