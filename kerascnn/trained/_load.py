"""Load a trained network: an architecture with weights, a run, or a file."""

from collections.abc import Sequence
from dataclasses import replace
from os import PathLike
from pathlib import Path

from kerascnn import models
from kerascnn import weights as weight_sets
from kerascnn._class_names import remember
from kerascnn._errors import unknown

from ._architecture import from_architecture
from ._from_file import from_file
from ._from_run import from_run
from ._recognize import is_run, is_whole_model
from ._trained import Trained


def load(
    source: str | PathLike | None = None,
    *,
    weights: str | PathLike | None = None,
    include_top: bool = True,
    preprocessing: str | None = None,
    class_names: Sequence[str] | None = None,
    any_size: bool = True,
    otherwise: str | None = None,
    **options: object,
) -> Trained:
    """Load a trained network with everything needed to show it a photo.

    Args:
        source: an architecture, such as "vgg16"; the directory of a run of `kerascnn.train`; or a
            `.keras` file. A `Path` is never an architecture. `None`: determined by `weights`.
        weights: for an architecture, the name of a set or a file; for a run, "best" (the default),
            "last" or a file. Weights in a run directory are loaded with the network of that run.
            `None`: those for ImageNet if the architecture has them, otherwise its first set.
        include_top: whether to include the classifier; without it, images may have any size.
        preprocessing: name of the preprocessing that the weights expect, a key of
            `kerascnn.weights.MODES`; `None`: that of the set, the run or the model, if known,
            otherwise "unit".
        class_names: class names, by index; `None`: those of the set or run.
        any_size: whether to load sets for photos into a model for photos of any size instead of
            the size that it was trained on.
        otherwise: "architecture/weights" of a network to use if a set is not available, such as
            "vgg16/cifar10"; `None`: raise an error.
        options: further arguments of the builder.

    Returns:
        A `Trained`. Its `note` describes what was assumed, and `instead` is the reason if it is
        another network.

    Raises:
        ValueError: If the architecture or set is unknown, or the weights do not fit the network.
        OSError: If a file cannot be read.

    >>> import kerascnn as kc
    >>> net = kc.trained.load("resnet20", weights="cifar10")
    >>> net.name, net.class_names[3]
    ('resnet20/cifar10', 'cat')
    """
    if preprocessing is not None and preprocessing not in weight_sets.MODES:
        raise unknown("preprocessing", preprocessing, weight_sets.MODES)
    if "include_top" in options:
        raise ValueError("include_top is set automatically; leave it out.")
    net = _load(
        source,
        None if weights is None else str(weights),
        otherwise,
        options,
        any_size=any_size,
        include_top=include_top,
        preprocessing=preprocessing,
        class_names=tuple(class_names or ()),
    )
    if not include_top:
        return net
    known = replace(net, class_names=()).names
    if net.class_names and len(net.class_names) != len(known):
        raise ValueError(
            f"class_names must be {len(known)} names, one for each class of {net.name}; "
            f"received {len(net.class_names)}."
        )
    remember(net.model, net.class_names)
    return net


def _load(
    source: str | PathLike | None,
    weights: str | None,
    otherwise: str | None,
    options: dict,
    any_size: bool,
    **common,
) -> Trained:
    file = None if weights is None else Path(weights).expanduser()
    name = None if source is None else str(source)
    if source is not None and not _is_architecture(source):
        path = Path(source).expanduser()
        if is_whole_model(path):
            _check_alone(path, weights, options)
            return from_file(path, **common)
        if isinstance(source, PathLike) or path.is_dir():
            return from_run(path, weights, options=options, **common)
    if file is not None and file.is_file():
        if is_run(file.parent):
            return from_run(file.parent, weights, architecture=name, options=options, **common)
        if source is None and is_whole_model(file):
            _check_alone(file, None, options)
            return from_file(file, **common)
    if name is None:
        raise ValueError(
            f"source must be an architecture, a run directory or a .keras file, unless weights "
            f"is a .keras file or a file in a run directory; received only weights={weights!r}."
        )
    if not _is_architecture(name):
        known = models.names()
        raise unknown("source", name, known, otherwise="an existing run directory or .keras file")
    return from_architecture(
        name,
        weights or default_weights(name),
        otherwise=otherwise,
        options=options,
        any_size=any_size,
        **common,
    )


def _check_alone(path: Path, weights: str | None, options: dict) -> None:
    """Reject arguments that a complete model already determines."""
    if weights is not None or options:
        given = ", ".join([*["weights"] * (weights is not None), *options])
        raise ValueError(
            f"'{path}' contains both layers and weights; leave out the other arguments: {given}."
        )


def _is_architecture(source: str | PathLike) -> bool:
    return isinstance(source, str) and source in models.names()


def default_weights(architecture: str) -> str:
    """Return ImageNet's weights if the architecture has them, otherwise its first set."""
    names = [found.name for found in weight_sets.available(architecture)]
    return "imagenet" if "imagenet" in names or not names else names[0]
