"""A trained network of one of the toolkit's architectures, with a set of weights or a file."""

from collections.abc import Mapping
from pathlib import Path

import keras

from kerascnn import models, weights
from kerascnn.weights._download import RemoteFile
from kerascnn.weights._official import imagenet_classes

from ._trained import MNIST, SHORT_SIDE, Trained, check_model

SMALL = 64  # twice the size of CIFAR-10's images, which show less than a photo


def from_architecture(
    architecture: str,
    name: str,
    *,
    otherwise: str | None,
    include_top: bool,
    preprocessing: str | None,
    class_names: tuple[str, ...],
    options: Mapping,
    any_size: bool = True,
) -> Trained:
    """Build an architecture with weights, or a shipped network if they are not available.

    Args:
        architecture: the name of the builder without `build_`.
        name: the name of a set of weights, or the path to a file; official files are recognized by
            their hash.
        otherwise: "architecture/weights" of a shipped set to use instead, or `None`.
        include_top, preprocessing, class_names, options, any_size: see `load`.

    Raises:
        ValueError: If the architecture or the set is unknown.
        OSError: If a file cannot be read.
    """
    found, instead = _set_of(architecture, name, options.get("variant")), None
    try:
        model = _build(architecture, name, found, include_top, options, any_size)
    except OSError as error:
        if found is None or found.name != name or otherwise is None:
            raise  # nothing can replace the user's own file
        reason = str(error).partition("received: ")[2].partition(" Try again")[0].rstrip(".")
        instead = f"{architecture}/{name} is not available ({reason or error})"
        architecture, _, name = otherwise.partition("/")
        found, preprocessing, class_names = _set_of(architecture, name), None, ()
        model = _build(architecture, name, found, include_top, {}, any_size)
    notes = []
    if found is None:
        if include_top and None not in model.input_shape[1:3]:
            size = "x".join(map(str, model.input_shape[1:]))
            notes.append(f"images are resized to {size}; change it with --option input_shape=H,W,C")
        if preprocessing is None:
            notes.append("preprocessing unit is assumed; if this is wrong, pass --preprocessing")
    elif found.name != name:
        notes.append(
            f"{name} has the hash of {found.source}'s file; preprocessing {found.preprocessing}"
        )
        name = found.name
    if preprocessing is not None:
        notes = [*notes[: found is None], f"preprocessing {preprocessing}, as specified"]
    else:
        preprocessing = "unit" if found is None else found.preprocessing
    return Trained(
        model=model,
        name=f"{architecture}/{name}",
        preprocessing=weights.MODES[preprocessing],
        class_names=class_names or _names_for(model, found),
        short_side=SMALL if found and found.name == "cifar10" else SHORT_SIDE,
        convention=MNIST if found and include_top and found.name == "mnist" else None,
        instead=instead,
        note="; ".join(notes) or None,
    )


def _set_of(architecture: str, name: str, variant: str | None = None) -> weights.WeightSet | None:
    """Return the set with this name, or the official set of a file; `None` if there is none."""
    known = weights.available(architecture)
    sets = [found for found in known if found.of_variant(variant)] or known
    path = Path(name).expanduser()
    for found in sets:
        if found.name == name:
            return found
    for found in sets if path.is_file() else ():
        if isinstance(found, weights.OfficialSet):
            files = set(found.files.values())
            if any(RemoteFile(file, "", digest).is_at(path) for file, digest in files):
                return found
    return None


def _names_for(model: keras.Model, found: weights.WeightSet | None) -> tuple[str, ...]:
    """The class names of a set; none of a detector, whose outputs are more than classes."""
    names = _names_of(found) if found else ()
    return () if "boxes" in (found.build if found else {}) else names


def _names_of(found: weights.WeightSet) -> tuple[str, ...]:
    """Return the class names of a set; an empty tuple if they are unavailable."""
    if found.class_names or found.name != "imagenet":
        return found.class_names
    try:
        return imagenet_classes()
    except OSError:
        return ()


def _build(
    architecture: str,
    name: str,
    found: weights.WeightSet | None,
    include_top: bool,
    options: Mapping,
    any_size: bool,
) -> keras.Model:
    """Build the model, for photos of any size if the weights are known to be for photos."""
    options = dict(options) if include_top else {**options, "include_top": False}
    if found is not None and found.variant:
        options.setdefault("variant", found.variant)
    try:
        model = models.build(architecture, weights=name, **options)
    except ValueError:
        if include_top or not Path(name).expanduser().is_file():
            raise
        # The file of a whole network: copy the layers below the top.
        whole = models.build(architecture, weights=name, **options | {"include_top": True})
        model = models.build(architecture, **options)
        for layer in model.layers:
            layer.set_weights(whole.get_layer(layer.name).get_weights())
    _, height, _, channels = model.input_shape
    check_model(model, architecture, include_top)
    if not include_top or not any_size or height is None or found is None:
        return model  # the image size that the user's own weights were trained on is unknown
    if len(model.output_shape) == 4:
        return model  # the cells of a grid were trained for objects of a certain size
    if not any(isinstance(layer, keras.layers.Flatten) for layer in model.layers):
        # A network with global pooling can see the whole photo.
        free = models.build(architecture, **options | {"input_shape": (None, None, channels)})
        free.set_weights(model.get_weights())
        return free
    if height >= SMALL or channels == 1:  # a digit fills the whole image
        return model
    return models.convolutionalize(model)  # sees it window by window
