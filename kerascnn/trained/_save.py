"""A whole model in one `.keras` file, with the names of its classes."""

import json
import shutil
import zipfile
from collections.abc import Sequence
from dataclasses import asdict
from os import PathLike
from pathlib import Path
from typing import Any

import keras

from kerascnn._class_names import name_classes, names_of, remember
from kerascnn._files import must_be_writable, replacing
from kerascnn._graph import flatten
from kerascnn.weights import Preprocessing

from ._recognize import METADATA, OWN, WHOLE_MODEL, is_whole_model
from ._trained import SHOWN, Trained


def save(
    model: keras.Model | Trained,
    path: str | PathLike,
    *,
    class_names: Sequence[str] | None = None,
) -> Path:
    """Save a model with the names of its classes in a `.keras` file.

    It is an ordinary `.keras` file, which `keras.saving.load_model` loads too. `model.save` writes
    one without the names. For a `Trained`, the file also contains how pictures are shown to the
    model: the preprocessing, the size and MNIST's format.

    Args:
        model: A functional or sequential model, or a `Trained`.
        path: The file, which must end in `.keras`.
        class_names: The name of each class. If `None`, those that are known from `load`, from the
            data of `kerascnn.train` and `evaluate`, or by `kerascnn.name_classes`.

    Returns:
        The path.

    Raises:
        TypeError: If `model` is not such a model.
        ValueError: If the path has another extension, or the number of names is wrong.
        OSError: If the file cannot be written.

    >>> import tempfile, kerascnn as kc
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = save(kc.build_lenet5(classes=2), f"{folder}/a.keras", class_names=["dent", "ok"])
    ...     kc.trained.load(path).class_names
    ('dent', 'ok')
    """
    path = Path(path).expanduser()
    if not is_whole_model(path):
        raise ValueError(f"path must end in {WHOLE_MODEL}; received '{path}'.")
    network = model.model if isinstance(model, Trained) else model
    graph = flatten(network)
    if isinstance(model, Trained):
        remember(network, model.class_names)  # not those of a classifier that was left out
    if class_names is not None:
        name_classes(network, class_names)
    said = _shown(model) if isinstance(model, Trained) else {}
    if (names := names_of(graph)) is not None:
        said["class_names"] = list(names)
    with replacing(path) as new:
        with must_be_writable(path):
            new.touch()
        network.save(new)
        if said:
            _add(new, said)
    return path


def _shown(net: Trained) -> dict[str, Any]:
    """Return how pictures are shown to a network, as JSON can store it."""
    said = {key: getattr(net, key) for key in SHOWN}
    if isinstance(net.preprocessing, Preprocessing):
        said["preprocessing"] = asdict(net.preprocessing)
    return said


def _add(path: Path, said: dict) -> None:
    """Add to the metadata of a `.keras` file, a zip archive, what Keras does not read."""
    with replacing(path) as new, zipfile.ZipFile(new, "w") as whole, zipfile.ZipFile(path) as old:
        for item in old.infolist():
            with old.open(item) as source, whole.open(item.filename, "w", force_zip64=True) as copy:
                if item.filename == METADATA:
                    copy.write(json.dumps(json.load(source) | {OWN: said}).encode())
                else:
                    shutil.copyfileobj(source, copy)
