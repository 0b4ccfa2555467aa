"""Atomic writing of files."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yield a temporary path in the same folder, then move that file to `path`.

    If the `with` block fails, no partial file remains. The temporary name has the file's
    extension, from which Keras infers the format.

    Raises:
        OSError: If the folder is not writable.
    """
    new = path.with_name(f".new-{os.getpid()}.{path.name}")
    try:
        yield new
        new.replace(path)
    finally:
        new.unlink(missing_ok=True)


@contextmanager
def must_be_writable(path: Path) -> Iterator[None]:
    """Raise a one-line error if the `with` block cannot write a file.

    Raises:
        OSError: If the file cannot be written, or is a folder.
    """
    try:
        if path.is_dir():
            raise IsADirectoryError(0, "it is a folder")
        yield
    except (OSError, ValueError) as error:  # ValueError: a name with a null character
        raise OSError(
            f"path must be a file that can be written; received {str(path)!r}: "
            f"{getattr(error, 'strerror', error)}."
        ) from error


def write_atomically(path: Path, data: bytes) -> None:
    """Write a file completely or not at all.

    Raises:
        OSError: If the folder is not writable.
    """
    with replacing(path) as new:
        new.write_bytes(data)
