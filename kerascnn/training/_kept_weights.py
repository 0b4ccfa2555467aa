"""The weights of epochs that a run keeps, one file each, in `epochs/` of its directory."""

from os import PathLike
from pathlib import Path

FOLDER = "epochs"


def kept_file(run_dir: str | PathLike, epoch: int) -> Path:
    """Return the file of an epoch; epoch 0 is the start."""
    return Path(run_dir) / FOLDER / f"{epoch:04d}.weights.h5"


def kept_weights(run_dir: str | PathLike) -> dict[int, Path]:
    """Find the files of the epochs that a run has kept, in order."""
    files = (Path(run_dir) / FOLDER).glob("*.weights.h5")
    epochs = ((file.name.partition(".")[0], file) for file in files)
    return dict(sorted((int(epoch), file) for epoch, file in epochs if epoch.isdecimal()))
