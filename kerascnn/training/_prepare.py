"""Convert a model and data to arguments of `fit`; everything is checked before the first step."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import keras
import numpy as np

from kerascnn._checks import is_number
from kerascnn._graph import flatten, has_graph
from kerascnn._processor import check_weights_learn
from kerascnn._rescaling import warn_of_levels
from kerascnn._sizes import check_size_of

from ._augmentation import PadCropFlip, PrincipalColors, changed_by, named
from ._channels import channels_of_images
from ._checks import check_part, check_weights_of
from ._data import Part, reads_on_demand
from ._moving import mixes, moves
from ._objective import Objective, check_variety, class_weights, objective_for
from ._objective.objective import Losses
from ._pipeline import augmented_shape
from ._recipes import Augmentation, Recipe
from ._run_config import name_of
from ._stream import Stream


@dataclass(frozen=True, eq=False)
class Ready:
    """A model's data, and what it learns from them.

    Attributes:
        fit, validation: images and labels, or a stream of them; validation may be `None`.
        augment: the augmentation, or `None`.
        goal: what the model learns.
        held_out: the same for the validation images, which may have another size.
        monitor: the column of the history that decides which epoch is better.
        free: whether the model accepts images of several sizes.
        look: checks a batch of a stream, of "train" or "validation", and prepares its labels.
    """

    fit: Part | Stream
    validation: Part | Stream | None
    augment: Callable | None
    goal: Objective
    held_out: Objective
    monitor: str
    free: bool
    look: Callable[[str, Part], Part]

    def targets(self) -> tuple[Part | Stream, Part | Stream | None]:
        """Return both parts with the labels that the loss takes; each batch of a stream in turn."""
        validation = self.validation
        if validation is not None:
            validation = self._target("validation", validation)
        return self._target("train", self.fit), validation

    def _target(self, what: str, part: Part | Stream) -> Part | Stream:
        if isinstance(part, Stream):
            return part.mapped(lambda batch: self.look(what, batch))
        return (self.goal if what == "train" else self.held_out).prepare(part)


def prepare(
    model: keras.Model,
    fit: Part | Stream,
    validation: Part | Stream | None,
    plan: Recipe,
    augment: Callable | Augmentation,
    *,
    loss: Losses | None = None,
    input_range: tuple[float, float] | None = None,
    class_weight: dict[int, float] | None = None,
) -> Ready:
    """Check everything that a run needs.

    Args:
        model: a Keras model; it is built if necessary.
        fit, validation: images and labels, or a stream of them; validation may be `None`.
        plan: the recipe.
        augment: a layer, a function, or the name of an augmentation.
        loss: a Keras loss; `None`: the one that follows from model and labels.
        input_range: smallest and largest allowed pixel value, or `None`.
        class_weight: weights of the training labels by class index, or `None`.

    Raises:
        ValueError: If something cannot be trained.
    """
    first = first_of(fit)
    places = any(one.labels.ndim > 2 for one in first.of_outputs().values())
    if places and moves(augment, first.images):
        raise ValueError(
            f"augment must be 'none' for labels {_shapes(first)}, which have positions in the "
            f"image; received {name_of(augment)!r}, which moves only the images: pass "
            f"augment='none', and move images and labels together in a tf.data.Dataset."
        )
    if mixes(augment):
        raise ValueError(
            f"augment must not mix images, whose labels stay as they are; received "
            f"{name_of(augment)!r}: mix images and labels together in a tf.data.Dataset, and pass "
            f"augment='none'."
        )
    if _expects_channels_last(augment) and (channels := channels_of_images(model)):
        raise ValueError(
            f"augment must be 'none' for images with their channels first; received "
            f"{name_of(augment)!r} and a model whose layer {channels.layer!r} takes them: pass "
            f"augment='none', or put keras.layers.Permute((3, 1, 2)) at the start of the model, "
            f"and pass images (N, H, W, C)."
        )
    change, size = _augmentation(augment, model, first)
    sized = _sizing(model, first, change, size, input_range, stream=isinstance(fit, Stream))
    looked = [sized("train", first)]
    if validation is not None:
        looked.append(sized("validation", first_of(validation)))
    _build(model, first, change)
    if has_graph(model):
        check_weights_learn(flatten(model))
    warn_of_levels(model, first.sample(), "training images")
    if all(part.weights is not None for part in first.of_outputs().values()):
        plan = replace(plan, border_weight=0.0)  # for the validation, too
    goal, held_out = _objectives(model, looked, size, plan, loss)
    goals = {}  # for other sizes of images, whose maps have another middle

    def look(what: str, part: Part) -> Part:
        part, its = sized(what, part), goal
        if change is None and part.images.shape[1:] != first.images.shape[1:]:
            shape = tuple(part.images.shape[1:])
            if shape not in goals:
                goals[shape] = objective_for(
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
    return Ready(fit, validation, change, goal, held_out, monitor, free, look)


def first_of(part: Part | Stream) -> Part:
    """Return what can be checked now: a whole `Part`, or the first batch of a `Stream`."""
    return part.first if isinstance(part, Stream) else part


def _shapes(part: Part) -> str:
    return " and ".join(str(one.labels.shape) for one in part.of_outputs().values())


def _expects_channels_last(augment: Callable | str) -> bool:
    """Return whether an augmentation is one of this package's, for images (N, H, W, C)."""
    if isinstance(augment, str):
        return augment != "none"
    return any(isinstance(each, PadCropFlip | PrincipalColors) for each in _layers_of(augment))


def _layers_of(augment: Callable) -> list:
    return augment.layers if isinstance(augment, keras.Sequential) else [augment]


def _input_shape(model: keras.Model, fit: Part) -> tuple[int | None, ...]:
    """Return the input shape of a model; that of the training images if it is not built yet."""
    return getattr(model, "input_shape", None) or (None, *fit.images.shape[1:])


def _augmentation(
    augment: Callable | Augmentation, model: keras.Model, fit: Part
) -> tuple[Callable | None, tuple]:
    """Return the augmentation, and the (height, width) of the images after it."""
    shape, images = _input_shape(model, fit), fit.images
    if not isinstance(augment, str):
        return augment, tuple(images.shape[1:3])
    if len(images.shape) != 4 or not len(fit):  # the checks report it
        return None, tuple(images.shape[1:3])
    want = shape[1:3] if len(shape) == 4 else (None, None)
    have = tuple(images.shape[1:3])
    size = tuple(there or here for there, here in zip(want, have, strict=True))
    crops = augment.startswith("crop") and _larger(fit, size)
    name: Any = augment
    return named(name, fit, size if crops else have), size if crops else have


def _larger(part: Part, size: tuple) -> bool:
    """Return whether images are larger than a size, so that a window of it can be cropped."""
    have = tuple(part.images.shape[1:3])
    return have != size and all(a >= b for a, b in zip(have, size, strict=True))


def _sizing(
    model: keras.Model,
    first: Part,
    augment: Callable | None,
    size: tuple,
    input_range: tuple[float, float] | None,
    *,
    stream: bool,
) -> Callable[[str, Part], Part]:
    """Return a function that checks images of "train" or "validation", and crops larger ones."""
    shape, raw = _input_shape(model, first), first.images.shape[1:]
    training = shape
    if size != tuple(raw[:2]):
        training = (shape[0], None, None, shape[3])
    if stream and augment is not None:
        training = (shape[0], *raw)  # it is traced for images of one size
    passes = cache(lambda seen: check_size_of(model, seen))

    def sized(what: str, part: Part) -> Part:
        if what == "validation" and augment is not None and not reads_on_demand(part.images):
            part = part.centered(size) if _larger(part, size) else part
        wanted = training if what == "train" else shape
        check_part(what, part, input_shape=wanted, input_range=input_range)
        seen = size if what == "train" and not stream else part.images.shape[1:3]
        passes((None, *seen, *part.images.shape[3:]))
        return part

    return sized


def _build(model: keras.Model, part: Part, augment: Callable | None) -> None:
    """Create the variables of a model, and of the layer that augments, whose result is checked."""
    first = np.asarray(part.images[:1], dtype="float32")
    if augment is not None and isinstance(augment, keras.Layer):
        first = changed_by(augment, first, training=True)
        _check_augmented(model, tuple(first.shape))
    elif augment is not None:
        _check_augmented(model, augmented_shape(augment, first.shape[1:]))
    if not model.built:
        model(first, training=False)  # else a random layer sets it for those behind it
    check_weights_of(model)


def _check_augmented(model: keras.Model, shape: tuple[int | None, ...]) -> None:
    if len(shape) != 4:
        raise ValueError(f"augment must return (N, H, W, C); received {shape}.")
    wanted = getattr(model, "input_shape", None) or shape
    if len(wanted) == 4 and any(
        None not in (a, b) and a != b for a, b in zip(wanted[1:], shape[1:], strict=True)
    ):
        raise ValueError(
            f"augment must return images {wanted}, as the model takes; received {shape}."
        )


def _objectives(
    model: keras.Model,
    parts: list[Part],
    size: tuple,
    plan: Recipe,
    loss: Losses | None,
) -> tuple[Objective, Objective]:
    """Choose what the model learns from the training part, and check the labels of all parts.

    Returns:
        The objective, and the one for the validation images.
    """
    goals = []
    for part in parts:
        shape = part.images.shape
        if len(shape) == 4 and (not goals or reads_on_demand(part.images)):
            shape = (None, *size, shape[-1])  # as they are after they were cropped
        goals.append(
            objective_for(model, part.labels, image_shape=shape[1:], recipe=plan, loss=loss)
        )
        goals[-1].check(part)
    return goals[0], goals[-1]


def _check_class_weight(class_weight: Any, plan: Recipe) -> None:
    if plan.border_weight:
        raise ValueError(
            "class_weight must be None with border_weight, whose maps balance the classes: pass "
            "border_weight=0."
        )
    if not isinstance(class_weight, dict) or not class_weight:
        raise ValueError(
            f"class_weight must be a dict such as {{0: 1.0, 1: 2.5}}; received "
            f"{class_weight!r:.60}: convert a list with dict(enumerate(weights))."
        )
    for index, weight in class_weight.items():
        if not is_number(weight) or weight < 0:
            raise ValueError(
                f"class_weight must be finite numbers of at least 0; received {weight!r} for "
                f"class {index}."
            )
