"""Images in optional packages; their files are read without importing the packages."""

from importlib.util import find_spec
from pathlib import Path

EXTRA = 'pip install "kerascnn[medical]"'


def packaged(name: str, package: str, *parts: str) -> Path:
    """Return the path of a file in an optional package, without importing the package.

    Args:
        name: name of the data set, for the error message.
        package: the package.
        *parts: the path of the file in the package.

    Raises:
        ImportError: If the package is not installed.
        OSError: If it does not contain the file.
    """
    spec = find_spec(package)
    folders = list(spec.submodule_search_locations or ()) if spec else []
    if not folders:
        raise ImportError(
            f"the data set {name!r} is read from the package {package}, which is not installed: "
            f"install it with {EXTRA}."
        )
    path = Path(folders[0], *parts)
    if not path.is_file():
        raise OSError(
            f"the data set {name!r} is read from the file {'/'.join(parts)} of the package "
            f"{package}, which this version does not contain: install another with {EXTRA}."
        )
    return path
