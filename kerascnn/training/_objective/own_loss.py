"""A loss specified by the user instead of the default loss of the model."""

from collections.abc import Callable
from functools import partial

import keras
import numpy as np

from kerascnn._errors import unknown
from kerascnn.training._dice_loss import DiceLoss

from .classification import class_indices
from .elementwise import check_shape, like_output
from .objective import Objective, Output, make
from .segmentation import check_own_masks, middle_of_masks

ELEMENTWISE = (  # Keras's losses that compare labels with outputs value by value
    *("binarycrossentropy", "binaryfocalcrossentropy", "categoricalcrossentropy"),
    *("categoricalfocalcrossentropy", "categoricalhinge", "cosinesimilarity", "dice", "hinge"),
    *("huber", "kldivergence", "logcosh", "meanabsoluteerror", "meanabsolutepercentageerror"),
    *("meansquarederror", "meansquaredlogarithmicerror", "poisson", "squaredhinge", "tversky"),
)
OVER_CLASSES = (  # those that compare the values of the last axis with each other
    *("categoricalcrossentropy", "categoricalfocalcrossentropy", "categoricalhinge"),
    *("cosinesimilarity", "kldivergence"),
)


def own_loss(
    labels: np.ndarray, output: Output, loss: keras.losses.Loss | Callable | str
) -> Objective:
    """Learn by a given loss; labels are not checked for losses that Keras does not have.

    Raises:
        ValueError: If Keras would broadcast the labels to another shape.
    """
    check, ready = check_own_masks, middle_of_masks
    if keras_name(loss) in ELEMENTWISE:
        check, ready = check_shape, like_output
    return make(
        loss,
        [],
        labels,
        output,
        check=partial(check, output=output),
        ready=partial(ready, output=output),
        of_classes=partial(class_indices, output=output),
    )


def is_over_classes(loss: keras.losses.Loss | Callable | str) -> bool:
    """Return whether a loss of Keras or of this package has the classes on the last axis."""
    over = isinstance(loss, DiceLoss) or takes_classes(loss) or keras_name(loss) in OVER_CLASSES
    return over and getattr(loss, "axis", -1) == -1


def takes_classes(loss: keras.losses.Loss | Callable | str) -> bool:
    """Return whether a loss takes class indices."""
    return keras_name(loss) == "sparsecategoricalcrossentropy"


def check_logits(loss: keras.losses.Loss | Callable | str, end: str) -> None:
    """Check that a cross-entropy takes logits for a linear end, probabilities for others.

    Raises:
        ValueError: If `from_logits` does not fit the end, or the Dice loss gets logits.
    """
    if isinstance(loss, DiceLoss) and end == "linear":
        raise ValueError(
            "loss must take logits for a linear output, and DiceLoss takes probabilities: end the "
            "model in a softmax or sigmoid."
        )
    logits = getattr(loss, "from_logits", False)
    known = end in ("softmax", "sigmoid", "linear")
    if "crossentropy" not in keras_name(loss) or not known or logits == (end == "linear"):
        return
    raise ValueError(
        f"loss must have from_logits={not logits} for a {end} output; received {logits}: "
        f"pass the loss as an object with from_logits={not logits}, or use another activation."
    )


def keras_name(loss: keras.losses.Loss | Callable | str) -> str:
    """Return the lower-case name of one of Keras's losses; "" for any other.

    >>> keras_name("mse"), keras_name(keras.losses.Huber()), keras_name(lambda true, pred: pred)
    ('meansquarederror', 'huber', '')

    Raises:
        ValueError: If it is a name that Keras does not know.
    """
    loss = _named(loss) if isinstance(loss, str) else loss
    kind = loss if hasattr(loss, "__name__") else type(loss)
    own = (kind.__module__ or "").startswith("keras.")
    return kind.__name__.lower().replace("_", "") if own else ""


def _named(name: str) -> Callable:
    try:
        return keras.losses.get(name)
    except ValueError:
        kinds = vars(keras.losses).items()
        names = [key for key, kind in kinds if callable(kind) and key.islower()]
        names = sorted({*names} - {"deserialize", "get", "serialize"})
        names.sort(key=lambda one: "crossentropy" not in one)  # the first are listed
        raise unknown("loss", name, names, otherwise="a Keras loss or a function") from None
