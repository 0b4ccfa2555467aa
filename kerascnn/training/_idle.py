"""Fields of a recipe that find nothing to act on: said before the first step, recorded as idle."""

from collections.abc import Collection
from dataclasses import fields, replace

import keras
import numpy as np

from kerascnn._errors import warn

from ._devices import leaves
from ._prepare import Ready, first_of
from ._recipes import Recipe
from ._yolo_loss import BOX

OF_SCHEDULE = {
    "plateau": ("plateau_factor", "plateau_patience", "minimum_rate"),
    "step": ("steps", "step_factor"),
}
DEFAULTS = {field.name: field.default for field in fields(Recipe)}
NOTHING = {"dropout": 0.0, "auxiliary_weight": 0.0, "border_weight": 0.0}  # others: the default


def without_idle(plan: Recipe, model: keras.Model, ready: Ready, given: Collection[str]) -> Recipe:
    """Take out of a recipe what does nothing for this model and these data, with a warning each.

    Args:
        plan: The recipe.
        model: What is trained.
        ready: Its data, and what it learns.
        given: The fields that the user has set; the default of another says nothing.
    """
    for field, reason in _idle(plan, model, ready, given).items():
        done = NOTHING.get(field, DEFAULTS[field])
        warn(
            f"{field}={getattr(plan, field)!r} of the recipe {plan.name!r} finds nothing to act "
            f"on: {reason}. The run goes without it and records {field}={done!r}."
        )
        plan = replace(plan, **{field: done})
    return plan


def dropout_layers(model: keras.Model) -> list:
    """The layers whose rate a recipe sets: those that drop anything."""
    return [one for one in leaves(model) if isinstance(one, keras.layers.Dropout) and one.rate > 0]


def _idle(plan, model, ready, given):
    """From the fields that do nothing to the reason why."""
    found = {}
    labels, weights = first_of(ready.fit).labels, first_of(ready.fit).weights
    several = isinstance(labels, dict)
    if plan.dropout and not dropout_layers(model):
        found["dropout"] = (
            "the model has no Dropout layer with a rate above 0 (kerascnn's AlexNet, VGG and YOLO "
            f"take dropout={plan.dropout})"
        )
    if ("auxiliary_weight" in given or plan.name == "googlenet") and not ready.goal.auxiliary:
        found["auxiliary_weight"] = "the model has no auxiliary output"
    masks = not several and labels.ndim > 2 and np.issubdtype(labels.dtype, np.integer)
    if plan.border_weight and weights is not None:
        found["border_weight"] = "the labels have weights of their own"
    elif plan.border_weight and not masks:
        found["border_weight"] = "the labels are no masks"
    if "border_sigma" in given and not (plan.border_weight and masks):
        found["border_sigma"] = "no border is weighted"
    boxes = not several and labels.ndim == 3 and labels.shape[-1] == BOX
    if ("boxes" in given or plan.name == "yolo") and not boxes:
        found["boxes"] = "the labels are no boxes"
    if "warmup_factor" in given and not plan.warmup_epochs:
        found["warmup_factor"] = "there are no warmup_epochs"
    for schedule, names in OF_SCHEDULE.items():
        if plan.schedule != schedule:
            reason = f"the schedule is {plan.schedule!r}"
            found |= {name: reason for name in names if name in given}
    return found
