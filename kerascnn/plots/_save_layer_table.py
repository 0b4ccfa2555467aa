"""The table of a network's layers as a file: an image, or slides with editable tables."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ._layer_table import description_of, layer_table
from ._save import drawn, ending_of, write

FORMATS = ("svg", "png", "pdf", "pptx")


def save_layer_table(
    model: Any,
    path: str | Path,
    *,
    columns: Sequence[str] | None = None,
    title: str | None = None,
) -> Path:
    """Write the table that `describe` prints to an image or to slides.

    Args:
        model, columns, title: as for `layer_table`.
        path: file name ending in .svg, .png or .pdf (an image as tall as the table) or .pptx (as
            many slides as the rows need, with tables that are editable in PowerPoint, LibreOffice
            and Keynote). For text, Markdown, LaTeX, CSV and HTML, see `Description`.

    Returns:
        The path.

    Raises:
        TypeError, ValueError: As for `layer_table`; or if the file extension is unknown, or the
            columns do not fit a slide.
        ImportError: If python-pptx is not installed and `path` ends in .pptx.
        OSError: If the file cannot be written.

    >>> import tempfile, kerascnn as kc
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save_layer_table(kc.build_lenet5(), f"{folder}/lenet5.svg").stat().st_size > 1000
    True
    """
    path = Path(path)
    ending = ending_of(path, FORMATS)
    if ending == "pptx":
        try:
            from ._table_slides import slides
        except ImportError as error:
            raise ImportError("slides need python-pptx: pip install 'kerascnn[pptx]'.") from error
        data = slides(description_of(model, columns).cells(), title)
    else:
        data = drawn(layer_table(model, columns=columns, title=title).figure, ending)
    return write(path, data)
