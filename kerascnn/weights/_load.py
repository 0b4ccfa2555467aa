"""Weights into models: by the name of a shipped set, or from a file."""

from pathlib import Path

import h5py
import keras

from ._shipped import available

SUFFIXES = (".weights.h5", ".keras", ".h5", ".hdf5")


def resolve(
    architecture: str,
    weights: str | Path | None,
    *,
    include_top: bool = True,
    classes: int | None = None,
    classifier_activation: str | None = None,
) -> str | None:
    """Check, before anything is built, that `weights` can be loaded into what is asked for.

    Args:
        architecture: the builder's name without "build_".
        weights: `None`, the name of a shipped set, or the path of a file.
        include_top, classes, classifier_activation: the builder's arguments.

    Returns:
        `weights` as text, or `None`.

    Raises:
        ValueError: no set has this name and no file this path, or the set has other classes.
    """
    if weights is None:
        return None
    sets = {s.name: s for s in available(architecture)}
    if weights not in sets:
        if not Path(weights).is_file():
            choices = ", ".join([*map(repr, sets), "None"])
            raise ValueError(
                f"weights must be {choices} or the path of an existing file for {architecture}; "
                f"received {str(weights)!r}."
            )
        if not str(weights).endswith(SUFFIXES):
            raise ValueError(
                f"weights must be a file that ends in {', '.join(SUFFIXES)}; "
                f"received {str(weights)!r}."
            )
    elif not include_top:
        raise ValueError(
            f"weights={weights!r} is a set for the whole network; received include_top=False. "
            "Build with include_top=True and take the layers that you need."
        )
    elif classes != sets[weights].card["classes"]:
        raise ValueError(
            f"classes must be {sets[weights].card['classes']} with weights={weights!r}; "
            f"received {classes}."
        )
    if include_top and classifier_activation not in ("softmax", None):
        raise ValueError(
            "classifier_activation must be 'softmax' or None with trained weights; "
            f"received {classifier_activation!r}."
        )
    return str(weights)


def load(
    model: keras.Model, weights: str | Path, *, architecture: str | None = None
) -> keras.Model:
    """Load weights into a model; all of them or, with an error, none.

    Args:
        model: a built `keras.Model`.
        weights: the name of a set shipped for `architecture`, whose hash is then checked; or the
            path of a file: Keras's `.weights.h5`, `.keras` or legacy `.h5`, such as the
            files of keras.applications.
        architecture: the builder's name without "build_"; default the model's name.

    Returns:
        The same model.

    Raises:
        ValueError: the file holds the weights of another network.
        OSError: the file is missing, damaged, or not the one that was shipped.

    >>> import kerascnn as kc
    >>> model = kc.build_lenet5()
    >>> kc.weights.load(model, "mnist") is model
    True
    """
    for shipped in available(architecture or model.name):
        if shipped.name == weights:
            shipped.verify()
            weights = shipped.path
    path = Path(weights)
    if not path.is_file():
        raise OSError(f"weights must be the path of an existing file; received {str(weights)!r}.")
    before = model.get_weights()
    try:
        if path.suffix == ".keras":
            model.set_weights(keras.saving.load_model(path, compile=False).get_weights())
        else:
            with h5py.File(path):  # a damaged file says so here, in h5py's words
                pass
            model.load_weights(path)
    except Exception as error:
        model.set_weights(before)
        reason = str(error).strip().splitlines()[0] if str(error).strip() else repr(error)
        # What h5py cannot read is damaged; what Keras cannot place belongs to another network.
        kind = OSError if isinstance(error, OSError) else ValueError
        expected = f"a weight file of {model.name} ({model.count_params():,} parameters)"
        raise kind(
            f"weights must be {expected}, whole and unchanged; {path} does not fit: {reason} "
            "Nothing was loaded."
        ) from error
    return model
