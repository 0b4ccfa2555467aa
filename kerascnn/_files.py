"""Files that are written whole or not at all."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Give a path beside a file to write to, then put what was written in the file's place.

    Whatever happens in the `with` block, no half file is left. The name ends as the file's does,
    since Keras goes by it.

    Raises:
        OSError: the folder cannot be written.
    """
    new = path.with_name(f".new-{os.getpid()}.{path.name}")
    try:
        yield new
        new.replace(path)
    finally:
        new.unlink(missing_ok=True)


def write_atomically(path: Path, data: bytes) -> None:
    """Write a file, all of it or nothing.

    Raises:
        OSError: the folder cannot be written.
    """
    with replacing(path) as new:
        new.write_bytes(data)
