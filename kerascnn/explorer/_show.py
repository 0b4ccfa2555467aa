"""`show`: the page of a model in a notebook."""

from __future__ import annotations

from typing import Any

import keras
from markupsafe import escape

from kerascnn._checks import check_count

from ._export import page_data
from ._page import page


class Page:
    """The page of a model, which a notebook shows in a frame of its own.

    Attributes:
        html: the page.
        height: of the frame, in pixels.
    """

    def __init__(self, html: str, height: int) -> None:
        self.html = html
        self.height = height

    def _repr_html_(self) -> str:
        style = "width: 100%; border: 0"
        return (
            f'<iframe srcdoc="{escape(self.html)}" style="{style}" height="{self.height}" '
            'sandbox="allow-scripts" allow="camera"></iframe>'
        )

    def __repr__(self) -> str:
        return f"<Page of {len(self.html.encode()) / 1024:,.0f} KiB>"


def show(model: keras.Model, *, height: int = 800, **options: Any) -> Page:
    """Show the page of a model in a notebook; no server is needed, and no file is written.

    Args:
        model: As for `export`.
        height: Height of the frame in pixels.
        options: Those of `export`: `class_names`, `samples`, `checkpoints`, …

    Returns:
        A `Page`, which a notebook displays.

    Raises:
        TypeError, ValueError: As for `export`.

    >>> import kerascnn as kc
    >>> show(kc.build_logistic_regression())._repr_html_()[:15]
    '<iframe srcdoc='
    """
    return Page(page(page_data(model, **options)), check_count("height", height))
