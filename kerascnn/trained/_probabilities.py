"""The probabilities of classes, from the outputs of a trained network."""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from scipy import special

from kerascnn._graph import Graph, flatten
from kerascnn._heads import names_of_first, units_of
from kerascnn.training._ends import end_of_scores

# Ends of several units, and of one, whose values are probabilities or can be converted to them
SEVERAL = ("softmax", "log_softmax", "sigmoid", "linear")
ONE = ("sigmoid", "linear")


def classes_of(model: keras.Model) -> int | None:
    """Return the number of classes in a model's first output; `None` if it is not fixed."""
    return units_of(flatten(model))


def first_of(outputs: object) -> Any:
    """Return the first output of a model."""
    return keras.tree.flatten(outputs)[0]


def is_logit(model: keras.Model) -> bool:
    """Return whether the first output is a single linear unit."""
    graph = flatten(model)
    return units_of(graph) == 1 and end_of_scores(graph) == "linear"


def to_probabilities(
    outputs: object, model: keras.Model, name: str, class_names: Sequence[str]
) -> np.ndarray:
    """Convert the outputs of a model for one image to probabilities of the classes.

    Args:
        outputs: what `model.predict` returns for a batch of one image.
        model: the model.
        name: its name for messages.
        class_names: the names of the classes; empty if unknown.

    Returns:
        (classes,) float32, averaged over positions if any. One unit is the second of two classes.

    Raises:
        ValueError: If the outputs have names, or are no scores of classes.
    """
    graph = flatten(model)
    end, one = _end_of(graph, name), units_of(graph) == 1
    if one and end == "linear" and len(class_names) != 2:
        raise ValueError(
            "the model must end in a sigmoid, or have two class names, for the probability of a "
            f"class; {name} ends in one linear unit, which may be a regression. Pass class_names "
            "(--class-names) if it is the logit of two classes."
        )
    values = np.atleast_1d(np.asarray(first_of(outputs))[0]).astype(np.float32)
    if one:
        second = special.expit(values) if end == "linear" else values
        values = np.concatenate([1 - second, second], axis=-1)
    elif end == "linear":
        values = special.softmax(values, axis=-1)
    elif end == "log_softmax":
        values = np.exp(values)
    return values.reshape(-1, values.shape[-1]).mean(axis=0)


def _end_of(graph: Graph, name: str) -> str:
    """Name the function at the end of a classifier.

    Raises:
        ValueError: If the outputs have names, or the function gives no scores of classes.
    """
    names, place = names_of_first(graph)
    if names:
        raise ValueError(
            "the model must have one output, or a list whose first gives the classes; "
            f"{name} returns a dict of {', '.join(map(repr, names))}. Use one of them, as in "
            f"keras.Model(model.inputs, model.output{place})."
        )
    end = end_of_scores(graph)
    wanted = ONE if units_of(graph) == 1 else SEVERAL
    if end not in wanted:
        raise ValueError(
            "the model must end in softmax, log_softmax or linear scores of classes, or in "
            f"sigmoids, for the probability of a class; {name} ends in {end!r} of "
            f"{units_of(graph)}. Add keras.layers.Softmax() to scores; use keras.layers.Average "
            "for the mean of several networks."
        )
    return end
