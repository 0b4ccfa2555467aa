"""Downloads, each made only once, verified by hash and never left incomplete."""

import hashlib
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import NamedTuple
from urllib.error import HTTPError

MD5_DIGITS = 32
_offline: ContextVar[bool] = ContextVar("offline", default=False)


@contextmanager
def without_downloads() -> Iterator[None]:
    """Raise an `OSError` for a file that is not on disk, instead of downloading it."""
    token = _offline.set(True)
    try:
        yield
    finally:
        _offline.reset(token)


class RemoteFile(NamedTuple):
    """A file to download; `digest` is its MD5, or the beginning of its SHA-256."""

    name: str
    url: str
    digest: str

    @property
    def md5(self) -> str | None:
        """The MD5, if `digest` is one."""
        return self.digest if len(self.digest) == MD5_DIGITS else None

    def is_at(self, path: Path) -> bool:
        """Return whether the file at `path` is this one."""
        with open(path, "rb") as file:
            digest = hashlib.file_digest(file, "md5" if self.md5 else "sha256")
        return digest.hexdigest().startswith(self.digest)


def fetch(file: RemoteFile, purpose: str) -> Path:
    """Find a file in `KERASCNN_DATA` or in Keras's cache, or download it to the cache.

    Args:
        file: the file to fetch.
        purpose: what the file is needed for; the first words of an error message.

    Returns:
        The path to the file, whose hash has been verified.

    Raises:
        OSError: If the download fails or the file has the wrong hash.
    """
    path = find(file, purpose)
    if path is None and _offline.get():
        raise OSError(f"{purpose} must be on disk; {file.name} is not, and nothing is downloaded.")
    return path or _download(file, _cache(), purpose)


def find(file: RemoteFile, purpose: str) -> Path | None:
    """Find a file in `KERASCNN_DATA` or in Keras's cache; `None` if it must be downloaded.

    Raises:
        OSError: If the file in `KERASCNN_DATA` has the wrong hash.
    """
    if data := os.environ.get("KERASCNN_DATA"):
        path = Path(data) / file.name
        if path.is_file():
            if file.is_at(path):
                return path
            raise OSError(
                f"{purpose} must be the file with the hash {file.digest}; received {path}, which "
                "has a different hash: it is damaged or another version. Download it again or "
                "remove it."
            )
    path = _cache() / file.name
    return path if path.is_file() and file.is_at(path) else None


def _cache() -> Path:
    return Path(os.environ.get("KERAS_HOME") or Path.home() / ".keras") / "models"


def _download(file: RemoteFile, cache: Path, purpose: str) -> Path:
    """Download to a temporary directory, then move the complete file into the cache."""
    import keras  # here, since listing the sets does not need Keras

    elsewhere = (
        f"Try again, or download {file.url} elsewhere and pass its path as weights=, or set the "
        "environment variable KERASCNN_DATA to its directory."
    )
    try:
        cache.mkdir(parents=True, exist_ok=True)
        folder = tempfile.TemporaryDirectory(prefix=".download-", dir=cache)
    except OSError as error:
        raise OSError(
            f"{purpose} must be downloaded to a writable directory; received {cache}: "
            f"{error.strerror}. Set the environment variable KERAS_HOME to another directory."
        ) from error
    with folder:  # which also removes an incomplete file
        try:
            part = keras.utils.get_file(
                file.name, file.url, file_hash=file.md5, cache_subdir=folder.name
            )
        except Exception as error:  # get_file raises bare Exceptions
            if isinstance(error.__context__, HTTPError):
                error.__context__.close()  # it keeps the connection open
            raise OSError(
                f"{purpose} must be downloaded once; received: {_one_line(error)} {elsewhere}"
            ) from error
        if not file.is_at(part):
            raise OSError(
                f"{purpose} must have the hash {file.digest}; received a file with another hash. "
                f"{elsewhere}"
            )
        return Path(part).replace(cache / file.name)


def _one_line(error: Exception) -> str:
    return (" ".join(str(error).split()) or repr(error)).rstrip(".") + "."
