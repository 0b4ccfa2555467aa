"""Where the file of a real data set is: in a given directory, in KERASCNN_DATA, or at Keras's."""

import os
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np


def find(file, data_dir):
    """Find the file of a data set; `None` says that it must be downloaded.

    Raises:
        FileNotFoundError: `data_dir` was given and does not hold it.
    """
    if data_dir is not None:
        path = Path(data_dir) / file
        if not path.is_file():
            raise FileNotFoundError(f"data_dir must hold {file}; there is none in '{data_dir}'.")
        return path
    if directory := os.environ.get("KERASCNN_DATA"):
        path = Path(directory) / file
        if path.is_file():
            return path
    return None


def read(path, keys):
    """Read arrays from an .npz file, in the order of `keys`.

    Raises:
        OSError: The file is damaged or something else.
        ValueError: An array is missing.
    """
    try:
        with open(path, "rb") as file:
            archive = np.load(file, allow_pickle=False)
            if not isinstance(archive, np.lib.npyio.NpzFile):
                raise zipfile.BadZipFile("not an .npz archive")
            arrays = {key: archive[key] for key in keys if key in archive}
    except (OSError, EOFError, ValueError, zipfile.BadZipFile, zlib.error) as error:
        # NumPy takes what it does not know for a pickle, and says so in a ValueError.
        reason = "not an .npz archive" if isinstance(error, ValueError) else error
        raise damaged(path, reason) from None
    if missing := [key for key in keys if key not in arrays]:
        raise ValueError(
            f"'{path}' must hold the arrays {', '.join(keys)}; {missing[0]} is missing."
        )
    return [arrays[key] for key in keys]


def damaged(path, reason):
    """The error for a file that cannot be read."""
    return OSError(f"'{path}' cannot be read ({reason}): copy or download it again.")


def download(title, file, load_data: Callable):
    """Have Keras download a data set, or keep what it has in its cache.

    Raises:
        OSError: There is no network, or it broke off.
    """
    try:
        return load_data()
    # Keras raises a bare Exception when it cannot fetch a file (and removes what it began).
    except Exception as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise OSError(
            f"{title} could not be downloaded ({reason}): give data_dir= or set KERASCNN_DATA to a "
            f"directory that holds {file}, or load 'digits', which needs no network."
        ) from None
