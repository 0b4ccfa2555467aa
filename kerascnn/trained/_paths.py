"""What a path refers to, determined without Keras."""

from pathlib import Path

CONFIG, MODEL = "config.json", "model.json"  # what `train` writes of a run and its network
WHOLE_MODEL = ".keras"


def is_run(path: str | Path) -> bool:
    """Return whether a path is the directory of a run that describes its network."""
    return all((Path(path).expanduser() / name).is_file() for name in (CONFIG, MODEL))


def is_whole_model(path: str | Path) -> bool:
    """Return whether a path names a file that holds layers and weights."""
    return Path(path).suffix == WHOLE_MODEL
