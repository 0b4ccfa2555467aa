"""From a model and data to what `fit` takes, all of it checked before the first step."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import keras
import numpy as np

from kerascnn._checks import is_number
from kerascnn._rescaling import warn_of_levels
from kerascnn._sizes import check_size_of

from ._augmentation import named
from ._checks import check_part, check_weights_of
from ._data import Part, streams
from ._identity import name_of
from ._objective import Objective, check_variety, class_weights, objective
from ._stream import Stream

MOVING = (
    "PadCropFlip", "RandomAffine", "RandomCrop", "RandomElasticTransform", "RandomFlip",
    "RandomPerspective", "RandomRotation", "RandomShear", "RandomTranslation", "RandomZoom",
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class Ready:
    """A model's data, and what it learns from them.

    Args:
        fit, validation: A `Part` or a `Stream` each; validation may be `None`.
        augment: What changes the training images, or `None`.
        goal: An `Objective`.
        monitor: The column of the history that tells a better epoch.
        free: Whether the model takes images of more than one size.
        look: Makes of `"train"` or `"validation"` and a batch of a stream what the loss takes.
    """

    fit: Part | Stream
    validation: Part | Stream | None
    augment: Callable | None
    goal: Objective
    monitor: str
    free: bool
    look: Callable[[str, Part], Part]

    def targets(self) -> list:
        """Both parts with the labels that the loss takes; of streams each batch as it comes."""
        return [self._target("train", self.fit), self._target("validation", self.validation)]

    def _target(self, what, part):
        if isinstance(part, Stream):
            return part.mapped(lambda batch: self.look(what, batch))
        return part and self.goal.prepare(part)


def prepare(
    model, fit, validation, plan, augment, *, loss=None, input_range=None, class_weight=None
) -> Ready:
    """Look at everything that a run needs.

    Args:
        model: A Keras model; it is built if it was not.
        fit, validation: A `Part` or a `Stream` each; validation may be `None`.
        plan: A `Recipe`.
        augment: A layer, a function, or the name of an augmentation.
        loss: A Keras loss, or `None` for the one that belongs to model and labels.
        input_range: The range that images must keep, or `None`.
        class_weight: A dict from class indices to weights of the training labels, or `None`.

    Raises:
        ValueError: What cannot be trained.
    """
    first = first_of(fit)
    places = any(one.labels.ndim > 2 for one in first.of_outputs().values())
    if places and _moves(augment):
        raise ValueError(
            f"augment must be 'none' for labels {_shapes(first)}, which have places in the "
            f"image; received {name_of(augment)!r}, which moves the images alone: give "
            f"augment='none'."
        )
    change, size = _augmentation(augment, model, first)
    sized = _sizing(model, first, change, size, input_range, stream=isinstance(fit, Stream))
    looked = [sized("train", first)]
    if validation is not None:
        looked.append(sized("validation", first_of(validation)))
    _build(model, first, change)
    warn_of_levels(model, first.sample(), "training images")
    if plan.batch_size > len(first):
        raise ValueError(
            f"batch_size must be at most {len(first)}, the number of training images; "
            f"received {plan.batch_size}."
        )
    goal = _objective(model, looked, size, plan, loss)
    goals = {}  # of images of other sizes, whose maps have other middles

    def look(what, part):
        part, its = sized(what, part), goal
        if change is None and part.images.shape[1:] != first.images.shape[1:]:
            shape = tuple(part.images.shape[1:])
            if shape not in goals:
                goals[shape] = objective(
                    model, part.labels, image_shape=shape, recipe=plan, loss=loss
                )
            its = goals[shape]
        its.check(part)
        if what == "train" and class_weight is not None:
            part = class_weights(its, part, class_weight)
        return its.prepare(part)

    if class_weight is not None:
        _check_class_weight(class_weight, plan)
        looked[0] = class_weights(goal, looked[0], class_weight)
    if not isinstance(fit, Stream):
        for part in looked[0].of_outputs().values():
            check_variety(part.labels)
        fit = looked[0]
    if validation is not None and not isinstance(validation, Stream):
        validation = looked[1]
    monitor = plan.monitor if goal.measured else "val_loss"
    monitor = monitor if validation is not None else monitor.removeprefix("val_")
    free = None in _input_shape(model, first)[1:]
    return Ready(fit, validation, change, goal, monitor, free, look)


def first_of(part):
    """What there is to look at: all of a `Part`, the first batch of a `Stream`."""
    return part.first if isinstance(part, Stream) else part


def _shapes(part):
    return " and ".join(str(one.labels.shape) for one in part.of_outputs().values())


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


def _sizing(model, first, augment, size, input_range, *, stream):
    """Make the function that refuses images that the model cannot take, and cuts larger ones."""
    shape, raw = _input_shape(model, first), first.images.shape[1:]
    training = shape
    if size != tuple(raw[:2]):
        training = (shape[0], None, None, shape[3])
    if stream and augment is not None:
        training = (shape[0], *raw)  # it is traced for images of one size
    passes = cache(lambda seen: check_size_of(model, seen))

    def sized(what, part):
        if what == "validation" and augment is not None and not streams(part.images):
            part = part.centred(size) if _larger(part, size) else part
        wanted = training if what == "train" else shape
        check_part(what, part, input_shape=wanted, input_range=input_range)
        seen = size if what == "train" and not stream else part.images.shape[1:3]
        passes((None, *seen, *part.images.shape[3:]))
        return part

    return sized


def _build(model, part, augment):
    """Give a model that has none its variables, and the layer that augments."""
    first = np.asarray(part.images[:1], dtype="float32")
    if isinstance(augment, keras.Layer):
        first = augment(first, training=True)
        if len(first.shape) != 4:
            raise ValueError(f"augment must give (N, H, W, C); received {tuple(first.shape)}.")
    if not model.built:
        model(first)
    check_weights_of(model)


def _objective(model, parts, size, plan, loss):
    """The loss that was given, or the one that belongs to the model and the parts' labels."""
    images = parts[0].images.shape
    shape = (*size, images[-1]) if len(images) == 4 else images[1:]
    for part in reversed(parts):  # the training's is what counts
        goal = objective(model, part.labels, image_shape=shape, recipe=plan, loss=loss)
        goal.check(part)
    return goal


def _check_class_weight(class_weight, plan):
    if plan.border_weight:
        raise ValueError(
            "class_weight must be None with border_weight, whose maps balance the classes: give "
            "border_weight=0."
        )
    if not isinstance(class_weight, dict) or not class_weight:
        raise ValueError(
            f"class_weight must be a dict such as {{0: 1.0, 1: 2.5}}; received "
            f"{class_weight!r:.60}: dict(enumerate(weights)) makes one of a list."
        )
    for index, weight in class_weight.items():
        if not is_number(weight) or weight < 0:
            raise ValueError(
                f"class_weight must be finite numbers of at least 0; received {weight!r} for "
                f"class {index}."
            )
