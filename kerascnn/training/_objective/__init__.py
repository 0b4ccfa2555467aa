"""What a model learns, one task per file: the loss, the metrics, and the labels that they take.

`choose.py` finds the task from the end of the model and the labels; `objective.py` defines the
result of all tasks.
"""

from .choose import objective_for
from .class_weights import class_weights
from .classification import check_variety
from .objective import Objective
from .segmentation import are_masks

__all__ = ["Objective", "are_masks", "check_variety", "class_weights", "objective_for"]
