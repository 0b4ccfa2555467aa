"""Pairs of a model's weights and the weights in a file, checked before any is assigned."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import keras

NUMBERS = "fiub"  # NumPy's kinds of floats, integers and booleans


class MisfitError(ValueError):
    """The weights in a file do not fit the model.

    Attributes:
        layer: the layer whose weights have the wrong shapes, if that is the reason.
    """

    layer: str | None = None


class Pair(NamedTuple):
    """A weight of a model and the array, or HDF5 data set, that a file stores for it."""

    variable: keras.Variable
    stored: Any


def pair(layer: str, variables: Iterable[keras.Variable], stored: Sequence[Any]) -> list[Pair]:
    """Pair the weights of a layer with those in a file.

    Args:
        layer: name of the layer.
        variables: weights of the layer.
        stored: weights in the file, in the same order.

    Raises:
        MisfitError: If the number of weights or their shapes differ.
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
    """Refuse layers in the file that the model does not have.

    Args:
        more: weights of these layers in the file.

    Raises:
        MisfitError: If there are any.
    """
    for layer, stored in more.items():
        shapes = _text([tuple(s.shape) for s in stored])
        raise MisfitError(
            f"the file also has '{layer}', with {shapes}, which the model does not have."
        )


def _text(shapes: list[tuple[int, ...]]) -> str:
    return " and ".join(map(str, shapes)) if shapes else "no weights"
