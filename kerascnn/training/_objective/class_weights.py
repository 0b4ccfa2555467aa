"""Class weights, as in Keras's `fit`, but also for maps and one-hot labels."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from kerascnn._checks import is_whole
from kerascnn.training._data import Part

from .objective import Objective


def class_weights(goal: Objective, part: Part, class_weight: Mapping[int, float]) -> Part:
    """Weight each label by its class.

    Args:
        goal: what the model learns.
        part: images and labels without weights.
        class_weight: weights by class index; a class that is missing has weight 1.

    Raises:
        ValueError: If the labels are not classes or already have weights, or a key is not a class.
    """
    if part.weights is not None:
        raise ValueError(
            "class_weight must be None for data with weights of images or labels: multiply the "
            "weights of the classes into them."
        )
    classes = goal.of_classes(part.labels)
    if classes is None:
        raise ValueError(
            "class_weight needs one output that learns classes; for others pass sample_weight=."
        )
    for index in class_weight:
        if not is_whole(index) or index >= goal.classes:
            raise ValueError(
                f"class_weight must have classes 0…{goal.classes - 1} as its keys; "
                f"received {index!r}."
            )
    weights = np.ones(classes.shape, "float32")
    for index, weight in class_weight.items():
        weights[classes == index] = weight
    part = replace(part, weights=weights)
    try:
        goal.check(part)
    except ValueError:
        raise ValueError(
            "class_weight needs a loss with a value for each label, such as a cross-entropy; "
            "received one with a value for each image or batch, such as DiceLoss: leave "
            "class_weight out, or pass another loss."
        ) from None
    return part
