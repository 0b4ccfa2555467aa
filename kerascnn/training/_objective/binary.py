"""Two classes in a single unit: binary cross-entropy, and accuracy."""

from functools import partial

import keras
import numpy as np

from kerascnn.training._checks import are_two_values, are_whole

from .classification import class_indices
from .elementwise import check_shape, like_output
from .objective import Objective, Output, make


def binary(labels: np.ndarray, output: Output, loss: keras.losses.Loss | None = None) -> Objective:
    """Learn whether an image, or a pixel of a map, belongs to the second of two classes.

    Args:
        labels: (N,), (N, 1), (N, H, W) or (N, H, W, 1), 0 or 1.
        output: one unit, sigmoid or linear.
        loss: a loss of 0 and 1 instead of the default.

    Raises:
        ValueError: If labels have another shape or other values.
    """

    ignored = getattr(loss, "ignore_class", None)

    def check(labels: np.ndarray) -> None:
        check_shape(labels, output)
        labels = labels if ignored is None else labels[labels != ignored]
        if not np.isin(labels, (0, 1)).all():
            hint = "give the model one output per class"
            if are_two_values(labels):  # such as -1 and 1
                hint = "convert two values with labels > 0"
            elif not are_whole(labels):
                hint = "pass loss='binary_crossentropy' for labels between 0 and 1"
            raise ValueError(
                f"labels must be 0 or 1 for a model with one output; "
                f"received {labels.min()} to {labels.max()}: {hint}."
            )

    logits = output.is_logits
    accuracy = keras.metrics.BinaryAccuracy(name="accuracy", threshold=0.0 if logits else 0.5)
    return make(
        loss or keras.losses.BinaryCrossentropy(from_logits=logits),
        [accuracy],
        labels,
        output,
        check=check,
        ready=partial(like_output, output=output),
        of_classes=partial(class_indices, output=output),
    )
