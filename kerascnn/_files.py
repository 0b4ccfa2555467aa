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
        OSError: if the folder is not writable.
    """
    new = path.with_name(f".new-{os.getpid()}.{path.name}")
    try:
        yield new
        new.replace(path)
    finally:
        new.unlink(missing_ok=True)


def write_atomically(path: Path, data: bytes) -> None:
    """Write a file completely or not at all.

    Raises:
        OSError: if the folder is not writable.
    """
    with replacing(path) as new:
        new.write_bytes(data)
