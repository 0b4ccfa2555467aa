"""Layers that compute with all positions of their maps at once, so that these cannot be cut."""

import keras

from kerascnn._graph import flatten
from kerascnn._known import known_name

from .describe_model import followed


def layers_of_all_positions(model: keras.Model, *sizes: tuple[int, int]) -> list[str]:
    """Name the layers that compute with all positions at once.

    Such layers are global pooling, or a normalization by the mean of the map. Only those are
    considered on which the first output depends.

    Args:
        model: a model with one input, images.
        sizes: what it sees, (height, width). If there are several, layers are also named if the
            size of their receptive field depends on it, as that of attention does.
    """
    graph = flatten(model)
    channels = model.inputs[0].shape[-1]
    views = [followed(model, graph, (*size, channels))[1].views for size in sizes]
    names = []
    for node in graph.leading_to(graph.outputs[:1]):
        looks = [_along_space(view[node.outputs[0]]) for view in views]
        fixed = any(look.axis is None and look.field and look.field.size for look in looks[0])
        # Not the centers: with padding "same", they depend on whether a size is even.
        fields = [[look.field and look.field.size for look in each] for each in looks]
        if (
            fixed
            or any(each != fields[0] for each in fields)
            or known_name(node.operation).startswith("Adaptive")
        ):
            names.append(node.name)
    return names


def layers_of_unknown_fields(model: keras.Model, size: tuple[int, int]) -> list[str]:
    """Name the layers on which the first output depends and whose receptive fields are unknown."""
    graph = flatten(model)
    view = followed(model, graph, (*size, model.inputs[0].shape[-1]))[1].views
    return [
        node.name
        for node in graph.leading_to(graph.outputs[:1])
        if any(look.field is None for look in _along_space(view[node.outputs[0]]))
    ]


def _along_space(view: dict) -> list:
    return [look for (_, axis), look in view.items() if axis in (1, 2)]
