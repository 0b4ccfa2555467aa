"""Weights of a model and weights of a file, side by side; checked before anything is assigned."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import keras

NUMBERS = "fiub"  # NumPy's kinds of floats, integers and booleans


class MisfitError(ValueError):
    """The file holds the weights of another network.

    Attributes:
        layer: the layer whose weights have other shapes, if that is why.
    """

    layer: str | None = None


class Pair(NamedTuple):
    """A weight and what a file holds for it: an array, or an HDF5 data set to read it from."""

    variable: keras.Variable
    stored: Any


def pair(layer: str, variables: Iterable[keras.Variable], stored: Sequence[Any]) -> list[Pair]:
    """Put the weights of a layer side by side.

    Args:
        layer: name of the layer.
        variables: its weights.
        stored: what the file holds for them, in the same order.

    Raises:
        MisfitError: another number of weights, or other shapes.
    """
    variables = list(variables)
    expected, received = ([tuple(w.shape) for w in ws] for ws in (variables, stored))
    if expected != received:
        misfit = MisfitError(
            f"the first layer that differs is '{layer}', with {_text(expected)} in the model and "
            f"{_text(received)} in the file."
        )
        misfit.layer = layer if received else None
        raise misfit
    return [Pair(*both) for both in zip(variables, stored, strict=True)]


def refuse_more(more: Mapping[str, Sequence[Any]]) -> None:
    """Refuse layers of the file that the model lacks.

    Args:
        more: what the file holds for each of them.

    Raises:
        MisfitError: there are such layers.
    """
    for layer, stored in more.items():
        shapes = _text([tuple(s.shape) for s in stored])
        raise MisfitError(f"the file also has '{layer}', with {shapes}, which the model lacks.")


def _text(shapes: list[tuple[int, ...]]) -> str:
    return " and ".join(map(str, shapes)) if shapes else "no weights"
