"""What can be said about data before the first step, said in one line."""

import numpy as np


def check_part(what, part, *, input_shape, input_range):
    """Refuse a part of the data that cannot be learnt from.

    Args:
        what: `"train"` or `"validation"`, for the message.
        part: A `Part`; of images on disk a few are looked at.
        input_shape: The model's, with `None` where any size will do.
        input_range: `(low, high)` that the images must keep, or `None`.

    Raises:
        ValueError: Says what was expected, what came, what to do.
    """
    images = part.images
    if not len(images):
        raise ValueError(f"{what} must hold at least one image; received none.")
    wanted = input_shape[1:]
    if len(images.shape) != len(input_shape) or any(
        size not in (None, have) for size, have in zip(wanted, images.shape[1:], strict=True)
    ):
        shape = ", ".join(["N", *(str(size or "…") for size in wanted)])
        one = len(images.shape) == len(wanted) and all(
            size in (None, have) for size, have in zip(wanted, images.shape, strict=True)
        )
        hint = ": make batches, images[None] of an image, data.batch(32) of a tf.data.Dataset" * one
        raise ValueError(
            f"{what} images must be ({shape}) for this model; got {tuple(images.shape)}{hint}."
        )
    for name, one in part.of_outputs().items():
        _check_labels(f"{what} labels" if name is None else f"{what} labels of {name!r}", one)
    _check_values(what, part.sample(), input_range)


def _check_labels(what, part):
    """Refuse labels, or weights, that are not numbers or of another count than the images."""
    count = len(part.images)
    labels = part.labels
    if not labels.ndim or len(labels) != count:
        received = len(labels) if labels.ndim else "a number as"
        raise ValueError(
            f"{what} must be one for each image; received {count} images and {received} labels."
        )
    if not _finite(labels):
        raise ValueError(
            f"{what} must be finite numbers; received NaN or infinity: leave those images out."
        )
    weights = part.weights
    if weights is None:
        return
    if not (_is_real(weights) and _finite(weights)) or (weights < 0).any():
        raise ValueError(
            f"weights of {what} must be finite numbers of at least 0; received "
            f"{_extremes(weights)}: leave an image out by a weight of 0."
        )
    if not weights.ndim or len(weights) != count:
        raise ValueError(
            f"weights of {what} must be one for each image, ({count},), or for each label; "
            f"received {weights.shape}."
        )


def check_weights_of(model):
    """Refuse a model whose weights are no numbers before it is trained.

    Raises:
        ValueError: One has NaN or infinity.
    """
    for weight in model.weights:
        values = np.asarray(weight)
        if values.dtype.kind == "f" and not _finite(values):
            raise ValueError(
                f"model must have weights that are finite numbers; received NaN or infinity in "
                f"{weight.path!r}: build it anew, or load its weights again."
            )


def _is_real(array):
    return array.dtype.kind in "fiub"


def _finite(array):
    """Tell whether no float of an array is NaN or infinity, without a copy of the array."""
    floats = array.dtype.kind == "f" and array.size
    return not floats or bool(np.isfinite([array.min(), array.max()]).all())


def _extremes(array):
    return f"{array.min()} to {array.max()}" if _is_real(array) and array.size else array.dtype


def not_indices(labels, shape) -> ValueError:
    """Make the error for labels that are no class indices; `shape` is that of one image's."""
    wanted, received = (
        ", ".join(["N", *(str(size or "…") for size in each)]) for each in (shape, labels.shape[1:])
    )
    one = labels.ndim > 1 and labels.shape[-1] == 1
    many = labels.ndim == len(shape) + 2
    hint = ": labels.squeeze(-1) drops the last axis" * one or (
        ": one-hot labels become indices by labels.argmax(axis=-1)" * many
    )
    return ValueError(
        f"labels must be class indices ({wanted}) of integer type; "
        f"received {labels.dtype} ({received}){hint}."
    )


def _check_values(what, images, input_range):
    low, high = images.min(), images.max()
    if np.isnan(low):  # the minimum of anything with a NaN is NaN
        raise ValueError(f"{what} images must be numbers; received NaN: leave those images out.")
    if input_range is None:
        if np.isinf([low, high]).any():
            raise ValueError(f"{what} images must be finite; received {low} to {high}.")
        return
    low_end, high_end = input_range
    whole = images.dtype.kind in "iu"
    fits = images.dtype.kind == "f" or (whole and high_end > 1)
    if fits and low >= low_end and high <= high_end:
        return
    if whole or high > 2 * high_end:
        hint = "convert 0…255 by images.astype('float32') / 255, or say input_range=(0, 255) for a"
        hint += " model that rescales by itself"
    else:
        hint = "rescale them, or say input_range=(low, high)"
    raise ValueError(
        f"{what} images must be {'float' if high_end <= 1 else 'numbers'} in {[*input_range]}; "
        f"received {images.dtype} from {low} to {high}: {hint}."
    )
