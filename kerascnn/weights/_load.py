"""Loading weights into a model, by the name of a set or from a file; all of them or none."""

import re
from collections.abc import Callable, Mapping
from pathlib import Path

import keras
import numpy as np

from kerascnn._errors import warn
from kerascnn._graph import check_is_model

from ._available import available
from ._keras_files import opened, pairs_of_keras_file
from ._pairing import NUMBERS, MisfitError, Pair
from ._shipped import ShippedSet
from ._torch import pairs_of_checkpoint, read_checkpoint
from ._weight_set import WeightSet

TORCH_SUFFIXES = (".pth", ".pt")
SUFFIXES = (".weights.h5", ".keras", ".h5", ".hdf5", *TORCH_SUFFIXES)
# Keras's words for a weight with another shape
DIFFERS = re.compile(
    r"object <\w+ name=([^,>]+).*?variable\.shape=(\(.*?\)).*?value\.shape=(\(.*?\))"
)
LONGEST = 300  # characters of other messages of Keras


def resolve(
    architecture: str,
    weights: str | Path | None,
    *,
    variant: str | None = None,
    include_top: bool = True,
    classes: int | None = None,
    classifier_activation: str | Callable | None = None,
) -> WeightSet | Path | None:
    """Check that `weights` can be loaded into a model, before the model is built.

    Args:
        architecture: the name of the builder without `build_`.
        weights: `None`, the name of a set of weights, or the path to a file.
        variant: the variant of the architecture; `None` for the default.
        include_top, classes, classifier_activation: the arguments of the builder.

    Returns:
        The `weights` argument of `load`, or `None`.

    Raises:
        ValueError: If there is no set of this name and no file at this path, or the set has another
            number of classes.

    >>> import kerascnn as kc
    >>> kc.weights.resolve("vgg16", "cifar10", classes=10).source
    'kerascnn'
    """
    if weights is None:
        return None
    if not isinstance(weights, (str, Path)):
        raise ValueError(
            f"weights must be None, the name of a set or the path to a file; received {weights!r}."
        )
    found = _set(architecture, variant, weights)
    if found is None:
        found = Path(weights).expanduser()
        if not found.is_file():
            names = dict.fromkeys(s.name for s in available(architecture))
            raise ValueError(
                f"weights must be {', '.join([*map(repr, names), 'None'])} or the path to an "
                f"existing file for {architecture}; received {str(weights)!r}."
            )
        _check_suffix(found)
    elif include_top and classes != found.classes:
        raise ValueError(
            f"classes must be {found.classes} with weights={weights!r}; received {classes}. "
            + _how_to_transfer(classes)
        )
    elif not include_top and len(found.parameters) == 1:
        raise ValueError(
            f"include_top must be True with weights={weights!r}, a set for the whole model; "
            "received False. Build with include_top=True and use the layers that you need."
        )
    activations = ("sigmoid" if classes == 1 else "softmax", None)
    if include_top and classifier_activation not in activations:
        raise ValueError(
            f"classifier_activation must be {activations[0]!r} or None with pretrained weights; "
            f"received {classifier_activation!r}."
        )
    return found


def build_options(architecture: str, weights: str | Path | None) -> Mapping[str, object]:
    """Return the builder's arguments for a set of weights, such as a smaller width.

    Args:
        architecture: the name of the builder without `build_`.
        weights: the `weights` argument of the builder.

    Returns:
        Arguments by name; empty if the defaults fit.

    >>> import kerascnn as kc
    >>> kc.weights.build_options("vgg16", "cifar10")["width"]
    0.25
    """
    sets = [s for s in available(architecture) if s.name == weights]
    return sets[0].build if len(sets) == 1 else {}


def load(
    model: keras.Model,
    weights: str | Path | WeightSet,
    *,
    architecture: str | None = None,
    variant: str | None = None,
) -> keras.Model:
    """Load weights into a model. If this fails, the model keeps all of its weights.

    Args:
        model: a built `keras.Model`.
        weights: a set for `architecture` or its name, in which case the hash of the file is
            checked; or the path to a file: `.weights.h5`, `.keras` or legacy `.h5` from Keras, such
            as those of keras.applications, or `.pth` from torchvision, which requires PyTorch.
        architecture: the name of the builder without `build_`; defaults to the model's name.
        variant: the variant of the architecture; `None` for the default.

    Returns:
        The same model.

    Raises:
        ValueError: If the weights in the file do not fit the model.
        OSError: If the file is missing or damaged, has the wrong hash, or contains code.
        ImportError: If the file requires PyTorch, which is not installed.

    >>> import kerascnn as kc
    >>> model = kc.build_lenet5()
    >>> kc.weights.load(model, "mnist") is model
    True
    """
    check_is_model(model)
    if not model.built:
        raise ValueError(
            f"model must be built; received {model.name}, which has no weights yet. "
            "Start the model with keras.Input(…), or call it once."
        )
    architecture = architecture or model.name
    if isinstance(weights, WeightSet):
        named, path = weights, _fetched(model, weights)
    else:
        named = _set(architecture, variant, weights, model.count_params())
        path = Path(weights).expanduser() if named is None else _fetched(model, named)
    # A shipped set is a single file; a model without the top uses the first part of it.
    top = not isinstance(named, ShippedSet) or model.count_params() == max(named.parameters)
    owners = dict.fromkeys(s.architecture for s in available() if s.name == str(weights))
    if named is None and owners and not path.exists():
        raise ValueError(
            f"architecture must be given with the name of a set, since the model is named "
            f"{model.name!r}; {str(weights)!r} is a set of {', '.join(owners)}."
        )
    if not path.is_file():
        problem = "is a directory" if path.is_dir() else "does not exist"
        raise OSError(
            f"weights must be the path to a file; received {str(path)!r}, which {problem}."
        )
    _check_suffix(path)
    try:
        if path.name.endswith(TORCH_SUFFIXES):
            _assign(pairs_of_checkpoint(model, read_checkpoint(path), architecture))
        else:
            with opened(path) as root:
                pairs = pairs_of_keras_file(model, root, top=top)
                if pairs is not None:
                    _assign(pairs)
            if pairs is None:
                _load_by_keras(model, path)
    except (ImportError, MemoryError):
        raise
    except MisfitError as misfit:
        transfer = ""
        if misfit.layer is not None and misfit.layer == _classifier(model):
            transfer = " " + _how_to_transfer(model.output_shape[-1])
        raise ValueError(
            f"weights must be a file for {model.name}; received {path}: {misfit} "
            f"Nothing was loaded.{transfer}"
        ) from misfit
    except Exception as error:  # damaged files cause many kinds of errors
        reason = " ".join(str(error).split()).rstrip(".") or repr(error)
        raise OSError(
            f"weights must be a complete weights file for {model.name}; {path} cannot be read: "
            f"{reason}. Save or download it again. Nothing was loaded."
        ) from error
    if named is None:
        _warn_of_nan(model, path)
    return model


def _warn_of_nan(model: keras.Model, path: Path) -> None:
    for weight in model.weights:
        array = np.asarray(weight)  # without NumPy's warning of a copy
        # the sum is faster than to look at each number, and enough if it is finite
        if (
            array.dtype.kind == "f"
            and not np.isfinite(array.sum())
            and not np.isfinite(array).all()
        ):
            warn(
                f"'{path}' contains NaN or infinity, first in {weight.path!r}, so the model "
                f"computes nothing useful: load the weights of an earlier epoch."
            )
            return


def _how_to_transfer(classes: int | None) -> str:
    return (
        "For other classes, reuse the feature layers only: build with the classes of the weights, "
        f"or with include_top=False, and add a new top with kc.training.transfer(model, {classes})."
    )


def _classifier(model: keras.Model) -> str | None:
    """Return the name of the last layer with weights in a model with one output."""
    if not isinstance(model.output_shape, tuple):
        return None
    return next((layer.name for layer in reversed(model.layers) if layer.weights), None)


def _set(
    architecture: str, variant: str | None, weights: str | Path, parameters: int | None = None
) -> WeightSet | None:
    """Find a set by name, preferably with this number of parameters; `None` if there is none."""
    named = [s for s in available(architecture) if s.name == weights]
    for_variant = [s for s in named if s.of_variant(variant)]
    if for_variant:
        return next((s for s in for_variant if parameters in s.parameters), for_variant[0])
    if named:
        variants = " or ".join(repr(s.variant) for s in named)
        raise ValueError(
            f"variant must be {variants} with weights={weights!r} for {architecture}; "
            f"received {variant!r}."
        )
    return None


def _fetched(model: keras.Model, found: WeightSet) -> Path:
    """Return the file of a set, downloading it if necessary, but only if it can fit the model."""
    count = model.count_params()
    if count not in found.parameters:
        counts = " or ".join(f"{n:,} ({what})" for n, what in found.parameters.items())
        classes = model.output_shape[-1] if isinstance(model.output_shape, tuple) else found.classes
        transfer = "" if classes == found.classes else f" {_how_to_transfer(classes)}"
        raise ValueError(
            f"weights={found.name!r} for {found.architecture} requires a parameter count of "
            f"{counts}; this model has {count:,}. Check its variant, input_shape, classes and "
            f"width.{transfer}"
        )
    return found.fetch(count)


def _check_suffix(path: Path) -> None:
    if not path.name.endswith(SUFFIXES):
        raise ValueError(
            f"weights must be a file that ends in {', '.join(SUFFIXES)}; received {str(path)!r}."
        )


def _assign(pairs: list[Pair]) -> None:
    """Assign the weights, after reading all of them once to find out if the file is damaged."""
    for _, stored in pairs:
        array = np.asarray(stored)
        if array.dtype.kind not in NUMBERS:
            raise OSError(f"it contains {array.dtype} where it must contain numbers")
    for variable, stored in pairs:
        variable.assign(np.asarray(stored))


def _load_by_keras(model: keras.Model, path: Path) -> None:
    """Load models with nested layers with Keras; restore the old weights if this fails."""
    before = model.get_weights()
    try:
        model.load_weights(path)
    except Exception as error:
        model.set_weights(before)
        raise _misfit(" ".join(str(error).split())) from error


def _misfit(message: str) -> MisfitError:
    """Shorten Keras's message, in which the layer that differs is an example."""
    found = DIFFERS.search(message)
    if found is None:
        return MisfitError(message[:LONGEST].rstrip(".") + ".")
    layer, own, stored = found.groups()
    misfit = MisfitError(f"'{layer}' differs, with {own} in the model and {stored} in the file.")
    misfit.layer = layer
    return misfit
