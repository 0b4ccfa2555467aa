"""What a run leaves on disk, each file whole at any moment.

| file | content |
| --- | --- |
| config.json | recipe with all fields, seed, versions, commit, model, data |
| history.csv | one row per complete epoch |
| best.weights.h5 | weights of the best epoch so far |
| last.weights.h5 | weights of the last complete epoch |
| backup/state.h5 | weights, optimizer, random states and where the run stood, in an epoch |
"""

import csv
import io
import json
import shutil
from pathlib import Path

import h5py
import keras
import numpy as np

from kerascnn._files import replacing, write_atomically

from ._identity import identity

STATE = "state"  # inside the backup: weights and state change in one rename


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
        if file.exists() or self.last.exists() or self.backup.exists():
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
                    f"and {mine!r} here. Give another directory, or the same to go on."
                )
        # What began the run describes it; only its length may change.
        mine = self.config["recipe"]["epochs"]
        there["recipe"]["epochs"] = max(there["recipe"]["epochs"], mine)
        self.config = there

    def load(self, model):
        """Bring model and optimizer to where the run stood.

        Returns:
            The state that `save` was given, and the values of the `other_variables`; both `None`
            if nothing was saved yet.
        """
        if not self.backup.exists():
            return None, None
        try:
            with h5py.File(self.backup) as file:
                state = json.loads(file[STATE].asstr()[()])
                saved = {
                    name: [file[name][str(i)][()] for i in range(len(file[name]))]
                    for name in ("weights", "optimizer", "others")
                }
            restore(model.weights, saved["weights"])
            restore(model.optimizer.variables, saved["optimizer"])
        except (OSError, KeyError, ValueError) as error:
            reason = str(error).splitlines()[0]
            raise OSError(
                f"'{self.backup}' cannot be read ({reason}): give another directory to start anew."
            ) from None
        if state["epochs"]:
            self._write_history(state["history"])  # in case the run was killed just before it
        return state, saved["others"]

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
                    value = keras.ops.convert_to_numpy(variable)
                    known = value.dtype.kind != "V"  # bfloat16 is not; float32 holds all of it
                    file[name][str(i)] = value if known else value.astype("float32")

    def save_epoch(self, model, state, *, best):
        """Write a complete epoch: its weights, the backup and the table of epochs."""
        with replacing(self.last) as path:
            save_weights_only(model, path)
        if best:
            with replacing(self.best) as path:
                shutil.copyfile(self.last, path)
        self.save(model, state)
        self._write_history(state["history"])

    def finish(self, epochs, **facts):
        """Note that the run came to its end."""
        self.config |= {"finished": epochs, **facts}
        self._write_config()

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
    optimizer, model.optimizer = model.optimizer, None
    try:
        model.save_weights(path)
    finally:
        model.optimizer = optimizer
