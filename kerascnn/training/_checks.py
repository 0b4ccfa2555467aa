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
    images, labels, weights = part.images, part.labels, part.weights
    if len(images) != len(labels):
        raise ValueError(
            f"{what} must have a label for each image; "
            f"received {len(images)} images and {len(labels)} labels."
        )
    if not len(images):
        raise ValueError(f"{what} must hold at least one image; received none.")
    wanted = input_shape[1:]
    if len(images.shape) != len(input_shape) or any(
        size not in (None, have) for size, have in zip(wanted, images.shape[1:], strict=True)
    ):
        shape = ", ".join(["N", *(str(size or "…") for size in wanted)])
        raise ValueError(
            f"{what} images must be ({shape}) for this model; got {tuple(images.shape)}."
        )
    _check_values(what, part.sample(), input_range)
    if np.issubdtype(labels.dtype, np.floating) and np.isnan(labels).any():
        raise ValueError(f"{what} labels must be numbers; received NaN: leave those images out.")
    pixels = labels.shape[:-1] if labels.shape[-1] == 1 else labels.shape
    if weights is not None and weights.shape not in (labels.shape, pixels, labels.shape[:1]):
        raise ValueError(
            f"{what} weights must be {labels.shape[:1]} or as the labels {labels.shape}; "
            f"received {weights.shape}."
        )


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
        return
    received = f"received {images.dtype} from {low} to {high}"
    if np.issubdtype(images.dtype, np.integer) or high > 2 * input_range[1]:
        hint = "convert 0…255 by images.astype('float32') / 255"
    else:
        hint = "rescale them, or say input_range=(low, high)"
    if (
        not np.issubdtype(images.dtype, np.floating)
        or low < input_range[0]
        or high > input_range[1]
    ):
        raise ValueError(f"{what} images must be float in {list(input_range)}; {received}: {hint}.")
