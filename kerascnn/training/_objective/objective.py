"""What a model is compiled with, and how its labels are checked and prepared."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import keras
import numpy as np

from kerascnn.training._channels import Channels
from kerascnn.training._data import Labels, Part

from .label_weights import axes_of, fitted_weights

Loss = keras.losses.Loss | Callable | str
Losses = Loss | type[keras.losses.Loss] | dict[str, Loss]


@dataclass(frozen=True)
class Output:
    """One output of a model.

    Attributes:
        end: the function whose values it holds, such as "softmax"; see `kerascnn._heads.end_of`.
        shape: (None, …, K), as returned by the model; (None,) for one number per image.
        image_size: (H, W) of the images; `None` if it is not known.
        dense: returns whether a map has stride 1, so that it is the middle of larger labels.
        channels: where the classes are, if they are not on the last axis.
    """

    end: str
    shape: tuple
    image_size: tuple[int, ...] | None = None
    dense: Callable[[], bool] = lambda: True
    channels: Channels | None = None

    @property
    def full_shape(self) -> tuple:
        """The shape with an axis of classes: (None,) becomes (None, 1)."""
        return self.shape if len(self.shape) > 1 else (*self.shape, 1)

    @property
    def classes(self) -> int:
        """K, the size of the last axis."""
        return self.full_shape[-1]

    @property
    def is_logits(self) -> bool:
        """Whether a softmax or sigmoid would still have to be applied."""
        return self.end == "linear"

    @property
    def map_size(self) -> tuple[int, int] | None:
        """Height and width of an output (N, h, w, K); `None` for another."""
        if len(self.full_shape) != 4 or self.channels:
            return None
        _, height, width, _ = self.full_shape
        return height, width


@dataclass(frozen=True, eq=False)
class Objective:
    """What a model is compiled with, and how its labels are checked and prepared.

    Attributes:
        loss: a Keras loss; a list or a dict of losses if outputs have labels of their own.
        metrics: Keras metrics, likewise; accuracy is named "accuracy".
        prepare: converts the labels and weights of a `Part` to those that the loss takes.
        check: raises a `ValueError` for a `Part` whose labels or weights do not fit the output.
        auxiliary: the weight of the loss of each further output, if all learn the same labels.
        of_classes: converts labels to class indices; `None` for labels that are not classes.
        classes: the number of classes of a single output; 0 if unknown.
    """

    loss: Loss | list | dict
    metrics: list | dict
    prepare: Callable[[Part], Part]
    check: Callable[[Part], None]
    auxiliary: tuple[float, ...] = ()
    of_classes: Callable[[np.ndarray], np.ndarray | None] = lambda labels: None
    classes: int = 0

    @property
    def outputs(self) -> int:
        """The number of outputs that learn the same labels."""
        return 1 + len(self.auxiliary)

    @property
    def measured(self) -> bool:
        """Whether the history contains the accuracy of the whole model."""
        return bool(self.metrics) and not isinstance(self.loss, list | dict)

    def compile_arguments(self) -> dict:
        """Return the arguments of `keras.Model.compile`."""
        if not self.auxiliary:
            return {"loss": self.loss, "metrics": self.metrics}
        return {
            "loss": [self.loss] * self.outputs,
            "loss_weights": [1.0, *self.auxiliary],
            "metrics": [self.metrics, *([] for _ in self.auxiliary)],
        }


def make(
    loss: Loss,
    metrics: list[keras.metrics.Metric],
    labels: Labels,
    output: Output,
    *,
    check: Callable[[np.ndarray], None] = lambda labels: None,
    ready: Callable[[Part], Part] = lambda part: part,
    of_classes: Callable[[np.ndarray], np.ndarray | None] = lambda labels: None,
) -> Objective:
    """Make the objective of one output.

    Args:
        loss, metrics, of_classes: see `Objective`.
        labels: the labels that decide; they are checked here.
        output: the output.
        check: raises a `ValueError` for labels that do not fit.
        ready: converts a part with checked labels to what the loss takes.
    """
    check(labels)

    @cache
    def axes() -> int:
        few = ready(Part(labels[:2], labels[:2])).labels
        return axes_of(loss, few, output.shape)

    def weighted(part: Part) -> Part:
        return part if part.weights is None else fitted_weights(part, axes())

    def check_part(part: Part) -> None:
        check(part.labels)
        if part.weights is not None and not axes():
            raise ValueError(
                "weights need a loss with a value for each image; received a loss with one value "
                "for all images of a batch: let it return (N,), or leave out the weights."
            )
        weighted(part)

    return Objective(
        loss,
        metrics,
        prepare=lambda part: ready(weighted(part)),
        check=check_part,
        of_classes=of_classes,
        classes=max(output.classes or 0, 2) if len(output.shape) > 1 else 2,
    )
