"""The class names of a model, if known from training, from evaluation or from the user."""

from collections import Counter
from collections.abc import Sequence
from typing import Any
from weakref import WeakKeyDictionary

import keras
import numpy as np

from ._errors import unknown
from ._graph import Graph, flatten, has_graph

_known: WeakKeyDictionary[keras.Operation, tuple[str, ...]] = WeakKeyDictionary()


def name_classes(model: keras.Model, class_names: Sequence[str]) -> keras.Model:
    """Set the class names of a model, so that targets can be specified by name.

    `train` and `evaluate` do this for data with `.class_names`. The names are kept as long as the
    model exists in this process; `kerascnn.trained.save` saves them with it.

    Args:
        model: A functional or sequential classifier whose first output is `(N, K)` or
            `(N, h, w, K)` scores. K = 1 represents two classes.
        class_names: Names of the K classes, by class index. For K = 1 two names: of the negative
            class, 0, and of the positive one, 1. Classes that share a name are specified by index.

    Returns:
        The same model.

    Raises:
        TypeError: If `model` is not a Keras model.
        ValueError: If the model has no graph, or the number of names is wrong.

    >>> import numpy as np, kerascnn as kc
    >>> model = name_classes(kc.build_lenet5(classes=2), ["dent", "scratch"])
    >>> kc.visualize.grad_cam(model, np.ones((1, 28, 28, 1)), target="dent").shape
    (1, 10, 10)
    """
    graph = flatten(model)
    names = (class_names,) if isinstance(class_names, str) else tuple(map(str, class_names))
    last = graph.maker(graph.outputs[0]).shapes[0][-1]
    classes = 2 if last == 1 else last
    if len(names) != classes:
        raise ValueError(
            f"class_names must be {classes} names, one for each class of the model; "
            f"received {len(names)}."
        )
    _known[graph.maker(graph.outputs[0]).operation] = names
    return model


def remember(model: keras.Model, class_names: Sequence[str] | None) -> None:
    """Store the class names of a data set, if they match the model's classes."""
    if class_names is not None and has_graph(model):
        try:
            name_classes(model, class_names)
        except ValueError:  # the outputs are not these classes but, for example, boxes
            return


def names_of(graph: Graph) -> tuple[str, ...] | None:
    """Return the class names of a model; `None` if unknown."""
    return _known.get(graph.maker(graph.outputs[0]).operation)


def matched(names: Sequence[str], own: Sequence[str], advice: str) -> np.ndarray | None:
    """Return the index of each name among a model's own; `None` if both are the same.

    Args:
        names: class names by label, all of which are among `own`.
        own: class names of the model.
        advice: what to do if a name is that of several classes.

    Raises:
        ValueError: If one is.
    """
    names, own = list(names), list(own)
    if names == own:  # which may repeat a name
        return None
    for given, whose in ((names, "the data"), (own, "the model")):
        counts = Counter(given)
        twice = next((name for name in names if counts[name] > 1), None)
        if twice is not None:
            raise ValueError(
                f"classes must have different names to be matched with those of the model; "
                f"received {twice!r} for {_numbers(twice, given)} of {whose}: {advice}."
            )
    return np.array([own.index(name) for name in names])


def _numbers(name: str, names: Sequence[str]) -> str:
    """List the indices of the classes with a name."""
    return " and ".join(str(index) for index, each in enumerate(names) if each == name)


def indices_of(target: Any, graph: Graph, name: str = "target") -> Any:
    """Replace class names in a target by their indices; other targets are not changed.

    Raises:
        TypeError: If it contains a name, but the class names of the model are unknown.
        ValueError: If a name is unknown, or that of several classes.
    """
    if isinstance(target, str):
        names = names_of(graph)
        if names is None:
            raise TypeError(
                f"{name} must be a class index, since the model's class names are unknown; "
                f"received {target!r}. Set them with kerascnn.name_classes(model, class_names)."
            )
        if target not in names:
            raise unknown(name, target, names)
        if names.count(target) > 1:  # as "crane" in ImageNet, a bird and a machine
            raise ValueError(
                f"{name} must be one class; {target!r} is the name of {_numbers(target, names)}. "
                "Pass the index."
            )
        return names.index(target)
    if getattr(getattr(target, "dtype", None), "kind", "") == "U":
        target = target.tolist()
    if isinstance(target, list | tuple) and any(isinstance(one, str) for one in target):
        return [indices_of(one, graph, name) for one in target]
    return target
