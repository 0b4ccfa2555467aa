"""A trained network from the directory of its run."""

import json
from collections.abc import Mapping
from pathlib import Path

import keras
import numpy as np

import kerascnn.layers  # noqa: F401  registers the toolkit's layers with Keras
from kerascnn import models, weights
from kerascnn.training._history_file import read_history
from kerascnn.training._kept_weights import kept_weights
from kerascnn.training._origin import check_origin, run_id_of

from ._from_file import innermost_message
from ._probabilities import classes_of, is_logit
from ._recognize import CONFIG, MODEL
from ._trained import MNIST, Trained, check_model
from ._without_top import without_top

DIGITS = ("mnist", "digits")  # data sets in MNIST's convention


def from_run(
    path: str | Path,
    file: str | None = None,
    *,
    include_top: bool = True,
    preprocessing: str | None = None,
    class_names: tuple[str, ...] = (),
    architecture: str | None = None,
    options: Mapping | None = None,
) -> Trained:
    """Load the network of a run, with the image size, classes and range that it was trained on.

    Args:
        path: the run directory.
        file: "best", "last" or a weights file; `None`: the best weights, otherwise the last ones.
        include_top, preprocessing, class_names: see `load`.
        architecture, options: architecture and options specified by the user; must fit the run.

    Raises:
        OSError: If a file of the run is missing or damaged, or is another's.
        ValueError: If it contains another network than specified, or needs code that is not
            available.
    """
    path = Path(path).expanduser()
    model, config = read_model(path), json.loads((path / CONFIG).read_text("utf-8"))
    _check_agrees(path, model, architecture, options or {})
    check_model(model, f"'{path}'", include_top)
    chosen = _weights_of(path, file)
    _check_is_its_own(chosen, path)
    weights.load(model, chosen)
    names = tuple(class_names or config.get("class_names") or ())
    if not class_names and len(names) != max(classes_of(model) or 0, 2):
        names = ()  # a detector has more outputs than classes
    if not names and is_logit(model) and "BinaryCrossentropy" in (config.get("loss") or ()):
        names = ("class 0", "class 1")  # the unit is a logit, not a regression
    shape = tuple(config["data"]["image_shape"])
    mode, doubt = _mode(config.get("input_range"), preprocessing)
    notes = [f"{chosen.name} of '{path}'"]
    if include_top:
        words, own = "x".join(map(str, shape)), model.input_shape[1:3]
        if len(model.outputs[0].shape) == 4:  # it may see larger images, tile by tile
            notes.append(f"the training images have {words}")
        else:
            cropped = None not in own and own != shape[:2]
            crop = f", cropped to {own[0]}x{own[1]}" if cropped else ""
            notes.append(f"images are resized to {words}{crop}, as in training")
    return Trained(
        model=model if include_top else without_top(model),
        name=f"{model.name}/{path.resolve().name}",
        preprocessing=mode,
        class_names=names,
        size=shape[:2] if include_top else None,
        convention=MNIST if include_top and config.get("dataset") in DIGITS else None,
        folder=config.get("folder"),
        reading=config.get("reading") or {},
        data_hash=config["data"]["sha256"],
        note="; ".join([*notes, *filter(None, [doubt])]),
    )


def read_model(directory: Path) -> keras.Model:
    """Build the network of a run directory, with random weights.

    Raises:
        OSError: If a file is missing or cannot be read.
        ValueError: If it requires code that is not available, such as a custom layer.
    """
    try:
        config = json.loads((directory / MODEL).read_text("utf-8"))
        json.loads((directory / CONFIG).read_text("utf-8"))
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise OSError(
            f"'{directory}' must be a run directory, with {CONFIG} and {MODEL}; "
            f"they cannot be read: {reason}."
        ) from None
    try:
        return keras.saving.deserialize_keras_object(config)
    except Exception as error:
        raise ValueError(
            f"'{directory / MODEL}' must describe layers of Keras and kerascnn; received: "
            f"{innermost_message(error)} Load the weights in Python, with your custom layers "
            "registered."
        ) from error


def _weights_of(path: Path, given: str | None) -> Path:
    """Return the weights file of a run."""
    known = {name: path / f"{name}.weights.h5" for name in ("best", "last")}
    if given is None:
        there = [file for file in known.values() if file.is_file()]
        if not there:
            raise OSError(f"'{path}' must contain weights; the run has finished no epoch yet.")
        return there[0]
    file = known.get(given, Path(given).expanduser())
    if not file.is_file():
        raise OSError(
            f"weights of the run '{path}' must be 'best', 'last' or a file; received {given!r}, "
            "which does not exist."
        )
    return file


def _check_is_its_own(file: Path, run: Path) -> None:
    """Check that a weights file of a run was not replaced by another.

    Raises:
        OSError: If it was.
    """
    epochs = {kept.resolve(): epoch for epoch, kept in kept_weights(run).items()}
    best, last = ((run / f"{name}.weights.h5").resolve() for name in ("best", "last"))
    if (here := file.resolve()) not in (best, last, *epochs):
        return  # of the user
    try:
        origin = check_origin(file, run_id_of(run), epochs.get(here))
        rows = len(next(iter(read_history(run / "history.csv").values()), ()))
        if here == best and origin.epoch != origin.best_epoch:
            raise OSError(f"it is of epoch {origin.epoch}, not of the best, {origin.best_epoch}")
        if here == last and origin.epoch < rows:  # it is written before the history
            raise OSError(f"it is of epoch {origin.epoch}, history.csv of epoch {rows}")
    except OSError as error:
        why = error.strerror or str(error).splitlines()[0].rstrip(".")
        raise OSError(f"'{file}' must contain weights of the run beside it: {why}.") from None


def _mode(input_range: list | None, given: str | None) -> tuple[weights.Preprocessing, str | None]:
    """Return the preprocessing to the range used in training, and a note if it is assumed."""
    if given is not None:
        return weights.MODES[given], f"preprocessing {given}, as specified"
    if input_range is None:
        return weights.MODES["unit"], (
            "the range of the images is not recorded, so preprocessing unit is assumed; if this "
            "is wrong, pass --preprocessing"
        )
    low, high = input_range
    for mode in weights.MODES.values():
        black, white = mode.clip_bounds
        plain = black.size == white.size == 1  # the same for all channels
        if plain and np.allclose((black, white), ((low,), (high,))):
            return mode, None
    return weights.Preprocessing(f"{low:g} to {high:g}", high - low, low), None


def _check_agrees(
    path: Path, model: keras.Model, architecture: str | None, options: Mapping
) -> None:
    """Check that an architecture and the options of its builder fit the run."""
    if architecture is None and not options:
        return
    shape = model.input_shape[1:]
    given = {"input_shape": shape, "classes": classes_of(model)}
    given |= {key: value for key, value in options.items() if key != "weights"}
    try:
        said = models.build(architecture or model.name, **given)
        agrees = _plan(said) == _plan(model)
    except ValueError:  # the size does not fit, for example
        agrees = False
    if not agrees:
        words = " ".join([architecture or model.name, *(f"{k}={v}" for k, v in options.items())])
        raise ValueError(
            f"the run '{path}' contains {model.name} for images {shape}; received {words}. "
            "Leave out --model and --option, since the run determines both."
        )


def _plan(model: keras.Model) -> tuple:
    """Return what determines whether two models are the same network."""
    kinds = [type(layer).__name__ for layer in model.layers]
    return model.input_shape, kinds, [tuple(w.shape) for w in model.weights]
