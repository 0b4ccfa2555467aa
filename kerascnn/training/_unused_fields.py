"""Fields of a recipe that have no effect: a warning before the first step, and in the record."""

from collections.abc import Collection
from dataclasses import fields, replace

import keras

from kerascnn._errors import warn

from ._dropout import dropout_layers
from ._objective import are_masks
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
    """Remove from a recipe what has no effect on this model and these data, with a warning each.

    Args:
        plan: the recipe.
        model: the model to be trained.
        ready: its data, and what it learns.
        given: the fields that the user has set; defaults of others are not reported.
    """
    for field, reason in _idle(plan, model, ready, given).items():
        done = NOTHING.get(field, DEFAULTS[field])
        warn(
            f"{field}={getattr(plan, field)!r} of the recipe {plan.name!r} has no effect: "
            f"{reason}. The run continues without it and records {field}={done!r}."
        )
        plan = replace(plan, **{field: done})
    return plan


def _idle(plan: Recipe, model: keras.Model, ready: Ready, given: Collection[str]) -> dict[str, str]:
    """Map the fields that have no effect to the reason why."""
    found = {}
    first = first_of(ready.fit)
    labels, parts = first.labels, [*first.of_outputs().values()]
    several = isinstance(labels, dict)
    if plan.dropout and not dropout_layers(model):
        found["dropout"] = (
            "the model has no Dropout layer with a rate above 0 (kerascnn's AlexNet, VGG and YOLO "
            f"take dropout={plan.dropout})"
        )
    if ("auxiliary_weight" in given or plan.name == "googlenet") and not ready.goal.auxiliary:
        found["auxiliary_weight"] = "the model has no auxiliary output"
    masks = any(are_masks(part.labels) for part in parts)
    if plan.border_weight and all(part.weights is not None for part in parts):
        found["border_weight"] = "the labels already have weights"
    elif plan.border_weight and not masks:
        found["border_weight"] = "the labels are not masks"
    if "border_sigma" in given and not (plan.border_weight and masks):
        found["border_sigma"] = "borders have no weights"
    boxes = not several and labels.ndim == 3 and labels.shape[-1] == BOX
    if ("boxes" in given or plan.name == "yolo") and not boxes:
        found["boxes"] = "the labels are not boxes"
    if "warmup_factor" in given and not plan.warmup_epochs:
        found["warmup_factor"] = "there are no warmup_epochs"
    for schedule, names in OF_SCHEDULE.items():
        if plan.schedule != schedule:
            reason = f"the schedule is {plan.schedule!r}"
            found |= {name: reason for name in names if name in given}
    return found
