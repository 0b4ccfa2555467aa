"""The names of a model's classes, where they are known: by training, evaluation, or by hand."""

from collections.abc import Sequence
from typing import Any
from weakref import WeakKeyDictionary

import keras

from ._errors import unknown
from ._graph import Graph, flatten, has_graph

_known: WeakKeyDictionary[keras.Operation, tuple[str, ...]] = WeakKeyDictionary()


def name_classes(model: keras.Model, class_names: Sequence[str]) -> keras.Model:
    """Tell the names of a model's classes, so that a target can be given by its name.

    `train` and `evaluate` do so by themselves for data with `.class_names`. The names last as long
    as the model in this process; they are not saved with it.

    Args:
        model: A functional or sequential classifier, `(N, K)` or `(N, h, w, K)` scores; of several
            outputs the first. K = 1 has two classes.
        class_names: K texts, in the order of the classes.

    Returns:
        The model.

    Raises:
        TypeError, ValueError: Not such a model, or another number of names.

    >>> import numpy as np, kerascnn as kc
    >>> model = name_classes(kc.build_lenet5(classes=2), ["dent", "scratch"])
    >>> kc.visualize.grad_cam(model, np.zeros((1, 28, 28, 1)), target="dent").shape
    (1, 10, 10)
    """
    graph = flatten(model)
    names = (class_names,) if isinstance(class_names, str) else tuple(map(str, class_names))
    last = graph.maker(graph.outputs[0]).shapes[0][-1]
    classes = 2 if last == 1 else last
    if len(names) != classes:
        raise ValueError(
            f"class_names must be {classes}, one for each class of the model; "
            f"received {len(names)}."
        )
    _known[graph.maker(graph.outputs[0]).operation] = names
    return model


def remember(model: keras.Model, class_names: Sequence[str] | None) -> None:
    """Keep the names that come with data, if they are those of the model's classes."""
    if class_names is not None and has_graph(model):
        try:
            name_classes(model, class_names)
        except ValueError:  # what the model gives are not these classes, such as boxes
            return


def names_of(graph: Graph) -> tuple[str, ...] | None:
    """The names of a model's classes; `None`: not known."""
    return _known.get(graph.maker(graph.outputs[0]).operation)


def indices_of(target: Any, graph: Graph) -> Any:
    """Replace the names of classes in a target by their indices; whatever else it is stays.

    Raises:
        TypeError: A name, of a model whose class names are not known.
        ValueError: A name that is none of them.
    """
    if isinstance(target, str):
        names = names_of(graph)
        if names is None:
            raise TypeError(
                f"target must be a class index, since the model's class names are not known; "
                f"received {target!r}: tell them by kerascnn.name_classes(model, class_names)."
            )
        if target not in names:
            raise unknown("target", target, names)
        return names.index(target)
    if getattr(getattr(target, "dtype", None), "kind", "") == "U":
        target = target.tolist()
    if isinstance(target, list | tuple) and any(isinstance(one, str) for one in target):
        return [indices_of(one, graph) for one in target]
    return target
