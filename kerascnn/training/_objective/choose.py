"""Choose the task of a model and its labels among the other files in this folder."""

from collections.abc import Sequence
from dataclasses import replace

import keras
import numpy as np

from kerascnn._graph import flatten, has_graph
from kerascnn._heads import SURE, end_of
from kerascnn.training._channels import Channels, channels_of_output, classes_not_last
from kerascnn.training._data import Labels, Part
from kerascnn.training._dice_loss import DiceLoss
from kerascnn.training._maps import density, size_of
from kerascnn.training._recipes import Recipe
from kerascnn.training._subclassed import (
    HOW_TO_END,
    UNKNOWN,
    end_of_layers,
    ends_of_values,
    traced,
    warn_of_values,
)
from kerascnn.training._variables import values_of

from .binary import binary
from .classification import classification
from .detection import are_boxes, detection
from .objective import Loss, Losses, Objective, Output
from .own_loss import check_logits, is_over_classes, own_loss, takes_classes
from .regression import regression
from .segmentation import are_masks, border_weights
from .several_outputs import by_name, several_outputs

STRONG = 100.0  # standard deviation of noise for which logits do not lie in [0, 1]


def objective_for(
    model: keras.Model,
    labels: Labels,
    *,
    image_shape: Sequence[int],
    recipe: Recipe,
    loss: Losses | None = None,
) -> Objective:
    """Choose the loss and the metrics for a model and its labels.

    Args:
        model: a built model whose outputs (N, …, K) have one shape; those after the first are
            auxiliary classifiers. Outputs with labels of their own may have any shapes.
        labels: (N, …) class indices 0…K-1, for maps (N, H, W) at least as large as the output;
            for K = 1, 0 or 1, or floats for a linear output; boxes (N, M, 5) for a grid. Or a
            dict of them by the names or indices of the outputs.
        image_shape: (H, W, C).
        recipe: its `auxiliary_weight`, `border_weight`, `border_sigma` and `boxes` are used.
        loss: a Keras loss instead of the default, or a dict of losses by the names of outputs
            that have labels of their own.

    Raises:
        ValueError: If labels and output do not fit together, or no loss follows from the output.
    """
    found = model.compute_output_spec(keras.KerasTensor((None, *image_shape)))
    names, outputs = _outputs(model, found, image_shape, follows=loss is None)
    if isinstance(labels, dict):
        labels = by_name(labels, names)
        if len(outputs) > 1 or isinstance(found, dict):
            losses = loss if isinstance(loss, dict) else dict.fromkeys(names, loss)
            return several_outputs(
                {name: (labels[name], out) for name, out in zip(names, outputs, strict=True)},
                losses,
                lambda *one: _of_one(*one, recipe=recipe),
                as_dict=isinstance(found, dict),
            )
        raise ValueError(
            f"labels must be an array for a model with one output; received a dict of "
            f"{', '.join(map(repr, labels))}."
        )
    if isinstance(loss, list | tuple | dict):
        raise ValueError(
            f"loss must be one loss, which all outputs share; received a {type(loss).__name__}: "
            f"use a dict of losses with a dict of labels."
        )
    first, *others = outputs
    if isinstance(found, dict) or any(other.shape != first.shape for other in others):
        received = " and ".join(str(output.shape) for output in outputs)
        raise ValueError(
            f"all outputs learn the same labels, so they must be a list and of one shape; "
            f"received {received}: train a model with only the first, or give labels as a dict "
            f"of {', '.join(map(repr, names))}."
        )
    one = _of_one(labels, first, loss, recipe=recipe)
    return replace(one, auxiliary=(recipe.auxiliary_weight,) * len(others))


def _of_one(labels: np.ndarray, output: Output, loss: Loss | None, *, recipe: Recipe) -> Objective:
    """Choose the objective of one output, or of several that learn the same labels."""
    loss = loss() if isinstance(loss, type) else loss
    if output.channels and (loss is None or is_over_classes(loss)):
        raise classes_not_last(output.channels, output.shape)
    if loss is not None:
        check_logits(loss, output.end)
        if isinstance(loss, DiceLoss):  # has no weights of pixels, so none of borders either
            return (binary if output.classes == 1 else classification)(labels, output, loss)
        if not takes_classes(loss):
            return own_loss(labels, output, loss)
        goal = classification(labels, output, loss)
    elif output.end not in SURE:
        raise ValueError(
            f"the loss follows from a softmax, sigmoid or linear activation; "
            f"received {output.end!r}: pass loss={f', or {HOW_TO_END}' * (output.end == UNKNOWN)}."
        )
    elif are_boxes(labels, output):
        return detection(labels, output, recipe.boxes)
    elif output.classes > 1 and output.end == "sigmoid":
        raise ValueError(
            f"no loss follows from a sigmoid output of {output.classes} classes: for classes that "
            f"exclude each other build it with classifier_activation='softmax', or pass loss=."
        )
    elif output.classes > 1 or output.end == "softmax":
        goal = classification(labels, output)
    elif output.is_logits and np.issubdtype(labels.dtype, np.floating):
        return regression(labels, output)
    else:
        goal = binary(labels, output)
    return _with_borders(goal, recipe) if are_masks(labels) and recipe.border_weight else goal


def _with_borders(goal: Objective, recipe: Recipe) -> Objective:
    def prepare(part: Part) -> Part:
        return goal.prepare(border_weights(part, recipe.border_weight, recipe.border_sigma))

    return replace(goal, prepare=prepare)


def _outputs(
    model: keras.Model, found: object, image_shape: Sequence[int], *, follows: bool
) -> tuple[list[str], list[Output]]:
    """List the names of a model's outputs, and the outputs.

    Args:
        model: the model.
        found: what it returns.
        image_shape: (H, W, C).
        follows: whether a loss follows from them, so that one should know what they hold.
    """
    flat = keras.tree.flatten(found)
    inside = found.values() if isinstance(found, dict) else flat
    if not all(isinstance(one, keras.KerasTensor) for one in inside):
        raise ValueError(f"outputs must be tensors, or a dict of them; received {found!r:.80}.")
    if isinstance(found, dict):
        names = keras.tree.flatten({name: name for name in found})
    else:
        names = getattr(model, "output_names", None) or [f"output_{i}" for i in range(len(flat))]
    ends, channels = _ends(model, image_shape, len(flat), follows=follows)
    maps = any(len(one.shape) == 4 for one in flat)
    size = size_of(model, image_shape) if maps else None
    outputs = [
        Output(end, tuple(one.shape), size, density(model, image_shape, index), places)
        for index, (end, places, one) in enumerate(zip(ends, channels, flat, strict=True))
    ]
    return list(names), outputs


def _ends(
    model: keras.Model, image_shape: Sequence[int], count: int, *, follows: bool
) -> tuple[list[str], list[Channels | None]]:
    """Name the function whose values each output holds, and find its channels."""
    if not has_graph(model):
        seen = traced(model, image_shape)
        if seen is None:
            ends = _ends_of_noise(model, image_shape, count)
            if follows:
                warn_of_values(model, ends[0])
            return ends, [None] * count
        model = seen
    graph = flatten(model)
    channels = [channels_of_output(graph, key) for key in graph.outputs]
    return [end_of(graph, key) for key in graph.outputs], channels


def _ends_of_noise(model: keras.Model, image_shape: Sequence[int], count: int) -> list[str]:
    """Name the function of each output of a model that cannot be traced, by its values for noise.

    The noise is strong: the logits of a model that has not learned yet would lie in [0, 1] for
    ordinary images by chance.
    """
    noise = np.random.default_rng(0).normal(0, STRONG, (8, *image_shape))
    try:
        outputs = values_of(model, keras.ops.convert_to_tensor(noise, "float32"))
    except Exception:  # whatever the code raises for such values
        return [end_of_layers(model)] * count
    return ends_of_values(model, outputs)
