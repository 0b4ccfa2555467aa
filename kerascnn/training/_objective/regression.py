"""Numbers: mean squared error."""

from functools import partial

import keras
import numpy as np

from .classification import class_indices
from .elementwise import check_shape, like_output
from .objective import Objective, Output, make


def regression(labels: np.ndarray, output: Output) -> Objective:
    """Learn a number for each image, or for each pixel of a map.

    Args:
        labels: (N,), (N, 1), (N, H, W) or (N, H, W, 1) float.
        output: one linear unit.

    Raises:
        ValueError: If labels have another shape.
    """
    return make(
        keras.losses.MeanSquaredError(),
        [],
        labels,
        output,
        check=partial(check_shape, output=output),
        ready=partial(like_output, output=output),
        of_classes=partial(class_indices, output=output),
    )
