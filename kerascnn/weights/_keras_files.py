"""Keras's weight files: legacy `.h5`, and Keras 3's `.weights.h5` and `.keras`."""

import re
import zipfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import h5py
import keras

from ._pairing import MisfitError, Pair, pair, refuse_more

IN_ARCHIVE = "model.weights.h5"  # the weights of a .keras archive


def pairs_of_keras_file(
    model: keras.Model, root: h5py.File, *, top: bool = True
) -> list[Pair] | None:
    """Pair the weights of a model with those of an open file.

    Args:
        model: a built model.
        root: the file.
        top: whether the model must have all layers of the file, or may lack the last ones.

    Returns:
        The pairs; `None` if only Keras can read the file, because of nested layers or bfloat16.

    Raises:
        MisfitError: If the weights in the file do not fit the model.
    """
    group = root.get("model_weights", root)  # a whole model in the legacy format
    if "layer_names" in group.attrs or "layer_names0" in group.attrs:
        return _legacy(model, group)
    return _keras_3(model, root, top) if all(map(_is_flat, model.layers)) else None


@contextmanager
def opened(path: Path) -> Iterator[h5py.File]:
    """Open an HDF5 file, or the one in the zip archive of a `.keras` file.

    Raises:
        OSError: If the file is neither, or is damaged.
    """
    if not zipfile.is_zipfile(path):
        with h5py.File(path) as root:
            yield root
        return
    with zipfile.ZipFile(path) as archive:
        if damaged := archive.testzip():
            raise OSError(f"the checksum of {damaged} in the archive is wrong")
        with archive.open(IN_ARCHIVE) as file, h5py.File(file) as root:
            yield root


def _legacy(model: keras.Model, group: h5py.Group) -> list[Pair]:
    """Match layers by name; those with other names in the file are matched in order."""
    stored = {}
    for name in _names(group, "layer_names"):
        if weights := [group[name][w] for w in _names(group[name], "weight_names")]:
            stored[name] = weights
    layers = {layer.name: layer for layer in model.layers if layer.weights}
    others = (name for name in stored if name not in layers)
    pairs, used = [], set()
    for name, layer in layers.items():
        source = name if name in stored else next(others, None)
        used.add(source)
        variables = layer.trainable_weights + layer.non_trainable_weights  # Keras's order
        pairs += pair(name, variables, stored.get(source, ()))
    refuse_more({name: weights for name, weights in stored.items() if name not in used})
    return pairs


def _names(group: h5py.Group, attribute: str) -> list[str]:
    """Read a list of names, which is split into numbered parts if it is long."""
    parts = [group.attrs[attribute]] if attribute in group.attrs else []
    while f"{attribute}{len(parts)}" in group.attrs:
        parts.append(group.attrs[f"{attribute}{len(parts)}"])
    return [n.decode() if isinstance(n, bytes) else str(n) for part in parts for n in part]


def _keras_3(model: keras.Model, root: h5py.File, top: bool) -> list[Pair] | None:
    """Match layers by name, if the file has the same names; else by class and count.

    The latter is Keras's way: conv2d, then conv2d_1 and so on.
    """
    if (pairs := _by_name(model, root)) is not None:
        return pairs
    stored = {
        name: [group["vars"][key] for key in sorted(group["vars"], key=int)]
        for name, group in root["layers"].items()
        if "vars" in group and len(group["vars"])
    }
    if any(w.attrs.get("dtype") == "bfloat16" for ws in stored.values() for w in ws):
        return None  # a type that HDF5 does not support
    counts, pairs, used = Counter(), [], set()
    try:
        for layer in model.layers:
            kind = _snake_case(type(layer).__name__)
            name = f"{kind}_{counts[kind]}" if counts[kind] else kind
            counts[kind] += 1
            used.add(name)
            if layer.weights or name in stored:
                pairs += pair(layer.name, _own(layer), stored.get(name, ()))
        if top:
            refuse_more({name: stored[name] for name in stored if name not in used})
    except MisfitError as misfit:
        own = sum(bool(layer.weights) for layer in model.layers)
        if len(stored) == own:
            raise
        # The file numbers the layers of a class: an additional one shifts all names after it.
        raise MisfitError(
            f"{misfit} The file has {len(stored)} layers with weights, the model {own}: was it "
            "saved from a model with other options, such as auxiliary heads or no top?"
        ) from misfit
    return pairs


def _by_name(model: keras.Model, root: h5py.File) -> list[Pair] | None:
    """Match layers by the names in the file; `None` if these are others, or the weights differ.

    Branches with equal shapes may come in another order in the model than in the file.
    """
    groups = [group["vars"] for group in root["layers"].values() if len(group.get("vars", ()))]
    stored = {str(group.attrs.get("name")): group for group in groups}
    layers = {layer.name: layer for layer in model.layers if layer.weights}
    if len(stored) < len(groups) or stored.keys() != layers.keys():
        return None
    pairs = []
    try:
        for name, layer in layers.items():
            group = stored[name]
            pairs += pair(name, _own(layer), [group[key] for key in sorted(group, key=int)])
    except MisfitError:
        return None
    whole = all(one.stored.attrs.get("dtype") != "bfloat16" for one in pairs)
    return pairs if whole else None


def _own(layer: keras.layers.Layer) -> list[keras.Variable]:
    """Return the weights that a layer itself saves, in their order in a file."""
    store = {}
    layer.save_own_variables(store)
    return list(store.values())


def _is_flat(layer: keras.layers.Layer) -> bool:
    """Return whether all weights of a layer are its own rather than those of nested layers."""
    return {id(w) for w in _own(layer)} == {id(w) for w in layer.weights}


def _snake_case(name: str) -> str:
    """Convert a class name to the form in Keras's files: Conv2D -> conv2d.

    >>> _snake_case("BatchNormalization")
    'batch_normalization'
    """
    name = re.sub(r"(.)([A-Z][a-z]+)", r"\1_\2", re.sub(r"\W+", "", name))
    return re.sub(r"([a-z])([A-Z])", r"\1_\2", name).lower()
