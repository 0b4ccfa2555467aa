"""Recognize run directories and model files, without importing Keras."""

from pathlib import Path

CONFIG, MODEL = "config.json", "model.json"  # written by `train`
WHOLE_MODEL = ".keras"


def is_run(path: str | Path) -> bool:
    """Return whether a path is a run directory with a description of its network."""
    return all((Path(path).expanduser() / name).is_file() for name in (CONFIG, MODEL))


def is_whole_model(path: str | Path) -> bool:
    """Return whether a path is that of a file with layers and weights."""
    return Path(path).suffix == WHOLE_MODEL
