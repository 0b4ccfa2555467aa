"""A trained network from the file of a whole model."""

import zipfile
from pathlib import Path

import keras

import kerascnn.layers  # noqa: F401  registers the toolkit's layers with Keras
from kerascnn import weights
from kerascnn._rescaling import rescaling_layer

from ._recognize import WHOLE_MODEL, saved_with
from ._trained import SHOWN, Trained, check_model
from ._without_top import without_top


def from_file(
    path: str | Path,
    *,
    include_top: bool = True,
    preprocessing: str | None = None,
    class_names: tuple[str, ...] = (),
) -> Trained:
    """Load a whole model from a `.keras` file, or a legacy `.h5`.

    A file of `save` may contain how pictures are shown to the model. Otherwise, a model that starts
    by rescaling 0 … 255, or takes integers, gets images in that range.

    Raises:
        OSError: If the file does not exist.
        ValueError: If it is not a whole model for images, or requires code that is not available.
    """
    path = Path(path).expanduser()
    model = read_file(path)
    check_model(model, path.name, include_top)
    saved = saved_with(path)
    if preprocessing is not None:
        mode, note = weights.MODES[preprocessing], f"preprocessing {preprocessing}, as specified"
    elif "preprocessing" in saved:
        mode = weights.Preprocessing(**saved["preprocessing"])
        note = f"preprocessing {mode.name}, as saved in the file"
    elif rescaling := rescaling_layer(model):
        mode, note = weights.MODES["0-255"], f"its layer {rescaling!r} rescales 0 … 255"
    elif not keras.backend.is_float_dtype(dtype := model.inputs[0].dtype):
        mode, note = weights.MODES["0-255"], f"its input is {dtype}"
    else:
        mode = weights.MODES["unit"]
        note = "preprocessing unit is assumed; if this is wrong, pass --preprocessing"
    return Trained(
        model=model if include_top else without_top(model),
        name=path.name,
        preprocessing=mode,
        class_names=class_names or tuple(saved.get("class_names", ())),
        note=note,
        **{key: saved[key] for key in SHOWN if include_top and key in saved},
    )


def read_file(path: Path) -> keras.Model:
    """Read a whole model.

    Raises:
        OSError: If the file does not exist.
        ValueError: If it is damaged, contains only weights, or requires code that is not available.
    """
    if not path.is_file():
        raise OSError(f"'{path}' must be a model file; it does not exist.")
    if path.suffix == WHOLE_MODEL and not zipfile.is_zipfile(path):  # Keras: "File not found"
        raise ValueError(
            f"'{path}' must contain a complete model, as saved by model.save; it is not a zip "
            "archive, as .keras files are. Save or copy it again."
        )
    try:
        return keras.saving.load_model(path, compile=False)
    except Exception as error:
        raise ValueError(
            f"'{path}' must contain a complete model, as saved by model.save, of layers of Keras "
            f"and kerascnn; received: {innermost_message(error)} "
            "For weights alone, specify the architecture."
        ) from error


def innermost_message(error: Exception) -> str:
    """Shorten the message of a Keras error; if it contains another one, use that."""
    words = " ".join(str(error).split()).rpartition("Exception encountered: ")[2]
    return f"{words:.300}".rstrip(".") + "."
