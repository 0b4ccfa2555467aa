"""The files of a run; each is complete at any time.

| file | contents |
| --- | --- |
| config.json | id, recipe with all fields, seed, versions, commit, model, data, class names |
| model.json | the network as Keras describes it, without weights |
| history.csv | one row per complete epoch |
| best.weights.h5 | weights of the best epoch so far |
| last.weights.h5 | weights of the last complete epoch |
| epochs/0003.weights.h5 | weights of an epoch, if `keep_every` asks; 0000: of the start |
| backup/state.h5 | weights, optimizer, random states and progress, also within an epoch |
| backup/end.weights.h5 | what the run returned, if a callback changed it after the last epoch |

The .h5 files say which run and epoch they are of, and end with their SHA-256. The directory is
locked while a run is trained; many may read a finished one.
"""

import errno
import json
import math
import os
import shutil
import time
import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from os import PathLike
from pathlib import Path
from typing import Any

import h5py
import keras
import numpy as np

from kerascnn._errors import warn
from kerascnn._files import replacing, write_atomically

from ._history_file import read_history, write_history
from ._kept_weights import kept_file
from ._lock import lock, unlock
from ._origin import RUN_ID, Origin, check_origin, digest_of, sign
from ._run_config import identity
from ._schedules import better_is
from ._variables import load_weights_only, other_variables, restore, save_weights_only

STATE = "state"  # in the backup, so that weights and progress change in one rename
ELSEWHERE = "choose another directory"
RESUME = "solve this, then call train again to resume from what was saved"
HOUR = 3600  # seconds; no file is written for so long


class RunDirectory:
    """A directory that contains one run; it is locked until the `with` block ends.

    Args:
        path: the directory; it is created if necessary.
        config: the description of the run, from `describe_run`.
        resume: whether to resume a run that the directory contains.
        keep_every: keep the weights of the start, of every so many epochs and of the last one.
        free: keys of `identity` that may differ from those of a run that the directory contains.

    Raises:
        ValueError: If the directory contains another run, or a run although `resume` is False.
        OSError: If the directory cannot be written, or another call trains in it.
    """

    def __init__(
        self,
        path: str | PathLike,
        config: dict[str, Any],
        *,
        resume: bool,
        keep_every: int | None = None,
        free: Iterable[str] = (),
    ) -> None:
        self.path = Path(os.path.expanduser(path))
        self.keep_every = keep_every
        self.free = free
        self.best = self.path / "best.weights.h5"
        self.last = self.path / "last.weights.h5"
        self.backup = self.path / "backup" / "state.h5"
        self.end = self.path / "backup" / "end.weights.h5"
        self.history = self.path / "history.csv"
        self._lock = None
        self.config = self._described(config, resume)
        with self._writing(ELSEWHERE):
            self.backup.parent.mkdir(parents=True, exist_ok=True)
            if keep_every:
                kept_file(self.path, 0).parent.mkdir(exist_ok=True)
        shared = not self._goes_on(config)
        try:
            self._lock = lock(self.path, shared=shared)
        except BlockingIOError:
            raise OSError(
                f"run_dir '{self.path}' is in use by another call of train: wait until it ends, "
                f"or choose another directory."
            ) from None
        try:
            self.config = self._described(config, resume)  # another call may have changed it
            for key in self.free:
                if self._goes_on(config) and self.config[key] != config[key]:
                    self._warn(
                        f"{key} is {config[key]!r} from now on; to go on as before, pass "
                        f"{key}={self.config[key]!r}"
                    )
            with self._writing(ELSEWHERE):
                if not shared:
                    self._remove_unfinished()
                self._write_config()
        except BaseException:
            self.__exit__()
            raise

    def __enter__(self) -> "RunDirectory":
        return self

    def __exit__(self, *error: object) -> None:
        unlock(self._lock)
        self._lock = None

    def _goes_on(self, config: dict[str, Any]) -> bool:
        """Return whether the run is not finished yet."""
        return self.config.get("finished", 0) < config["recipe"]["epochs"]

    def _remove_unfinished(self) -> None:
        """Remove files that a process was writing when it was killed."""
        for rest in self.path.glob("**/.new-*"):
            with suppress(OSError):
                if self._lock is not None or time.time() - rest.stat().st_mtime > HOUR:
                    rest.unlink()

    @contextmanager
    def _writing(self, advice: str = RESUME) -> Iterator[None]:
        """Raise an error of one line if something cannot be written, as on a full disk."""
        try:
            yield
        except (OSError, RuntimeError, ValueError, KeyError) as error:  # also of HDF5
            code = getattr(error, "errno", None)
            reason = os.strerror(code) if code else str(error).partition("\n")[0] or "unknown"
            raise OSError(
                f"run_dir '{self.path}' cannot be written ({reason}): {advice}."
            ) from None

    @property
    def run_id(self) -> str:
        """What distinguishes this run from all others, also from those with the same recipe."""
        return self.config[RUN_ID]

    def _described(self, config: dict[str, Any], resume: bool) -> dict[str, Any]:
        """Return the description of the run: that of the directory, if it contains the same."""
        file = self.path / "config.json"
        with self._writing(ELSEWHERE):
            files = (file, self.best, self.last, self.backup, self.history)
            there = any(one.exists() for one in files)
        if not there:
            return {RUN_ID: uuid.uuid4().hex, **config}
        if not resume:
            raise ValueError(
                f"run_dir '{self.path}' already contains a run and resume is False: "
                f"choose another directory, or pass resume=True."
            )
        try:
            there = json.loads(file.read_text("utf-8"))
            theirs = identity(there)
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            raise ValueError(
                f"run_dir '{self.path}' holds no readable config.json of a run: "
                f"choose another directory."
            ) from None
        for key, mine in identity(config).items():
            if theirs.get(key) != mine and key not in self.free:
                raise ValueError(
                    f"run_dir '{self.path}' holds another run: {key} is {theirs.get(key)!r} there "
                    f"and {mine!r} here. Choose another directory, where the model starts from its "
                    f"current weights, as for fine-tuning; or use the same {key} to resume."
                )
        if not there.get(RUN_ID):
            raise ValueError(
                f"'{file}' must have the id of the run, {RUN_ID!r}, and has none: choose another "
                f"directory to start again."
            )
        # The run is described as it began; only its length may change.
        mine = config["recipe"]["epochs"]
        there["recipe"]["epochs"] = max(there["recipe"]["epochs"], mine)
        return there

    def load(
        self, model: keras.Model, epochs: int, monitor: str
    ) -> tuple[dict[str, Any] | None, list[np.ndarray] | None]:
        """Restore model and optimizer, and rebuild a file that was lost.

        Args:
            model: a compiled model.
            epochs: number of epochs to train in total.
            monitor: the column of the history that decides which epoch is better.

        Returns:
            The state that `save` was given, and the values of the `other_variables`; both `None`
            if nothing has been saved yet.

        Raises:
            OSError: If a file is damaged or missing, and no other contains what is needed of it.
        """
        try:
            state, saved = self._read_backup()
            restore(model.weights, saved["weights"])
            restore(model.optimizer.variables, saved["optimizer"])
        except (OSError, KeyError, ValueError) as error:
            return self._without_backup(model, epochs, monitor, str(error).splitlines()[0])
        if state["epochs"]:
            self._complete(model, state)
            self._write_history(state)  # if it was killed before it did
        return state, saved["others"]

    def _read_backup(self) -> tuple[dict[str, Any], dict[str, list[np.ndarray]]]:
        check_origin(self.backup, self.run_id)
        with h5py.File(self.backup) as file:
            state = json.loads(file[STATE].asstr()[()])
            saved = {
                name: [file[name][str(i)][()] for i in range(len(file[name]))]
                for name in ("weights", "optimizer", "others")
            }
        rows = len(next(iter(read_history(self.history).values()), ()))
        newest = {"history.csv": rows, self.best.name: self._epoch_of(self.best)}
        newest[self.last.name] = self._epoch_of(self.last) - 1  # it is written before the backup
        name = max(newest, key=lambda name: newest[name])
        if newest[name] > state["epochs"]:
            raise ValueError(
                f"it is from epoch {state['epochs']}, {name} from epoch "
                f"{newest[name] + (name == self.last.name)}"
            )
        return state, saved

    def _epoch_of(self, file: Path) -> int:
        """Return the epoch of a weights file, 0 if it is damaged, missing or of another run."""
        try:
            return check_origin(file, self.run_id).epoch
        except OSError:
            return 0

    def _fault_of(self, file: Path, epoch: int) -> str:
        """Describe why a weights file is not that of an epoch."""
        try:
            check_origin(file, self.run_id, epoch)
        except OSError as error:
            return error.strerror or str(error).splitlines()[0]
        return ""

    def _without_backup(
        self, model: keras.Model, epochs: int, monitor: str, reason: str
    ) -> tuple[dict[str, Any] | None, None]:
        """Restore a run that needs no further epoch from its other files."""
        there = self.backup.exists()
        history = read_history(self.history)
        files = any(file.exists() for file in (self.backup, self.last, self.best))
        if not (files or history or "finished" in self.config):
            return None, None  # nothing has been saved yet
        lost = f"'{self.backup}' " + (f"cannot be read ({reason})" if there else "is missing")
        if self.config.get("finished", 0) < epochs:
            raise OSError(
                f"{lost}, and without it the run cannot be resumed: choose another directory to "
                f"start again, from model.load_weights('{self.last}') if you like."
            )
        try:
            origin = load_weights_only(model, self.last, self.run_id)
            if digest_of(history) != origin.history:
                raise ValueError(
                    f"history.csv cannot be read, or its epochs are not the {origin.epoch} of "
                    f"last.weights.h5"
                )
            values = history[monitor]
        except (OSError, KeyError, ValueError) as error:
            why = str(error).splitlines()[0]
            raise OSError(
                f"{lost}, and last.weights.h5 or history.csv is missing or damaged, too ({why}): "
                f"choose another directory to start again."
            ) from None
        best = max if better_is(monitor) == "max" else min
        state = {
            "epochs": len(values),
            "history": history,
            "best": best(values),
            "best_epoch": 1 + values.index(best(values)),
        }
        self._complete(model, state)
        self._warn(f"{lost}; the model has the weights of last.weights.h5")
        return state, None

    def _complete(self, model: keras.Model, state: dict[str, Any]) -> None:
        """Rebuild weight files that are damaged or missing, where possible.

        Args:
            model: with the weights of the backup.
            state: of the backup. Within an epoch, it does not contain the weights of the last one.
        """
        rebuilt = "was damaged, missing or of another epoch, and is written again"
        epoch, best_epoch = state["epochs"], state["best_epoch"]
        at_end, last_is_best = not state.get("batch"), best_epoch == epoch
        last, best = self._epoch_of(self.last), self._epoch_of(self.best) == best_epoch
        if not best and not (last_is_best and (at_end or last == epoch)):
            raise OSError(
                f"'{self.best}' must contain the weights of epoch {best_epoch} and does not "
                f"({self._fault_of(self.best, best_epoch)}), and no other file contains them: put "
                f"it back, or choose another directory to start again."
            )
        if last not in (epoch, epoch + 1):  # the latter if it was killed before the backup
            if at_end:
                self._write(model, self.last, state)
            elif last_is_best:
                self._copy(self.best, self.last)
            self._warn(f"last.weights.h5 {rebuilt}")  # else at the end of the epoch
        if not best:
            if at_end:
                self._write(model, self.best, state)
            else:
                self._copy(self.last, self.best)
            self._warn(f"best.weights.h5 {rebuilt}")

    def _warn(self, what: str) -> None:
        warn(f"run_dir '{self.path}': {what}.")

    def save(self, model: keras.Model, state: dict[str, Any]) -> None:
        """Write weights, optimizer, random states and progress.

        The arrays are written one by one; Keras's own format takes several times as long.
        """
        variables = {
            "weights": model.weights,
            "optimizer": model.optimizer.variables,
            "others": other_variables(model),
        }
        with self._writing(), replacing(self.backup) as path:
            self._check_space(variables.values())
            _write_variables(path, state, variables)
            sign(path, self._origin(state))

    def save_epoch(self, model: keras.Model, state: dict[str, Any], *, best: bool) -> None:
        """Write a complete epoch: its weights, the backup and the history.

        The best weights come after the backup, which contains them if they are not written.
        """
        self._write(model, self.last, state)
        if self.keep_every and state["epochs"] % self.keep_every == 0:
            self.keep_last(state["epochs"])  # before the backup: after a crash, it is done again
        self.save(model, state)
        if best:
            self._copy(self.last, self.best)
        self._write_history(state)

    def keep_start(self, model: keras.Model, state: dict[str, Any]) -> None:
        """Keep the weights with which the run starts."""
        if self.keep_every:
            self._write(model, kept_file(self.path, 0), state)

    def keep_last(self, epoch: int) -> None:
        """Keep the weights of the last complete epoch."""
        if self.keep_every:
            self._copy(self.last, kept_file(self.path, epoch))

    def keep_end(self, model: keras.Model, state: dict[str, Any], *, changed: bool) -> None:
        """Keep the weights that `train` returns, if they are not those of the last epoch.

        Args:
            model: the model.
            state: of the last epoch.
            changed: whether callbacks of the user may have changed the weights after it was saved.
        """
        self.end.unlink(missing_ok=True)  # of an earlier end
        if changed:
            with h5py.File(self.backup) as file:
                saved = [file["weights"][str(i)][()] for i in range(len(model.weights))]
            if not all(map(np.array_equal, map(_value, model.weights), saved)):
                self._write(model, self.end, state)

    def load_end(self, model: keras.Model, epochs: int) -> None:
        """Restore the weights that `train` returned after some epochs, if they were kept."""
        if not self.end.exists():
            return
        try:
            load_weights_only(model, self.end, self.run_id, epochs)
        except (OSError, ValueError) as error:
            reason = str(error).splitlines()[0]
            self._warn(
                f"backup/end.weights.h5 cannot be read ({reason}); the model has the "
                f"weights of the last epoch"
            )

    def finish(self, epochs: int, **facts: object) -> None:
        """Note that the run is complete."""
        self.config |= {"finished": epochs, **facts}
        with self._writing():
            self._write_config()

    def _write(self, model: keras.Model, file: Path, state: dict[str, Any]) -> None:
        with self._writing(), replacing(file) as path:
            self._check_space([model.weights])
            save_weights_only(model, path)
            sign(path, self._origin(state))

    def _check_space(self, groups: Iterable[Iterable[keras.Variable]]) -> None:
        """Look at the disk first: HDF5 prints many lines if it becomes full."""
        # of a bfloat16, there are 4 bytes in the file
        size = sum(4 * math.prod(variable.shape) for group in groups for variable in group)
        disk = shutil.disk_usage(self.path)
        if disk.total and disk.free < size:  # some network drives know neither
            raise OSError(errno.ENOSPC, "")

    def _origin(self, state: dict[str, Any]) -> Origin:
        history = digest_of(state["history"])
        return Origin(self.run_id, state["epochs"], state["best_epoch"], history)

    def _copy(self, file: Path, to: Path) -> None:
        with self._writing(), replacing(to) as path:
            shutil.copyfile(file, path)

    def _write_history(self, state: dict[str, Any]) -> None:
        with self._writing():
            write_history(self.history, state["history"])

    def _write_config(self) -> None:
        text = json.dumps(self.config, indent=2, ensure_ascii=False)
        write_atomically(self.path / "config.json", (text + "\n").encode())


def _write_variables(
    path: Path, state: dict[str, Any], groups: dict[str, list[keras.Variable]]
) -> None:
    with h5py.File(path, "w") as file:
        file[STATE] = json.dumps(state)
        for name, group in groups.items():
            file.create_group(name)
            for i, variable in enumerate(group):
                file[name][str(i)] = _value(variable)


def _value(variable: keras.Variable) -> np.ndarray:
    """Return the value of a variable as HDF5 stores it: it has no bfloat16; float32 contains it."""
    value = variable.numpy()
    return value.astype("float32") if value.dtype.kind == "V" else value
