"""Files from the network: downloaded once, checked by their hash, whole or not there."""

import hashlib
import os
import tempfile
from pathlib import Path
from typing import NamedTuple
from urllib.error import HTTPError

MD5_DIGITS = 32


class RemoteFile(NamedTuple):
    """A file to download; `digest` is its md5, or the beginning of its sha256."""

    name: str
    url: str
    digest: str

    @property
    def md5(self) -> str | None:
        """The md5, where that is the hash which is known."""
        return self.digest if len(self.digest) == MD5_DIGITS else None

    def is_at(self, path: Path) -> bool:
        """Whether the file at `path` is this one."""
        with open(path, "rb") as file:
            digest = hashlib.file_digest(file, "md5" if self.md5 else "sha256")
        return digest.hexdigest().startswith(self.digest)


def fetch(file: RemoteFile, purpose: str) -> Path:
    """Find a file in `KERASCNN_DATA` or Keras's cache, or download it into that cache.

    Args:
        file: what to fetch.
        purpose: what it is needed for; the first words of an error.

    Returns:
        The path of the file, whose hash was checked.

    Raises:
        OSError: there is no network, the download broke, or the hash is another.
    """
    cache = Path(os.environ.get("KERAS_HOME") or Path.home() / ".keras") / "models"
    if data := os.environ.get("KERASCNN_DATA"):
        path = Path(data) / file.name
        if path.is_file():
            if file.is_at(path):
                return path
            raise OSError(
                f"{purpose} must be the file with the hash {file.digest}; received {path}, which "
                "has another: it is damaged or another version. Download it again, or remove it."
            )
    path = cache / file.name
    if path.is_file() and file.is_at(path):
        return path
    return _download(file, cache, purpose)


def _download(file: RemoteFile, cache: Path, purpose: str) -> Path:
    """Download beside the cache's files, and put the file among them when it is whole."""
    import keras  # here, since a list of the sets needs no Keras

    elsewhere = (
        f"Try again; or download {file.url} elsewhere and give its path as weights=, or a folder "
        "that holds it in the environment variable KERASCNN_DATA."
    )
    try:
        cache.mkdir(parents=True, exist_ok=True)
        folder = tempfile.TemporaryDirectory(prefix=".download-", dir=cache)
    except OSError as error:
        raise OSError(
            f"{purpose} must be downloaded into a folder that can be written; received {cache}: "
            f"{error.strerror}. Name another one in the environment variable KERAS_HOME."
        ) from error
    with folder:  # whatever happens, the half file goes with it
        try:
            part = keras.utils.get_file(
                file.name, file.url, file_hash=file.md5, cache_subdir=folder.name
            )
        except Exception as error:  # get_file raises bare Exceptions
            if isinstance(error.__context__, HTTPError):
                error.__context__.close()  # it keeps the connection
            raise OSError(
                f"{purpose} must be downloaded once; received: {_one_line(error)} {elsewhere}"
            ) from error
        if not file.is_at(part):
            raise OSError(
                f"{purpose} must have the hash {file.digest}; received a file with another one. "
                f"{elsewhere}"
            )
        return Path(part).replace(cache / file.name)


def _one_line(error: Exception) -> str:
    return (" ".join(str(error).split()) or repr(error)).rstrip(".") + "."
