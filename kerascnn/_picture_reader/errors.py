"""Errors and warnings about image files."""

from contextlib import ContextDecorator
from dataclasses import dataclass


class PictureError(Exception):
    """A file cannot be read; the message says why in a few words."""


@dataclass
class Notes:
    """Warnings about how an image was read; "" if there are none.

    Attributes:
        window: the range of its values is unknown, or they use little of it.
        numbers: some of its values are not finite.
        pages: the file contains more images than the one that was read.
    """

    window: str = ""
    numbers: str = ""
    pages: str = ""


class InWords(ContextDecorator):
    """Convert any exception that a library raises for a damaged file to a `PictureError`."""

    def __enter__(self) -> None:
        pass

    def __exit__(self, _kind: object, error: BaseException | None, _traceback: object) -> None:
        if isinstance(error, MemoryError):
            raise PictureError("it does not fit in memory") from None
        if isinstance(error, Exception) and not isinstance(error, PictureError):
            said = getattr(error, "strerror", None) or str(error)
            reason = " ".join(said.split()).rstrip(".")[:200] or type(error).__name__
            raise PictureError(reason) from None
