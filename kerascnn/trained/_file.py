"""A trained network from the file of a whole model."""

from pathlib import Path

import keras

import kerascnn.layers  # noqa: F401  registers the toolkit's layers with Keras
from kerascnn import weights
from kerascnn._rescaling import rescaling_layer

from ._top import without_top
from ._trained import Trained, check_model


def from_file(
    path: str | Path,
    *,
    include_top: bool = True,
    preprocessing: str | None = None,
    class_names: tuple[str, ...] = (),
) -> Trained:
    """Load a whole model from a `.keras` file, or a legacy `.h5`.

    A model that begins by rescaling 0 … 255 gets that range.

    Raises:
        OSError: If the file does not exist.
        ValueError: it is not a whole model of pictures, or needs code that is not at hand.
    """
    path = Path(path).expanduser()
    model = read_file(path)
    check_model(model, path.name, include_top)
    if preprocessing is not None:
        mode, note = weights.MODES[preprocessing], f"preprocessing {preprocessing}, as you say"
    elif rescaling := rescaling_layer(model):
        mode, note = weights.MODES["0-255"], f"its layer {rescaling!r} takes pictures in 0 … 255"
    else:
        mode = weights.MODES["unit"]
        note = "preprocessing unit is assumed; if it is another, give --preprocessing"
    return Trained(
        model=model if include_top else without_top(model),
        name=path.name,
        preprocessing=mode,
        class_names=class_names,
        note=note,
    )


def read_file(path: Path) -> keras.Model:
    """Read a whole model.

    Raises:
        OSError: there is no such file, or it is damaged.
        ValueError: it holds weights alone, or needs code that is not at hand.
    """
    if not path.is_file():
        raise OSError(f"'{path}' must be the file of a model; it does not exist.")
    try:
        return keras.saving.load_model(path, compile=False)
    except Exception as error:
        raise ValueError(
            f"'{path}' must contain a complete model, as saved by model.save, of layers of Keras "
            f"and kerascnn; received: {in_a_line(error)} "
            "For weights alone, specify the architecture."
        ) from error


def in_a_line(error: Exception) -> str:
    """What an error of Keras says, shortened: of one within another, the inner one."""
    words = " ".join(str(error).split()).rpartition("Exception encountered: ")[2]
    return f"{words:.300}".rstrip(".") + "."
