"""Plots as files, which are written completely or not at all."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt

from kerascnn._errors import unknown
from kerascnn._files import must_be_writable, write_atomically


def ending_of(path: Path, formats: Sequence[str]) -> str:
    """Return the extension of a file, in lower case and without its dot.

    Raises:
        ValueError: If it is not one of the formats.
    """
    ending = path.suffix[1:].lower()
    if ending not in formats:
        raise unknown("the ending of path", ending, formats)
    return ending


def drawn(figure: Any, ending: str) -> bytes:
    """Return a figure as the contents of a file, and close it."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format=ending)
    plt.close(figure)
    return buffer.getvalue()


def write(path: Path, data: bytes) -> Path:
    """Write a file completely or not at all.

    Raises:
        OSError: If the file cannot be written.
    """
    with must_be_writable(path):
        write_atomically(path, data)
    return path
