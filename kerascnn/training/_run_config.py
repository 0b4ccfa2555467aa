"""The description of a run in config.json, and what distinguishes it from another."""

import hashlib
import json
import math
import os
import subprocess
from importlib import import_module
from pathlib import Path
from typing import Any

import keras
import numpy as np

from kerascnn import __version__

from ._data import Part, reads_on_demand
from ._stream import Stream

NAMES = (
    "name",
    "trainable",  # is described separately
    "inbound_nodes",
    "input_layers",
    "output_layers",
    "build_config",
    "shared_object_id",
)


def describe_run(
    model: keras.Model,
    recipe: dict[str, Any],
    loss: Any,
    seed: int,
    augment: Any,
    train: Part | Stream,
    validation: Part | Stream | None,
    facts: dict[str, Any],
) -> dict[str, Any]:
    """Describe a run in a form that JSON can store.

    Args:
        model: a built model.
        recipe: fields of the recipe.
        loss: a Keras loss, a function or a name.
        seed: seed of the run.
        augment: the augmentation, or its name.
        train, validation: the data; the latter may be `None`.
        facts: further entries.
    """
    # Of the modules, since TensorFlow is in several packages, such as tensorflow-cpu.
    used = ("keras", keras.backend.backend(), "numpy")
    packages = {name: import_module(name).__version__ for name in used}
    config = {
        "recipe": recipe | {"augment": name_of(augment)},
        "loss": _described(loss),
        "seed": seed,
        "augment": _described(augment),
        "model": {
            "name": model.name,
            "parameters": model.count_params(),
            "trainable": sum(math.prod(weight.shape) for weight in model.trainable_weights),
            "fingerprint": model_fingerprint(model),
        },
        "data": {
            "train": _count(train),
            "validation": 0 if validation is None else _count(validation),
            "image_shape": list(
                (train.first if isinstance(train, Stream) else train).images.shape[1:]
            ),
            "sha256": data_hash(train, validation),
        },
        "versions": {"kerascnn": __version__, **packages},
        "commit": commit(),
        **facts,
    }
    return json.loads(json.dumps(config))  # tuples become lists, as in the file


def facts_of(data: Any) -> dict[str, Any]:
    """Describe a data set, for later use of the network on other images.

    Returns:
        `class_names`; `dataset`, the name for `datasets.load`; `folder`, of images that are read
        from disk; and `reading`, the options of `from_directory` for it. `None` if unknown.
    """
    train = getattr(data, "train", None)
    # A folder of the user may have any name.
    loaded = isinstance(train, tuple) and not reads_on_demand(train[0])
    paths = getattr(train[0], "paths", None) if isinstance(train, tuple) else None
    return {
        "class_names": getattr(data, "class_names", None),
        "dataset": getattr(data, "name", None) if loaded else None,
        "folder": str(Path(os.path.commonpath(paths)).resolve()) if paths else None,
        "reading": getattr(data, "reading", None),
    }


def _count(part: Part | Stream) -> int | str:
    """Count the images; describe the batches of a stream."""
    return str(part) if isinstance(part, Stream) else len(part)


def identity(config: dict[str, Any]) -> dict[str, Any]:
    """Return what must agree to resume a run; epochs may grow if the schedule allows it."""
    recipe = dict(config["recipe"])
    if recipe["schedule"] != "cosine":
        del recipe["epochs"]
    name = recipe.pop("name")
    recipe.pop("augment")  # is described separately
    return {
        "model": config["model"]["fingerprint"],
        "trainable parameters": config["model"].get("trainable"),
        "recipe": name,
        **recipe,
        "loss": config["loss"],
        "seed": config["seed"],
        "augment": config["augment"],
        "data": config["data"]["sha256"],
        "input_range": config.get("input_range"),  # photos are scaled to it later
    }


def model_fingerprint(model: keras.Model) -> str:
    """Return a short hash of a model, which does not depend on the names of its layers."""
    try:
        config = _anonymous(model.get_config())
    except NotImplementedError:  # a subclass of keras.Model need not describe itself
        config = type(model).__name__
    weights = [list(weight.shape) for weight in model.weights]
    text = json.dumps([config, weights], sort_keys=True, default=str)
    return f"{model.count_params():,} parameters, {hashlib.sha256(text.encode()).hexdigest()[:12]}"


def _anonymous(config: Any, without: tuple[str, ...] = NAMES) -> Any:
    if isinstance(config, dict):
        rest = {key: value for key, value in config.items() if key not in without}
        return {key: _anonymous(value, without) for key, value in rest.items()}
    if isinstance(config, list | tuple):
        return [_anonymous(value, without) for value in config]
    return config


def data_hash(*parts: Part | Stream | None) -> str:
    """Return the SHA-256 of all labels and images; only a few of the images on disk are read.

    For a stream, whose batches may come in another order each time: of their types and number.
    """
    digest = hashlib.sha256()
    for part in parts:
        if part is None:
            continue
        if isinstance(part, Stream):
            digest.update(str(part).encode())
            continue
        if reads_on_demand(part.images):
            digest.update(f"{part.images.dtype} {part.images.shape}".encode())
        for array in keras.tree.flatten((part.sample(), part.labels, part.weights)):
            if array is not None:
                digest.update(f"{array.dtype} {array.shape}".encode())
                buffer: Any = np.ascontiguousarray(array)
                digest.update(buffer)
    return digest.hexdigest()


def commit() -> str | None:
    """Return the git commit of the current directory, with "-dirty" if files have changed."""
    command = ["git", "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=10, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip()


def name_of(thing: Any) -> str:
    """Return the name of a function, of an object's class or of layers; a name stays as it is."""
    if isinstance(thing, str):
        return thing
    if isinstance(thing, keras.Sequential):
        return ", ".join(map(name_of, thing.layers))
    return getattr(thing, "__qualname__", type(thing).__name__)


def _described(thing: Any) -> Any:
    """Return the name and config of a layer or a loss; of a function, only the name."""
    if isinstance(thing, list | dict):  # losses of several outputs
        return keras.tree.map_structure(lambda one: str(_described(one)), thing)
    try:  # a layer without a seed draws one; the backup contains its random state
        config = _anonymous(thing.get_config(), without=(*NAMES, "seed"))
    except (AttributeError, NotImplementedError):
        return name_of(thing)
    return [name_of(thing), json.loads(json.dumps(config, default=str))]
