"""Checks of images, labels and weights before the first step."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import keras
import numpy as np

from kerascnn._graph import input_names

if TYPE_CHECKING:
    from ._data import Part


def check_one_input(model: keras.Model, how: str, *, name: str = "model") -> None:
    """Check that a model has one input.

    Args:
        model: any Keras model; one that is not built yet is not examined.
        how: what to do with one that has several, for the message.
        name: name of the argument, for the message.

    Raises:
        ValueError: If it has several.
    """
    names = input_names(model) if getattr(model, "inputs", None) else []
    if len(names) > 1:
        raise ValueError(
            f"{name} must have one input; received one with {len(names)} inputs, "
            f"{', '.join(map(repr, names))}: {how}."
        )


def check_part(
    what: str,
    part: "Part",
    *,
    input_shape: Sequence[int | None],
    input_range: tuple[float, float] | None,
) -> None:
    """Check images, labels and weights for a model.

    Args:
        what: "train", "validation" or "evaluation", for the message.
        part: the data; only a few images on disk are looked at.
        input_shape: the model's, with `None` for any size.
        input_range: smallest and largest allowed pixel value, or `None`.

    Raises:
        ValueError: If there are no images, or the model cannot take them or their labels.
    """
    images = part.images
    if not len(images):
        raise ValueError(f"{what} must contain at least one image; received none.")
    wanted = input_shape[1:]
    if len(images.shape) != len(input_shape) or any(
        size not in (None, have) for size, have in zip(wanted, images.shape[1:], strict=True)
    ):
        shape = ", ".join(["N", *(str(size or "…") for size in wanted)])
        one = len(images.shape) == len(wanted) and all(
            size in (None, have) for size, have in zip(wanted, images.shape, strict=True)
        )
        hint = ": make a batch with images[None], or with data.batch(32) for a Dataset" * one
        raise ValueError(
            f"{what} images must be ({shape}) for this model; received {tuple(images.shape)}{hint}."
        )
    for name, one in part.of_outputs().items():
        _check_labels(f"{what} labels" if name is None else f"{what} labels of {name!r}", one)
    _check_values(what, part.sample(), input_range)


def _check_labels(what: str, part: "Part") -> None:
    """Check that there is a finite label, and weight, for each image."""
    count = len(part.images)
    labels = part.labels
    if not labels.ndim or len(labels) != count:
        received = len(labels) if labels.ndim else "a single number as"
        raise ValueError(
            f"{what} must be one for each image; received {count} images and {received} labels."
        )
    first = labels.ravel()[:1].tolist()
    if first and isinstance(first[0], str | bytes):
        raise ValueError(
            f"{what} must be numbers; received text such as {first[0]!r}: "
            f"np.unique(labels, return_inverse=True) returns the class names and the labels."
        )
    if not _finite(labels):
        raise ValueError(
            f"{what} must be finite numbers; received NaN or infinity: remove these images."
        )
    weights = part.weights
    if weights is None:
        return
    if not (_is_real(weights) and _finite(weights)) or (weights < 0).any():
        raise ValueError(
            f"weights of {what} must be finite numbers of at least 0; received "
            f"{_extremes(weights)}: use a weight of 0 to ignore an image."
        )
    if not weights.ndim or len(weights) != count:
        raise ValueError(
            f"weights of {what} must be one for each image, ({count},), or for each label; "
            f"received {weights.shape}."
        )


def check_weights_of(model: keras.Model) -> None:
    """Check that the weights of a model are finite.

    Raises:
        ValueError: If one contains NaN or infinity.
    """
    for weight in model.weights:
        values = np.asarray(weight)
        if values.dtype.kind == "f" and not _finite(values):
            raise ValueError(
                f"model must have weights that are finite numbers; received NaN or infinity in "
                f"{weight.path!r}: build it again, or reload its weights."
            )


def _is_real(array: np.ndarray) -> bool:
    return array.dtype.kind in "fiub"


def _finite(array: np.ndarray) -> bool:
    """Return whether no float of an array is NaN or infinity, without a copy of the array."""
    floats = array.dtype.kind == "f" and array.size
    return not floats or bool(np.isfinite([array.min(), array.max()]).all())


def _extremes(array: np.ndarray) -> object:
    return f"{array.min()} to {array.max()}" if _is_real(array) and array.size else array.dtype


def as_indices(labels: np.ndarray, shape: Sequence[int | None], classes: int) -> np.ndarray:
    """Convert labels to class indices of integer type.

    Args:
        labels: also with a last axis of 1 that `shape` does not have, floats that are whole
            numbers, or for two classes booleans.
        shape: shape of the labels of an image; only the number of its axes is checked.
        classes: number of classes.

    Raises:
        ValueError: If they are something else.
    """
    found = labels
    if labels.ndim == len(shape) + 2 and labels.shape[-1] == 1:
        found = labels[..., 0]
    if (found.dtype.kind == "b" and classes == 2) or (found.dtype.kind == "f" and are_whole(found)):
        found = found.astype("int64")
    if found.ndim != len(shape) + 1 or found.dtype.kind not in "iu":
        raise not_indices(labels, shape)
    return found


def are_whole(array: np.ndarray) -> bool:
    """Return whether all values are whole numbers, of any type."""
    return array.dtype.kind in "iub" or (
        array.dtype.kind == "f" and _finite(array) and np.array_equal(array, np.rint(array))
    )


def are_two_values(labels: np.ndarray) -> bool:
    """Return whether `labels > 0` tells the values apart, as those of masks of 0 and 255."""
    values = np.unique(labels)
    positive = int(np.count_nonzero(values > 0))
    return positive <= 1 and len(values) - positive <= 1


def not_indices(labels: np.ndarray, shape: Sequence[int | None]) -> ValueError:
    """Create the error for labels that are not class indices of a shape for each image."""
    wanted, received = (
        ", ".join(["N", *(str(size or "…") for size in each)]) for each in (shape, labels.shape[1:])
    )
    hint = ""
    shares = labels.ndim == len(shape) + 2 and are_shares(labels)
    if shares and are_whole(labels):
        hint = (
            ": for one-hot labels use loss='categorical_crossentropy', in train or model.compile, "
            "or convert them with labels.argmax(axis=-1), or for a tf.data.Dataset with "
            "data.map(lambda images, labels: (images, tf.argmax(labels, axis=-1)))"
        )
    elif shares:
        hint = (
            ": for shares of classes pass loss='categorical_crossentropy' to train, and use "
            "Keras's own model.evaluate"
        )
    elif labels.dtype.kind == "f" and (labels.ndim == len(shape) + 2 or not are_whole(labels)):
        hint = (
            ": for numbers that are not classes pass loss= to train, such as loss='mse', and use "
            "Keras's own model.evaluate"
        )
    return ValueError(
        f"labels must be class indices ({wanted}), which are whole numbers; "
        f"received {labels.dtype} ({received}){hint}."
    )


def are_shares(labels: np.ndarray) -> bool:
    """Return whether the values of the last axis add to 1, as those of one-hot labels do."""
    known = labels.dtype.kind in "iubf" and labels.shape[-1] > 1
    return known and bool((labels >= 0).all()) and np.allclose(labels.sum(axis=-1), 1)


def _check_values(what: str, images: np.ndarray, input_range: tuple[float, float] | None) -> None:
    low, high = images.min(), images.max()
    if np.isnan(low):  # the minimum of anything with a NaN is NaN
        raise ValueError(f"{what} images must be numbers; received NaN: remove these images.")
    if np.isinf([low, high]).any():
        raise ValueError(f"{what} images must be finite; received {low} to {high}.")
    if input_range is None:
        return
    low_end, high_end = input_range
    whole = images.dtype.kind in "iu"
    fits = images.dtype.kind == "f" or (whole and high_end > 1)
    if fits and low >= low_end and high <= high_end:
        return
    if images.dtype.kind == "b":
        hint = "convert them with images.astype('float32')"
    elif low < low_end:
        hint = "pass input_range=None for standardized images, or pass input_range=(low, high)"
    elif whole or high > 2 * high_end:
        hint = "convert 0…255 with images.astype('float32') / 255, or pass input_range=(0, 255) for"
        hint += " a model that rescales its input"
    else:
        hint = "rescale them, or pass input_range=(low, high), or None to leave them unchecked"
    raise ValueError(
        f"{what} images must be {'float' if high_end <= 1 else 'numbers'} in {[*input_range]}; "
        f"received {images.dtype} from {low} to {high}: {hint}."
    )
