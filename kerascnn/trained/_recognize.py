"""Recognize run directories and model files, without importing Keras."""

import json
import zipfile
from pathlib import Path
from typing import Any

CONFIG, MODEL = "config.json", "model.json"  # written by `train`
WHOLE_MODEL = ".keras"
METADATA, OWN = "metadata.json", "kerascnn"  # a member of such a file, and what `save` adds to it


def is_run(path: str | Path) -> bool:
    """Return whether a path is a run directory with a description of its network."""
    return all((Path(path).expanduser() / name).is_file() for name in (CONFIG, MODEL))


def is_whole_model(path: str | Path) -> bool:
    """Return whether a path is that of a file with layers and weights."""
    return Path(path).suffix == WHOLE_MODEL


def saved_with(path: str | Path) -> dict[str, Any]:
    """Return what `kerascnn.trained.save` added to a file; an empty dict if nothing."""
    try:
        with zipfile.ZipFile(Path(path).expanduser()) as file:
            return dict(json.loads(file.read(METADATA))[OWN])
    except (OSError, ValueError, LookupError, TypeError, zipfile.BadZipFile):
        return {}  # saved by Keras alone, or legacy HDF5


def class_names_in(path: str | Path) -> tuple[str, ...]:
    """Return the names of classes that `kerascnn.trained.save` wrote into a file; () if none."""
    return tuple(saved_with(path).get("class_names", ()))
