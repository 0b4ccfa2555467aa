"""Outputs that have labels of their own; each loss counts the same."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from kerascnn._checks import is_whole
from kerascnn._errors import unknown
from kerascnn.training._data import Part

from .objective import Loss, Objective, Output


def several_outputs(
    outputs: Mapping[str, tuple[np.ndarray, Output]],
    losses: Mapping[str, Loss | None],
    choose: Callable[[np.ndarray, Output, Loss | None], Objective],
    *,
    as_dict: bool,
) -> Objective:
    """Combine the objectives of several outputs.

    Args:
        outputs: labels and output, by the output's name.
        losses: losses given by the user, by the output's name.
        choose: chooses the objective of one output from its labels, itself and its loss.
        as_dict: whether the model returns a dict.

    Raises:
        ValueError: If a name is unknown, or labels do not fit their output.
    """
    names = list(outputs)
    for name in losses:
        if name not in names:
            raise unknown("loss", name, names)

    def on_each(work: Callable[..., Any], arguments: Mapping[Any, tuple]) -> dict:
        results = {}
        for name, given in arguments.items():
            try:
                results[name] = work(name, *given)
            except ValueError as error:
                raise ValueError(f"output {name!r}: {error}") from None
        return results

    goals = on_each(lambda name, labels, output: choose(labels, output, losses.get(name)), outputs)

    def each(part: Part) -> dict[Any, tuple[Part]]:
        weights = part.weights
        if isinstance(weights, dict):
            weights = _named(weights, names)
            for name in weights:
                if name not in names:
                    raise unknown("weights", name, names)
        whole = replace(part, labels=by_name(part.labels, names), weights=weights)
        return {name: (one,) for name, one in whole.of_outputs().items()}

    def as_returned(values: dict) -> dict | tuple:
        return values if as_dict else tuple(values.values())

    def prepare(part: Part) -> Part:
        given = each(part)
        parts = on_each(lambda name, one: goals[name].prepare(one), given)
        weights = None
        if any(one.weights is not None for one in parts.values()):
            ones = np.ones(len(part), "float32")
            for name, one in parts.items():
                if one.weights is None:
                    (one,) = given[name]
                    parts[name] = goals[name].prepare(replace(one, weights=ones))
            weights = as_returned({name: one.weights for name, one in parts.items()})
        labels = as_returned({k: one.labels for k, one in parts.items()})
        return Part(part.images, labels, weights)

    def check(part: Part) -> None:
        on_each(lambda name, one: goals[name].check(one), each(part))

    loss = {name: goal.loss for name, goal in goals.items()}
    metrics = {name: goal.metrics for name, goal in goals.items()}
    if not as_dict:
        loss, metrics = list(loss.values()), list(metrics.values())
    return Objective(loss, metrics, prepare, check)


def by_name(labels: Mapping[str | int, np.ndarray], names: Sequence[str]) -> dict[str, np.ndarray]:
    """Order labels like the outputs, by their names.

    Raises:
        ValueError: If there is not exactly one array for each output.
    """
    given = _named(labels, names)
    if set(given) != set(names) or len(set(names)) < len(names):
        raise ValueError(
            f"labels must be a dict with a key for each output, {', '.join(map(repr, names))}; "
            f"received {', '.join(map(repr, labels))}."
        )
    return {name: given[name] for name in names}


def _named(values: Mapping[Any, np.ndarray], names: Sequence[str]) -> dict[Any, np.ndarray]:
    """Replace the indices of outputs by their names."""
    return {
        names[key] if is_whole(key) and key < len(names) else key: value
        for key, value in values.items()
    }
