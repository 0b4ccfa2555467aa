"""SHA-256 checksums at the end of .h5 files, which readers of HDF5 ignore."""

import hashlib
from pathlib import Path

SUM = "\nsha256 "  # before the checksum of what precedes it
CHUNK = 2**20  # bytes that are read at once


def add_sum(path: Path) -> None:
    """Append the SHA-256 of a file to it."""
    with open(path, "rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    with open(path, "ab") as file:
        file.write(f"{SUM}{digest}".encode())


def check_sum(path: Path) -> None:
    """Compare a file with the SHA-256 at its end, if it has one.

    Raises:
        OSError: If they differ, or the file cannot be read.
    """
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        left = path.stat().st_size - len(SUM) - 2 * digest.digest_size
        while left > 0:
            part = file.read(min(left, CHUNK))
            digest.update(part)
            left -= len(part)
        end = file.read().decode("ascii", "replace")
    if end.startswith(SUM) and end != SUM + digest.hexdigest():
        raise OSError("its checksum does not match")
