"""What a run leaves on disk, each file whole at any moment.

| file | content |
| --- | --- |
| config.json | recipe with all fields, seed, versions, commit, model, data, class names |
| model.json | the network, as Keras describes it, without weights |
| history.csv | one row per complete epoch |
| best.weights.h5 | weights of the best epoch so far |
| last.weights.h5 | weights of the last complete epoch |
| backup/state.h5 | weights, optimizer, random states and where the run stood, in an epoch |

The .h5 files end with their own SHA-256.
"""

import csv
import hashlib
import io
import json
import shutil
import warnings
from contextlib import contextmanager
from pathlib import Path

import h5py
import numpy as np

from kerascnn._files import replacing, write_atomically

from ._identity import identity
from ._schedules import better_is

STATE = "state"  # inside the backup: weights and state change in one rename
SUM = "\nsha256 "  # at the end of an .h5 file, before the sum of what comes before it
CHUNK = 2**20  # bytes that are read at once


class RunDirectory:
    """A directory that holds one run.

    Args:
        path: The directory; it is made if there is none.
        config: What describes the run, from `describe_run`.
        resume: Whether a run that the directory holds may go on.

    Raises:
        ValueError: The directory holds another run, or a run and `resume` is False.
        OSError: The directory cannot be written.
    """

    def __init__(self, path, config, *, resume):
        self.path = Path(path)
        self.config = config
        self.best = self.path / "best.weights.h5"
        self.last = self.path / "last.weights.h5"
        self.backup = self.path / "backup" / "state.h5"
        file = self.path / "config.json"
        history = self.path / "history.csv"
        if any(one.exists() for one in (file, self.best, self.last, self.backup, history)):
            if not resume:
                raise ValueError(
                    f"run_dir '{path}' holds a run already and resume is False: "
                    f"give another directory, or resume=True to go on."
                )
            self._refuse_another(file)
        try:
            self.backup.parent.mkdir(parents=True, exist_ok=True)
            for rest in (*self.path.glob(".new-*"), *self.backup.parent.glob(".new-*")):
                rest.unlink(missing_ok=True)  # the process was killed while it wrote
            self._write_config()
        except OSError as error:
            reason = error.strerror or error
            raise OSError(
                f"run_dir '{path}' cannot be written ({reason}): give another directory."
            ) from None

    def _refuse_another(self, file):
        try:
            there = json.loads(file.read_text("utf-8"))
            theirs = identity(there)
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            raise ValueError(
                f"run_dir '{self.path}' holds no readable config.json of a run: "
                f"give another directory."
            ) from None
        for key, mine in identity(self.config).items():
            if theirs.get(key) != mine:
                raise ValueError(
                    f"run_dir '{self.path}' holds another run: {key} is {theirs.get(key)!r} there "
                    f"and {mine!r} here. Give another directory, to which the model takes its "
                    f"weights, as for fine-tuning; or the same {key} to go on."
                )
        # What began the run describes it; only its length may change.
        mine = self.config["recipe"]["epochs"]
        there["recipe"]["epochs"] = max(there["recipe"]["epochs"], mine)
        self.config = there

    def load(self, model, epochs, monitor):
        """Bring model and optimizer to where the run stood; rebuild a file that it lost.

        Args:
            model: A compiled model.
            epochs: How many are wanted.
            monitor: The column of the history that tells a better epoch.

        Returns:
            The state that `save` was given, and the values of the `other_variables`; both `None`
            if nothing was saved yet.

        Raises:
            OSError: A file is damaged or not there, and no other holds what is needed of it.
        """
        try:
            state, saved = self._read_backup()
            restore(model.weights, saved["weights"])
            restore(model.optimizer.variables, saved["optimizer"])
        except (OSError, KeyError, ValueError) as error:
            return self._without_backup(model, epochs, monitor, str(error).splitlines()[0])
        if state["epochs"]:
            self._complete(model, state)
            self._write_history(state["history"])  # in case the run was killed just before it
        return state, saved["others"]

    def _read_backup(self):
        check_sum(self.backup)
        with h5py.File(self.backup) as file:
            state = json.loads(file[STATE].asstr()[()])
            saved = {
                name: [file[name][str(i)][()] for i in range(len(file[name]))]
                for name in ("weights", "optimizer", "others")
            }
        rows = len(next(iter(self._read_history().values()), ()))
        if rows > state["epochs"]:
            raise ValueError(f"it is of epoch {state['epochs']}, history.csv of epoch {rows}")
        return state, saved

    def _without_backup(self, model, epochs, monitor, reason):
        """Where a run that needs no further epoch ended, from its other files."""
        there = self.backup.exists()
        history = self._read_history()
        files = any(file.exists() for file in (self.backup, self.last, self.best))
        if not (files or history or "finished" in self.config):
            return None, None  # nothing was saved yet
        lost = f"'{self.backup}' " + (f"cannot be read ({reason})" if there else "is not there")
        if self.config.get("finished", 0) < epochs:
            raise OSError(
                f"{lost}, and without it the run cannot go on: give another directory to start "
                f"anew, from model.load_weights('{self.last}') if you like."
            )
        try:
            check_sum(self.last)
            with without_optimizer(model):
                model.load_weights(self.last)
            values = history[monitor]
        except (OSError, KeyError, ValueError):
            raise OSError(
                f"{lost}, and last.weights.h5 or history.csv is not there or damaged either: give "
                f"another directory to start anew."
            ) from None
        best = max if better_is(monitor) == "max" else min
        state = {
            "epochs": len(values),
            "history": history,
            "best": best(values),
            "best_epoch": 1 + values.index(best(values)),
        }
        self._complete(model, state)
        self._tell(f"{lost}; the model has the weights of last.weights.h5")
        return state, None

    def _complete(self, model, state):
        """Rebuild weight files that are damaged or not there, where that can be done.

        Args:
            model: With the weights of the backup.
            state: Of the backup. In an epoch, it knows nothing of the weights of the one before.
        """
        anew = "was damaged or not there, and is written anew"
        at_end, last_is_best = not state.get("batch"), state["best_epoch"] == state["epochs"]
        last, best = _whole(self.last), _whole(self.best)
        if not best and not (last_is_best and (at_end or last)):
            raise OSError(
                f"'{self.best}', the weights of epoch {state['best_epoch']}, is damaged or not "
                f"there, and no other file holds them: put it back, or give another directory to "
                f"start anew."
            )
        if not last:
            if at_end:
                self._write(model, self.last)
            elif last_is_best:
                self._copy(self.best, self.last)
            self._tell(f"last.weights.h5 {anew}")  # else at the end of the epoch
        if not best:
            if at_end:
                self._write(model, self.best)
            else:
                self._copy(self.last, self.best)
            self._tell(f"best.weights.h5 {anew}")

    def _tell(self, what):
        warnings.warn(f"run_dir '{self.path}': {what}.", stacklevel=5)  # whoever called `train`

    def save(self, model, state):
        """Write weights, optimizer, random states, and where the run stands.

        One list of arrays after another: Keras's own format takes several times as long.
        """
        variables = {
            "weights": model.weights,
            "optimizer": model.optimizer.variables,
            "others": other_variables(model),
        }
        with replacing(self.backup) as path, h5py.File(path, "w") as file:
            file[STATE] = json.dumps(state)
            for name, group in variables.items():
                file.create_group(name)
                for i, variable in enumerate(group):
                    value = variable.numpy()
                    known = value.dtype.kind != "V"  # bfloat16 is not; float32 holds all of it
                    file[name][str(i)] = value if known else value.astype("float32")
            file.close()
            add_sum(path)

    def save_epoch(self, model, state, *, best):
        """Write a complete epoch: its weights, the backup and the table of epochs."""
        self._write(model, self.last)
        if best:
            self._copy(self.last, self.best)
        self.save(model, state)
        self._write_history(state["history"])

    def finish(self, epochs, **facts):
        """Note that the run came to its end."""
        self.config |= {"finished": epochs, **facts}
        self._write_config()

    @staticmethod
    def _write(model, file):
        with replacing(file) as path:
            save_weights_only(model, path)
            add_sum(path)

    @staticmethod
    def _copy(file, to):
        with replacing(to) as path:
            shutil.copyfile(file, path)

    def _read_history(self):
        """The history as it is on disk; empty if it cannot be read."""
        try:
            with open(self.path / "history.csv", newline="", encoding="utf-8") as file:
                _, *names = next(table := csv.reader(file))
                columns = [list(map(float, column)) for column in zip(*table, strict=True)]
            return dict(zip(names, columns[1:], strict=True))
        except (OSError, ValueError, StopIteration):
            return {}

    def _write_history(self, history):
        rows = io.StringIO()
        table = csv.writer(rows, lineterminator="\n")
        table.writerow(["epoch", *history])
        epochs = zip(*history.values(), strict=True)
        table.writerows([epoch, *values] for epoch, values in enumerate(epochs, start=1))
        write_atomically(self.path / "history.csv", rows.getvalue().encode())

    def _write_config(self):
        text = json.dumps(self.config, indent=2, ensure_ascii=False)
        write_atomically(self.path / "config.json", (text + "\n").encode())


def add_sum(path):
    """Write the SHA-256 of a file at its end, which readers of HDF5 pass over."""
    with open(path, "rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    with open(path, "ab") as file:
        file.write(f"{SUM}{digest}".encode())


def check_sum(path):
    """Compare a file with the SHA-256 at its end, if it has one.

    Raises:
        OSError: It is another, or the file cannot be read.
    """
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        left = path.stat().st_size - len(SUM) - 2 * digest.digest_size
        while left > 0:
            part = file.read(min(left, CHUNK))
            digest.update(part)
            left -= len(part)
        end = file.read().decode("ascii", "replace")
    if end.startswith(SUM) and end != SUM + digest.hexdigest():
        raise OSError("its checksum is another")


def _whole(path):
    """Tell whether a file of weights is there and undamaged."""
    try:
        check_sum(path)
        with h5py.File(path):
            return True
    except OSError:
        return False


def other_variables(model) -> list:
    """The variables that `save_weights` leaves out: random states, and what metrics sum up."""
    saved = {id(weight) for weight in model.weights}
    others = {id(v): v for v in [*model.variables, *model.metrics_variables]}
    return [variable for key, variable in others.items() if key not in saved]


def restore(variables, values):
    """Give variables the values that were saved.

    Raises:
        ValueError: The values are those of others.
    """
    shapes, saved = ([tuple(one.shape) for one in many] for many in (variables, values))
    if shapes != saved:
        raise ValueError(f"{len(shapes)} variables must be there; received {len(saved)}, or others")
    for variable, value in zip(variables, values, strict=True):
        variable.assign(np.asarray(value))


def build_metrics(model, batch):
    """Have the metrics make the variables that they sum up in, which they do when first used.

    Args:
        model: A compiled model.
        batch: `(images, labels)` or with weights as a third.
    """
    images, labels, *weights = batch
    weights = weights[0] if weights else None
    outputs = model(images)
    model.compute_loss(images, labels, outputs, weights)
    model.compute_metrics(images, labels, outputs, weights)


def save_weights_only(model, path):
    """Save a compiled model's weights without the optimizer's, a third of the size."""
    with without_optimizer(model):
        model.save_weights(path)


@contextmanager
def without_optimizer(model):
    """Have Keras read and write the weights of a model alone."""
    optimizer, model.optimizer = model.optimizer, None
    try:
        yield
    finally:
        model.optimizer = optimizer
