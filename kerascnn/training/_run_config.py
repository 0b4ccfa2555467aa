"""The description of a run in config.json, and what distinguishes it from another."""

import hashlib
import json
import math
import os
import subprocess
from functools import partial
from importlib import import_module
from pathlib import Path
from types import FunctionType, MethodType
from typing import Any

import keras
import numpy as np

from kerascnn import __version__
from kerascnn._known import OWN, definer, is_known

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
DEPTH = 5  # of functions in functions, and lists in lists
LONGEST = 2000  # characters of a description; of a longer one, there is a hash
LARGEST = 2**24  # bytes of an array in a loss or an augmentation whose values are compared


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
            "frozen": _frozen(model),
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


def weights_of(class_weight: dict[int, float] | None) -> dict[str, float] | None:
    """Return the weights of the classes that have another than 1."""
    weights = {str(key): float(value) for key, value in (class_weight or {}).items()}
    return {key: value for key, value in sorted(weights.items()) if value != 1} or None


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
        "frozen weights": config["model"].get("frozen"),
        "recipe": name,
        **recipe,
        "loss": config["loss"],
        "seed": config["seed"],
        "augment": config["augment"],
        "class_weight": config.get("class_weight"),
        "data": config["data"]["sha256"],
        "input_range": config.get("input_range"),  # photos are scaled to it later
        "precision": config.get("precision"),
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


def _frozen(model: keras.Model) -> str:
    """Say which weights of a model are not trained; their names may differ in another process."""
    learning = {id(weight) for weight in model.trainable_weights}
    frozen = [i for i, weight in enumerate(model.weights) if id(weight) not in learning]
    return f"{len(frozen)} of {len(model.weights)}, {_digest(frozen)}"


def _digest(thing: Any) -> str:
    return hashlib.sha256(json.dumps(thing, sort_keys=True).encode()).hexdigest()[:12]


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
    """Return the name of a layer, a loss or a function, and what it computes with.

    That is the config of a layer or a loss. A function made by another, such as `focal(2.0)`, has
    its arguments in its closure. The code of a function is left out.
    """
    if isinstance(thing, list | dict):  # losses of several outputs
        return keras.tree.map_structure(lambda one: str(_described(one)), thing)
    found = _stable(thing)
    if len(text := json.dumps(found)) > LONGEST:
        return [name_of(thing), f"{len(text)} characters, {_digest(found)}"]
    return found


def _stable(thing: Any, depth: int = DEPTH) -> Any:
    """Describe a value so that JSON can store it, and alike in each process."""
    if thing is None or isinstance(thing, bool | int | str):
        return thing
    if isinstance(thing, float):
        return float(thing) if math.isfinite(thing) else str(thing)
    if isinstance(thing, np.ndarray | np.generic) or _is_constant(thing):
        array = np.asarray(thing)
        if array.dtype.kind not in "biuf" or array.nbytes > LARGEST:
            return f"{array.dtype} {array.shape}"
        return f"{array.dtype} {array.shape} {_digest(array.tolist())}"
    if depth == 0:
        return name_of(thing)
    if isinstance(thing, list | tuple):
        return [_stable(one, depth - 1) for one in thing]
    if isinstance(thing, dict):
        return {str(key): _stable(value, depth - 1) for key, value in thing.items()}
    if is_known(thing):  # Keras's
        return name_of(thing)
    if isinstance(thing, FunctionType | MethodType | partial):
        parts = [_stable(part, depth - 1) for part in _parts_of(thing) if part]
    else:
        parts = _config_and_attributes(thing, depth)
    return [name_of(thing), *parts] if parts else name_of(thing)


def _is_constant(thing: Any) -> bool:
    """Return whether something is a tensor with values, and no variable, which may be trained."""
    values = hasattr(thing, "numpy") and not hasattr(thing, "assign")
    return values and keras.ops.is_tensor(thing)


def _parts_of(function: Any) -> list:
    """List what a function computes with, besides its code."""
    if isinstance(function, partial):
        return [function.func, function.args, function.keywords]
    if isinstance(function, MethodType):
        return [function.__self__]
    names, cells = function.__code__.co_freevars, function.__closure__ or ()
    closure = {}
    for name, cell in zip(names, cells, strict=True):
        try:
            closure[name] = cell.cell_contents
        except ValueError:  # not assigned yet
            continue
    return [closure, function.__defaults__, function.__kwdefaults__]


def _config_and_attributes(thing: Any, depth: int) -> list:
    """Return the config of an object; where the user's class has none, the attributes."""
    try:  # a layer without a seed draws one; the backup contains its random state
        config = _anonymous(thing.get_config(), without=(*NAMES, "seed"))
        config = json.loads(json.dumps(config, default=_stable))
    except (AttributeError, NotImplementedError, TypeError):
        config = None
    if config is None and isinstance(thing, keras.Sequential):
        return [_stable(layer, depth - 1) for layer in thing.layers]
    kind, maker = type(thing), definer(thing, "get_config")
    mine = callable(thing) and not (kind.__module__.startswith(OWN) or hasattr(thing, "assign"))
    if isinstance(thing, type | keras.Model) or not mine:
        return [] if config is None else [config]
    # Keras writes down the arguments of layers, but not of losses.
    by_keras = isinstance(thing, keras.losses.Loss) and maker.__module__.startswith(OWN)
    if config is not None and not by_keras:
        return [config]
    keras_own = vars(keras.layers.Layer(name="own")) if isinstance(thing, keras.Layer) else ()
    own = {
        name: _stable(value, depth - 1)
        for name, value in getattr(thing, "__dict__", {}).items()
        if not (name.startswith("_") or name in keras_own or name in (*NAMES, "seed"))
    }
    return [part for part in (config, own) if part]
