"""The files of a figure, and the metadata in them for the page that shows them."""

import importlib
import io
import json
import re
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from urllib.parse import quote, unquote

import numpy as np
from matplotlib.figure import Figure
from matplotlib.image import imsave

from ._alt_text import with_alt_text

BACKENDS = {"svg": "svg", "png": "agg", "pdf": "pdf"}  # of matplotlib, by format
#: The formats that `draw` writes.
FORMATS = tuple(BACKENDS)
PNG_DPI = 200  # about 1920 pixels wide, like a slide
MARK = re.compile(rb"kerascnn:([\w.~%-]+);")
HEAD = 2**16  # the label is in the first bytes of an image, but in the last ones of a PDF


@dataclass(frozen=True)
class Label:
    """The metadata of a file.

    Attributes:
        lang: the language of the text in the image.
        style: the style of the image, such as "slides".
        words: title and alt text in all languages.
        options: the options that the user set, by name: numbers, names and lists of them, or `None`
            for a photo or a network.
        steps: number of steps of an animation; 0 for a still figure.
        photos: names of the photos and data sets in the figure.
    """

    lang: str
    style: str
    words: dict[str, tuple[str, str]]
    options: dict[str, object]
    steps: int
    photos: list[str]

    def __str__(self) -> str:
        return f"kerascnn:{quote(json.dumps(asdict(self), ensure_ascii=False), safe='')};"


def read_label(path: Path) -> Label | None:
    """Return the label of an image, or `None` if it has none."""
    with path.open("rb") as file:
        found = MARK.search(file.read() if path.suffix == ".pdf" else file.read(HEAD))
    return Label(**json.loads(unquote(found[1].decode()))) if found else None


def file_of(drawing: Figure, kind: str, label: Label, *, dpi: int = PNG_DPI) -> Callable[[], bytes]:
    """Draw a figure, and return the function that makes a file of it, for another thread.

    Its result is reproducible to the byte. Half of the time of a PNG is its compression, during
    which Pillow lets other threads run.
    """
    title, alt = label.words[label.lang]
    metadata = {
        "svg": {"Date": None, "Keywords": [str(label)]},
        "png": {"Title": title, "Description": alt, "Comment": str(label)},
        "pdf": {"CreationDate": None, "Title": title, "Subject": alt, "Keywords": str(label)},
    }[kind]
    buffer = io.BytesIO()
    # Figure.savefig would draw each figure twice: the first time to lay it out, which is done.
    canvas = importlib.import_module(f"matplotlib.backends.backend_{BACKENDS[kind]}").FigureCanvas(
        drawing
    )
    drawing.dpi = dpi
    if kind == "png":
        canvas.draw()
        return partial(_compressed, np.asarray(canvas.buffer_rgba()), dpi, metadata)
    getattr(canvas, f"print_{kind}")(buffer, metadata=metadata)
    data = buffer.getvalue()
    return lambda: (
        with_alt_text(data.decode(), title, alt, label.lang).encode() if kind == "svg" else data
    )


def _compressed(pixels: np.ndarray, dpi: int, metadata: dict) -> bytes:
    """Return pixels as a PNG, as `savefig` writes it."""
    buffer = io.BytesIO()
    imsave(buffer, pixels, format="png", origin="upper", dpi=dpi, metadata=metadata)
    return buffer.getvalue()
