"""Architecture diagrams as files: vector graphics, LaTeX, or slides with editable shapes."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import matplotlib.pyplot as plt

from ._architecture import draw
from ._diagram.certificate import certify
from ._diagram.choose import chosen
from ._save import drawn, ending_of, write

FORMATS = ("svg", "png", "pdf", "tex", "pptx")


def save_architecture(
    model: object | Iterable,
    path: str | Path,
    *,
    kind: str | None = None,
    detail: str | None = None,
    title: str | None = None,
) -> Path:
    """Write a diagram of a network to a file, after checking it against the network.

    Args:
        model, kind, detail, title: see `architecture`.
        path: file name ending in .svg, .png or .pdf (drawn by matplotlib), .tex (a standalone LaTeX
            document that requires only TikZ) or .pptx (a slide of native shapes, editable in
            PowerPoint, LibreOffice and Keynote).

    Returns:
        The path.

    Raises:
        TypeError, ValueError: See `architecture`; also if the file extension is unknown.
        ImportError: If python-pptx is not installed, for slides.
        OSError: If the file cannot be written.

    >>> import tempfile
    >>> from types import SimpleNamespace as Record
    >>> net = [Record(name="input", kind="InputLayer", output_shape=(28, 28, 1)),
    ...        Record(name="conv1", kind="Conv2D", output_shape=(28, 28, 6))]
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save_architecture(net, f"{folder}/net.tex").read_text()[:14]
    '\\\\documentclass'
    """
    path = Path(path)
    ending = ending_of(path, FORMATS)
    calls, plan = chosen(model, kind=kind, detail=detail)
    certify(plan, calls)
    if ending == "tex":
        from ._diagram.tikz import tikz

        data = tikz(plan, title).encode()
    elif ending == "pptx":
        try:
            from ._diagram.slides import slides
        except ImportError as error:
            raise ImportError("slides need python-pptx: pip install 'kerascnn[pptx]'.") from error
        data = slides(plan, title)
    else:
        figure, ax = plt.subplots()
        draw(plan, title=title, ax=ax)
        data = drawn(figure, ending)
    return write(path, data)
