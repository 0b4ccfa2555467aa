"""The file of a real data set: in a given directory, in KERASCNN_DATA, or downloaded by Keras."""

import os
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np


def find(file, data_dir):
    """Find the file of a data set; return `None` if it must be downloaded.

    Raises:
        FileNotFoundError: If `data_dir` is given and does not contain the file.
    """
    if data_dir is not None:
        path = Path(data_dir) / file
        if not path.is_file():
            raise FileNotFoundError(f"data_dir must contain {file}; '{data_dir}' does not.")
        return path
    if directory := os.environ.get("KERASCNN_DATA"):
        path = Path(directory) / file
        if path.is_file():
            return path
    return None


def read(path, keys):
    """Read arrays from an .npz file, in the order of `keys`.

    Raises:
        OSError: If the file is damaged or not an .npz file.
        ValueError: If an array is missing.
    """
    try:
        with open(path, "rb") as file:
            archive = np.load(file, allow_pickle=False)
            if not isinstance(archive, np.lib.npyio.NpzFile):
                raise zipfile.BadZipFile("not an .npz archive")
            arrays = {key: archive[key] for key in keys if key in archive}
    except (OSError, EOFError, ValueError, zipfile.BadZipFile, zlib.error) as error:
        # NumPy assumes that an unknown file is a pickle and raises a ValueError.
        reason = "not an .npz archive" if isinstance(error, ValueError) else error
        raise damaged(path, reason) from None
    if missing := [key for key in keys if key not in arrays]:
        raise ValueError(
            f"'{path}' must contain the arrays {', '.join(keys)}; {missing[0]} is missing."
        )
    return [arrays[key] for key in keys]


def damaged(path, reason):
    """Make the error for a file that cannot be read."""
    return OSError(f"'{path}' cannot be read ({reason}): copy or download it again.")


def download(title, file, load_data: Callable):
    """Download a data set with Keras, or load it from Keras's cache.

    Raises:
        OSError: If the download fails.
    """
    try:
        return load_data()
    # Keras raises a bare Exception if a download fails (and removes the partial file).
    except Exception as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise OSError(
            f"{title} could not be downloaded ({reason}): set data_dir= or KERASCNN_DATA to a "
            f"directory that contains {file}, or load 'digits', which needs no network."
        ) from None
