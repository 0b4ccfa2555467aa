"""What says which run a run is: for config.json, and to tell it from another."""

import hashlib
import json
import math
import os
import subprocess
from importlib.metadata import version
from pathlib import Path

import keras
import numpy as np

from kerascnn import __version__

from ._data import streams
from ._stream import Stream

NAMES = (
    "name",
    "trainable",  # which stands by itself
    "inbound_nodes",
    "input_layers",
    "output_layers",
    "build_config",
    "shared_object_id",
)


def describe_run(model, recipe, loss, seed, augment, train, validation, facts) -> dict:
    """Collect what describes a run, in a form that JSON keeps.

    Args:
        model: A built `keras.Model`.
        recipe: A dict of the recipe's fields.
        loss: A Keras loss, a function or a name.
        seed: Of the run.
        augment: The augmentation, or its name.
        train, validation: A `Part` or a `Stream` each.
        facts: What else is to be noted.
    """
    packages = {name: version(name) for name in ("keras", "tensorflow", "numpy")}
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
    return json.loads(json.dumps(config))  # tuples become lists, as they will be when read


def facts_of(data) -> dict:
    """What a data set says of itself, for whoever shows pictures to the network of a run.

    Returns:
        `class_names`; `dataset`, the name of what `datasets.load` gave; and `folder`, of pictures
        that are read from disk. `None` where not known.
    """
    train = getattr(data, "train", None)
    # A folder of the user's may have any name.
    loaded = isinstance(train, tuple) and not streams(train[0])
    paths = getattr(train[0], "paths", None) if isinstance(train, tuple) else None
    return {
        "class_names": getattr(data, "class_names", None),
        "dataset": getattr(data, "name", None) if loaded else None,
        "folder": str(Path(os.path.commonpath(paths)).resolve()) if paths else None,
    }


def _count(part):
    """How many images there are; of a stream, what is known of its batches."""
    return str(part) if isinstance(part, Stream) else len(part)


def identity(config: dict) -> dict:
    """The part of a config that must agree; epochs may grow, unless the schedule spans them."""
    recipe = dict(config["recipe"])
    if recipe["schedule"] != "cosine":
        del recipe["epochs"]
    name = recipe.pop("name")
    recipe.pop("augment")  # what took its place stands by itself
    return {
        "model": config["model"]["fingerprint"],
        "trainable parameters": config["model"].get("trainable"),
        "recipe": name,
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


def _anonymous(config, without=NAMES):
    if isinstance(config, dict):
        rest = {key: value for key, value in config.items() if key not in without}
        return {key: _anonymous(value, without) for key, value in rest.items()}
    if isinstance(config, list | tuple):
        return [_anonymous(value, without) for value in config]
    return config


def data_hash(*parts) -> str:
    """The SHA-256 of all labels and images; of images that are read from disk a few.

    Of a stream, whose batches may come in another order each time, of their types and number.
    """
    digest = hashlib.sha256()
    for part in parts:
        if part is None:
            continue
        if isinstance(part, Stream):
            digest.update(str(part).encode())
            continue
        if streams(part.images):
            digest.update(f"{part.images.dtype} {part.images.shape}".encode())
        for array in keras.tree.flatten((part.sample(), part.labels, part.weights)):
            if array is not None:
                digest.update(f"{array.dtype} {array.shape}".encode())
                digest.update(np.ascontiguousarray(array))
    return digest.hexdigest()


def commit() -> str | None:
    """The git commit of the current directory, with "-dirty" if files changed since."""
    command = ["git", "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=10, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip()


def name_of(thing) -> str:
    """The name of a function, or of an object's class; of a name, itself; of layers, theirs."""
    if isinstance(thing, str):
        return thing
    if isinstance(thing, keras.Sequential):
        return ", ".join(map(name_of, thing.layers))
    return getattr(thing, "__qualname__", type(thing).__name__)


def _described(thing):
    """A layer's or a loss's name and config; of a function, which may hide anything, the name."""
    if isinstance(thing, list | dict):  # the losses of several outputs
        return keras.tree.map_structure(lambda one: str(_described(one)), thing)
    try:  # a layer without a seed draws one; the backup keeps where its random numbers stand
        config = _anonymous(thing.get_config(), without=(*NAMES, "seed"))
    except (AttributeError, NotImplementedError):
        return name_of(thing)
    return [name_of(thing), json.loads(json.dumps(config, default=str))]
