"""Which run and epoch an .h5 file is of, in its attributes.

A checksum tells that a file is damaged, but not that another one was put in its place.
"""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import h5py

from ._checksum import add_sum, check_sum

PREFIX = "kerascnn_"  # of the attributes
RUN_ID = "run_id"  # the entry of config.json


class Origin(NamedTuple):
    """Where the weights of a file come from.

    Attributes:
        run_id: the run, as in its config.json.
        epoch: complete epochs.
        best_epoch: the best of them.
        history: digest of the history up to that epoch.
    """

    run_id: str
    epoch: int
    best_epoch: int
    history: str


def digest_of(history: Mapping[str, list[float]]) -> str:
    """Return the SHA-256 of a history, whether it is in memory or was read from its file."""
    columns = {name: list(map(float, values)) for name, values in history.items()}
    return hashlib.sha256(json.dumps(columns).encode()).hexdigest()


def sign(path: Path, origin: Origin) -> None:
    """Write the origin of a file into it, then its checksum."""
    with h5py.File(path, "r+") as file:
        for name, value in origin._asdict().items():
            file.attrs[PREFIX + name] = value
    add_sum(path)


def check_origin(path: Path, run_id: str | None, epoch: int | None = None) -> Origin:
    """Check that an .h5 file is whole, of a certain run, and of an epoch if that is known.

    Raises:
        OSError: If it is missing, damaged, or of another run or epoch.
    """
    check_sum(path)
    with h5py.File(path) as file:
        there = {name: file.attrs.get(PREFIX + name) for name in Origin._fields}
    if missing := [PREFIX + name for name, value in there.items() if value is None]:
        raise OSError(f"it has no attribute {missing[0]!r}, so its run and epoch are unknown")
    origin = Origin(
        there["run_id"], int(there["epoch"]), int(there["best_epoch"]), there["history"]
    )
    if origin.run_id != run_id:
        raise OSError("it is of another run")
    if epoch is not None and origin.epoch != epoch:
        raise OSError(f"it is of epoch {origin.epoch}, not {epoch}")
    return origin


def run_id_of(run_dir: Path) -> str:
    """Return the id of a run, from its config.json.

    Raises:
        OSError: If the file cannot be read, or has no id.
    """
    path = run_dir / "config.json"
    try:
        return str(json.loads(path.read_text("utf-8"))[RUN_ID])
    except (OSError, ValueError, LookupError, TypeError) as error:
        reason = getattr(error, "strerror", None) or f"it has no entry {RUN_ID!r}"
        raise OSError(
            f"'{path}' must have the id of the run, {RUN_ID!r}; it cannot be read ({reason})."
        ) from None
