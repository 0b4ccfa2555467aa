"""Classes that exclude each other: sparse categorical cross-entropy, and accuracy."""

from dataclasses import replace
from functools import partial

import keras
import numpy as np

from kerascnn.training._checks import are_shares, are_whole, as_indices, not_indices
from kerascnn.training._data import Part

from .objective import Objective, Output, make
from .segmentation import check_masks, middle


def classification(
    labels: np.ndarray, output: Output, loss: keras.losses.Loss | str | None = None
) -> Objective:
    """Learn one of K classes for each image, or for each pixel of a map.

    Args:
        labels: (N,) class indices; (N, H, W) for maps (N, h, w, K), whose middle is learned. See
            `as_indices` for the forms that are taken.
        output: softmax or linear, K classes.
        loss: a loss of class indices instead of the default.

    Raises:
        ValueError: If the labels are not class indices of the output.
    """
    ignored = getattr(loss, "ignore_class", None)
    places = output.full_shape[1:-1]

    def ready(part: Part) -> Part:
        indices = as_indices(part.labels, places, output.classes)
        return middle(replace(part, labels=indices), output.map_size)

    return make(
        loss or keras.losses.SparseCategoricalCrossentropy(from_logits=output.is_logits),
        [keras.metrics.SparseCategoricalAccuracy(name="accuracy")],
        labels,
        output,
        check=partial(check_indices, output=output, ignored=ignored),
        ready=ready,
        of_classes=partial(class_indices, output=output),
    )


def check_indices(labels: np.ndarray, output: Output, ignored: int | None = None) -> None:
    """Check that labels are class indices of an output, or of at least its pixels.

    Raises:
        ValueError: If they have another shape or type, or a class is out of range.
    """
    places = output.full_shape[1:-1]
    is_map = output.map_size is not None
    labels = as_indices(labels, places, output.classes)
    if not all(
        want is None or want == have or (is_map and want < have)
        for have, want in zip(labels.shape[1:], places, strict=True)
    ):
        raise not_indices(labels, places)
    check_masks(labels, output)
    counted = labels if ignored is None else labels[labels != ignored]
    if counted.size and (counted.min() < 0 or counted.max() >= output.classes):
        raise ValueError(
            f"labels must lie in 0…{output.classes - 1}, the model's {output.classes} classes; "
            f"received {counted.min()} to {counted.max()}."
        )


def class_indices(labels: np.ndarray, output: Output) -> np.ndarray | None:
    """Convert labels that are indices or one-hot to class indices; others to `None`."""
    axes = len(output.full_shape)
    if labels.ndim == axes and labels.shape[-1] == 1:
        labels = labels[..., 0]
    if labels.ndim == axes:
        return labels.argmax(axis=-1) if are_shares(labels) else None
    if labels.ndim != axes - 1:
        return None
    return labels.astype("int64") if are_whole(labels) else None


def check_variety(labels: np.ndarray) -> None:
    """Check that training labels differ.

    Raises:
        ValueError: If they are all the same class.
    """
    if np.issubdtype(labels.dtype, np.integer) and labels.min() == labels.max():
        raise ValueError(
            f"train labels must contain at least two classes; received only {labels.flat[0]}: "
            f"shuffle before you split the data, or check how the labels were read."
        )
