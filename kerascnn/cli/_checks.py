"""Checks of names and paths before the slow import of TensorFlow."""

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import kerascnn
from kerascnn import datasets, weights  # lazy: these import nothing heavy yet
from kerascnn._checks import check_count
from kerascnn._errors import unknown
from kerascnn.models._signatures import COMMON, signatures
from kerascnn.trained._recognize import is_run, is_whole_model

# The registry of architectures needs Keras; the stub of their builders does not.
PARTS = ("build_inception_module",)  # builders of modules, not networks
ARCHITECTURES = tuple(
    name.removeprefix("build_")
    for name in dir(kerascnn.models)
    if name.startswith("build_") and name not in PARTS
)


def check_network(what: str, name: str) -> None:
    """Reject anything but an architecture, a `.keras` file or a run directory."""
    if name in ARCHITECTURES:
        return
    path = Path(name).expanduser()
    if is_whole_model(name):
        if not path.is_file():
            raise OSError(f"{what} must be an existing .keras file; '{name}' does not exist.")
    elif path.is_dir():
        check_run(what, name)
    elif path.is_file():
        raise ValueError(
            f"{what} must be an architecture, a .keras file or a run directory; received the file "
            f"'{name}'. Pass a weights file as --weights, together with its architecture."
        )
    else:
        raise unknown(
            what, name, ARCHITECTURES, otherwise="an existing .keras file or run directory"
        )


def check_options(architecture: str, given: Mapping[str, Any], variant: str | None = None) -> None:
    """Reject options that the builder of an architecture does not accept.

    Args:
        architecture: its name.
        given: arguments by name.
        variant: the value of `--variant`.
    """
    takes = signatures()[architecture]
    for key in given:
        if key not in takes.options:
            own_first = takes.options[len(COMMON) :] + COMMON
            raise unknown(f"--option of {architecture}", key, own_first)
    if "classes" in given:
        check_count("classes", given["classes"])
    said: dict[str, Any] = {"--variant": variant}
    if takes.variant_option:
        said[f"--option {takes.variant_option}"] = given.get(takes.variant_option)
    for what, name in said.items():
        if name is not None and not takes.variants:
            raise ValueError(f"--variant must be omitted: {architecture} has only one variant.")
        if name is not None and name not in takes.variants:
            raise unknown(what, name, takes.variants)


def check_folder(path: Path) -> None:
    """Reject a file whose folder does not exist or is not writable."""
    try:
        tempfile.TemporaryFile(dir=path.parent).close()
    except OSError as error:
        raise OSError(
            f"the output's folder must exist and be writable; received '{path.parent}': "
            f"{error.strerror}."
        ) from error


def check_run(what: str, path: str) -> None:
    """Reject anything but a run directory."""
    if not is_run(path):
        there = (
            "they are missing" if Path(path).expanduser().is_dir() else "there is no such folder"
        )
        raise OSError(
            f"{what} must be a run directory, with config.json and model.json; "
            f"received '{path}': {there}."
        )


def check_weights(architecture: str, name: str) -> None:
    """Reject anything but a set of weights of the architecture or a file."""
    known = dict.fromkeys(found.name for found in weights.available(architecture))
    if name not in known and not Path(name).expanduser().is_file():
        if not known:
            raise ValueError(
                f"weights must be an existing file for {architecture}, which has no sets; received "
                f"{name!r}."
            )
        raise unknown("weights", name, known, otherwise="an existing file")


def check_data(name: str) -> None:
    """Reject anything but a data set or a folder."""
    if not Path(name).expanduser().is_dir() and name not in datasets.names():
        if Path(name).suffix or "/" in name:
            raise OSError(f"--data must be a data set or a folder; '{name}' does not exist.")
        raise unknown("--data", name, datasets.names(), otherwise="an existing folder of images")
