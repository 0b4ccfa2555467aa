"""Weights of labels, in the shape that the loss multiplies them in."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import islice, zip_longest
from typing import Any

import keras
import numpy as np

from kerascnn.training._data import Part


def axes_of(
    loss: keras.losses.Loss | Callable | str, labels: np.ndarray, shape: Sequence[int | None]
) -> int:
    """Count the axes of the values that a loss averages, which the weights multiply.

    Args:
        loss: a Keras loss.
        labels: a few labels, as the loss takes them.
        shape: the output's, with `None` for the batch.
    """
    sizes = (have if size is None else size for size, have in zip_longest(shape, labels.shape))
    scores = np.zeros([len(labels), *islice(sizes, 1, len(shape))], "float32")
    call: Any = keras.losses.get(loss)
    if isinstance(call, keras.losses.Loss):
        call = call.call
    values = call(*map(keras.ops.convert_to_tensor, (labels.astype("float32"), scores)))
    return len(values.shape)


def fitted_weights(part: Part, axes: int) -> Part:
    """Repeat weights of images for each value of the loss.

    NumPy and TensorFlow would apply weights (N,) of images to the columns of an image, and losses
    that divide by the sum of the weights would count those of an image once. Nothing is done for
    a loss without axes.

    Raises:
        ValueError: If there is neither one weight for each image nor one for each label.
    """
    weights, labels, count = part.weights, part.labels, len(part.weights)
    if not axes:
        return part
    if weights.ndim == axes + 1 and weights.shape[-1] == 1:
        weights = weights[..., 0]
    of_images = (count, *[1] * (axes - 1))
    of_labels = labels.shape[:axes] if labels.ndim >= axes else of_images
    if weights.shape not in ((count,), of_images, of_labels):
        wanted = " or ".join(
            f"({', '.join(['N', *map(str, shape[1:])])})"
            for shape in dict.fromkeys(((count,), of_labels))
        )
        raise ValueError(
            f"weights must be {wanted}, one for each image or each label; received {weights.shape}."
        )
    if weights.shape != of_labels:
        weights = np.broadcast_to(weights.reshape(of_images), of_labels)
    return replace(part, weights=weights)
