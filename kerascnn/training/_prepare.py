"""From a model and data to what `fit` takes, all of it checked before the first step."""

from collections.abc import Callable
from dataclasses import dataclass

import keras
import numpy as np

from kerascnn._sizes import check_size_of

from ._augmentation import named
from ._checks import check_part
from ._data import Part, splits, streams
from ._identity import name_of
from ._objective import Objective, check_variety, objective

MOVING = (
    "PadCropFlip", "RandomAffine", "RandomCrop", "RandomElasticTransform", "RandomFlip",
    "RandomPerspective", "RandomRotation", "RandomShear", "RandomTranslation", "RandomZoom",
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class Ready:
    """A model's data, and what it learns from them.

    Args:
        fit, validation: The `Part`s; validation may be `None`.
        augment: What changes the training images, or `None`.
        goal: An `Objective`.
        monitor: The column of the history that tells a better epoch.
    """

    fit: Part
    validation: Part | None
    augment: Callable | None
    goal: Objective
    monitor: str

    def targets(self):
        """Both parts with the labels that the loss takes."""
        return self.goal.prepare(self.fit), self.validation and self.goal.prepare(self.validation)


def prepare(model, data, plan, augment, *, loss, input_range) -> Ready:
    """Look at everything that a run needs.

    Args:
        model: A Keras model; it is built if it was not.
        data: As `train` takes it.
        plan: A `Recipe`.
        augment: A layer, a function, or the name of an augmentation.
        loss: A Keras loss, or `None` for the one that belongs to model and labels.
        input_range: The range that images must keep, or `None`.

    Raises:
        ValueError: What cannot be trained.
    """
    fit, validation = splits(data)
    if fit.labels.ndim > 2 and _moves(augment):
        raise ValueError(
            f"augment must be 'none' for labels {fit.labels.shape}, which have places in the "
            f"image; received {name_of(augment)!r}, which moves the images alone: give "
            f"augment='none'."
        )
    change, size = _augmentation(augment, model, fit)
    if change is not None and validation is not None and not streams(validation.images):
        validation = validation.centred(size) if _larger(validation, size) else validation
    _check_data(model, fit, validation, plan, change, size, input_range)
    goal = _objective(model, fit, validation, size, plan, loss)
    monitor = plan.monitor if goal.metrics else "val_loss"
    monitor = monitor if validation else monitor.removeprefix("val_")
    return Ready(fit, validation, change, goal, monitor)


def _moves(augment):
    """Tell whether an augmentation, as far as it is known, moves what is in the images."""
    if isinstance(augment, str):
        return augment != "none"
    layers = augment.layers if isinstance(augment, keras.Sequential) else [augment]
    return any(type(layer).__name__ in MOVING for layer in layers)


def _input_shape(model, fit):
    """The shape that a model takes; one that is not built yet takes the training images."""
    shape = getattr(model, "input_shape", None) or (None, *fit.images.shape[1:])
    if not isinstance(shape, tuple):
        raise ValueError(f"model must have one input; received one with {len(shape)} inputs.")
    return shape


def _augmentation(augment, model, fit):
    """What changes the training images, and the (height, width) that they have after it."""
    shape, images = _input_shape(model, fit), fit.images
    if not isinstance(augment, str):
        return augment, tuple(images.shape[1:3])
    if len(images.shape) != 4 or not len(fit):  # the checks will say so
        return None, tuple(images.shape[1:3])
    want = shape[1:3] if len(shape) == 4 else (None, None)
    have = tuple(images.shape[1:3])
    size = tuple(there or here for there, here in zip(want, have, strict=True))
    crops = augment.startswith("crop") and _larger(fit, size)
    return named(augment, fit, size if crops else have), size if crops else have


def _larger(part, size):
    """Tell whether a window of a size can be cut out of the images, and is less than all."""
    have = tuple(part.images.shape[1:3])
    return have != size and all(a >= b for a, b in zip(have, size, strict=True))


def _check_data(model, fit, validation, plan, augment, size, input_range):
    """Refuse, before the first step, what cannot be trained."""
    shape = _input_shape(model, fit)
    cropped = size != tuple(fit.images.shape[1:3])
    for what, part in (("train", fit), ("validation", validation)):
        if part is not None:
            free = cropped and what == "train"
            wanted = (shape[0], None, None, shape[3]) if free else shape
            check_part(what, part, input_shape=wanted, input_range=input_range)
            seen = size if what == "train" else tuple(part.images.shape[1:3])
            check_size_of(model, (None, *seen, *part.images.shape[3:]))
    first = np.asarray(fit.images[:1], dtype="float32")
    if isinstance(augment, keras.Layer):
        first = augment(first, training=True)  # builds it, too
        if len(first.shape) != 4:
            raise ValueError(f"augment must give (N, H, W, C); received {tuple(first.shape)}.")
    if not model.built:
        model(first)
    if plan.batch_size > len(fit):
        raise ValueError(
            f"batch_size must be at most {len(fit)}, the number of training images; "
            f"received {plan.batch_size}."
        )


def _objective(model, fit, validation, size, plan, loss):
    """The loss that was given, or the one that belongs to the model and both parts' labels."""
    shape = (*size, fit.images.shape[-1]) if len(fit.images.shape) == 4 else fit.images.shape[1:]
    for part in filter(None, (validation, fit)):
        goal = objective(model, part.labels, image_shape=shape, recipe=plan, loss=loss)
    check_variety(fit.labels)
    return goal
