"""What a run leaves on disk, each file whole at any moment.

| file | content |
| --- | --- |
| config.json | recipe with all fields, seed, versions, model, data |
| history.csv | one row per epoch |
| best.weights.h5 | weights of the best epoch so far, without the optimizer |
| last.weights.h5 | weights and optimizer after the last complete epoch, and where the run stood |
"""

import csv
import hashlib
import io
import json
from importlib.metadata import version
from pathlib import Path

import h5py
import numpy as np

from kerascnn import __version__
from kerascnn._files import replacing, write_atomically

STATE = "kerascnn_state"  # inside last.weights.h5: weights and state change in one rename
NAMES = (
    "name",
    "inbound_nodes",
    "input_layers",
    "output_layers",
    "build_config",
    "shared_object_id",
)


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
        file = self.path / "config.json"
        if file.exists() or self.last.exists():
            if not resume:
                raise ValueError(
                    f"run_dir '{path}' holds a run already and resume is False: "
                    f"give another directory, or resume=True to go on."
                )
            self._refuse_another(file)
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            self._write_config()
        except OSError as error:
            reason = error.strerror or error
            raise OSError(
                f"run_dir '{path}' cannot be written ({reason}): give another directory."
            ) from None

    def _refuse_another(self, file):
        try:
            there = json.loads(file.read_text("utf-8"))
            theirs = _identity(there)
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            raise ValueError(
                f"run_dir '{self.path}' holds no readable config.json of a run: "
                f"give another directory."
            ) from None
        for key, mine in _identity(self.config).items():
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
        """Bring model and optimizer to the last complete epoch.

        Returns:
            The state that `save` was given, or `None` if no epoch is there yet.
        """
        if not self.last.exists():
            return None
        try:
            with h5py.File(self.last) as file:
                state = json.loads(file[STATE].asstr()[()])
            model.load_weights(self.last)
        except (OSError, KeyError, ValueError) as error:
            reason = str(error).splitlines()[0]
            raise OSError(
                f"'{self.last}' cannot be read ({reason}): give another directory to start anew."
            ) from None
        self._write_history(state["history"])  # in case the run was killed just before it
        return state

    def save(self, model, state):
        """Write weights, optimizer and state after an epoch, then the table of epochs."""
        with replacing(self.last) as path:
            model.save_weights(path)
            with h5py.File(path, "a") as file:
                file[STATE] = json.dumps(state)
        self._write_history(state["history"])

    def save_best(self, model):
        """Write the weights alone."""
        with replacing(self.best) as path:
            save_weights_only(model, path)

    def finish(self, epochs):
        """Note that the run came to its end."""
        self.config["finished"] = epochs
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


def describe_run(model, recipe, loss, seed, augment, train, validation):
    """Collect what says which run this is: for config.json, and to refuse another."""
    packages = {name: version(name) for name in ("keras", "tensorflow", "numpy")}
    return {
        "recipe": recipe,
        "loss": loss if isinstance(loss, str) else _name_of(loss),
        "seed": seed,
        "augment": None if augment is None else _name_of(augment),
        "model": {
            "name": model.name,
            "parameters": model.count_params(),
            "fingerprint": model_fingerprint(model),
        },
        "data": {
            "train": len(train[1]),
            "validation": 0 if validation is None else len(validation[1]),
            "image_shape": list(train[0].shape[1:]),
            "sha256": _data_hash(train, validation),
        },
        "versions": {"kerascnn": __version__, **packages},
    }


def _identity(config):
    """The part of a config that must agree; epochs may grow, unless the schedule spans them."""
    recipe = dict(config["recipe"])
    if recipe["schedule"] != "cosine":
        del recipe["epochs"]
    return {
        "model": config["model"]["fingerprint"],
        "recipe": recipe.pop("name"),
        **recipe,
        "loss": config["loss"],
        "seed": config["seed"],
        "augment": config["augment"],
        "data": config["data"]["sha256"],
    }


def model_fingerprint(model) -> str:
    """A short hash of what a model is, whatever its layers happen to be called."""
    try:
        config = _anonymous(model.get_config())
    except NotImplementedError:  # a subclass of keras.Model need not describe itself
        config = type(model).__name__
    weights = [list(weight.shape) for weight in model.weights]
    text = json.dumps([config, weights], sort_keys=True, default=str)
    return f"{model.count_params():,} parameters, {hashlib.sha256(text.encode()).hexdigest()[:12]}"


def _anonymous(config):
    if isinstance(config, dict):
        return {key: _anonymous(value) for key, value in config.items() if key not in NAMES}
    if isinstance(config, list | tuple):
        return [_anonymous(value) for value in config]
    return config


def _data_hash(*parts):
    digest = hashlib.sha256()
    for part in parts:
        for array in part or ():
            digest.update(f"{array.dtype} {array.shape}".encode())
            digest.update(np.ascontiguousarray(array))
    return digest.hexdigest()


def _name_of(thing):
    """The name of a function, or of an object's class."""
    return getattr(thing, "__qualname__", type(thing).__name__)


def save_weights_only(model, path):
    """Save a compiled model's weights without the optimizer's, a third of the size."""
    optimizer, model.optimizer = model.optimizer, None
    try:
        model.save_weights(path)
    finally:
        model.optimizer = optimizer
