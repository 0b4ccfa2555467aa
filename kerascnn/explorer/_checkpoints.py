"""The weights of several epochs, as small differences from those of the model."""

from __future__ import annotations

import math
from collections.abc import Mapping
from os import PathLike
from pathlib import Path
from typing import Any, NamedTuple

import keras
import numpy as np

from kerascnn.training._history_file import read_history
from kerascnn.training._kept_weights import kept_weights
from kerascnn.training._origin import run_id_of
from kerascnn.training._train_result import Training
from kerascnn.training._variables import are_finite, load_weights_only

from ._graph import Arrays
from ._weights import coded, decoded


class Kept(NamedTuple):
    """What a run has kept: its history, and by epoch the weights in the order of the model's."""

    history: dict[str, list[float | None]]
    weights: Mapping[int, list[np.ndarray]]


def read_run(run: Training | str | PathLike, model: keras.Model) -> Kept:
    """Read the weights of the epochs that a run has kept.

    Raises:
        ValueError: it has kept none, they are those of another network, or not finite.
        OSError: a file is damaged, or of another run or epoch.
    """
    folder = run.run_dir if isinstance(run, Training) else Path(run).expanduser()
    files = kept_weights(folder) if folder is not None else {}
    if folder is None or not files:
        where = "a training without run_dir" if folder is None else f"'{folder}', which has none"
        raise ValueError(
            "checkpoints must be a run that kept the weights of its epochs; received "
            f"{where}. Train with run_dir= and keep_every=1."
        )
    history = run.history if isinstance(run, Training) else read_history(folder / "history.csv")
    history = {key: [_finite(value) for value in column] for key, column in history.items()}
    run_id = run.run_id if isinstance(run, Training) else run_id_of(folder)
    copy = keras.models.clone_model(model)
    weights = {}
    for epoch, file in files.items():
        try:
            load_weights_only(copy, file, run_id, epoch)
        except ValueError as error:
            raise ValueError(
                f"checkpoints must be weights of the model {model.name!r}; those in '{file}' do "
                f"not fit: {str(error).splitlines()[0]}"
            ) from None
        except OSError as error:
            reason = str(error).splitlines()[0]
            raise OSError(
                f"'{file}', the weights of epoch {epoch}, cannot be read ({reason})."
            ) from None
        weights[epoch] = [np.array(w, "float32") for w in copy.get_weights()]
        if not are_finite(weights[epoch]):
            raise ValueError(
                f"checkpoints must have weights that are finite numbers; received NaN or infinity "
                f"in '{file}'. Delete it to leave epoch {epoch} out."
            )
    return Kept(history, weights)


def _finite(value: float) -> float | None:
    """A number as JSON has it."""
    return value if math.isfinite(value) else None


def checkpoints_of(
    kept: Kept, model: keras.Model, arrays: Arrays, base: list[np.ndarray], dtype: str
) -> list[dict[str, Any]]:
    """What the page has of each epoch.

    Args:
        kept: the weights.
        model: whose weights the arrays are.
        arrays: of the page.
        base: their values as the page reads them.
        dtype: "int16", or "int8" for the half.
    """
    position = {id(variable): nth for nth, variable in enumerate(model.weights)}
    entries = []
    for epoch, weights in kept.weights.items():
        changed = {}
        for nth, source in enumerate(arrays.sources):
            if id(source) in position:
                difference = weights[position[id(source)]] - base[nth]
                if difference.any():
                    changed[str(nth)] = coded(difference, dtype)
        metrics = {  # the start has none, nor has an epoch that was interrupted
            key: column[epoch - 1]
            for key, column in kept.history.items()
            if 0 < epoch <= len(column)
        }
        entries.append({"epoch": epoch, "metrics": metrics, "arrays": changed})
    return entries


def as_read(entry: dict[str, Any], base: list[np.ndarray]) -> list[np.ndarray]:
    """The arrays of a checkpoint as the page reads them."""
    changed = entry["arrays"]
    return [
        array + decoded(changed[str(nth)]) if str(nth) in changed else array
        for nth, array in enumerate(base)
    ]
