"""Adversarial images: the question that an attack asks, and the gradient that it follows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import keras
import numpy as np
import tensorflow as tf

from kerascnn._checks import check_number, check_range
from kerascnn._graph import Graph
from kerascnn._heads import end_of

from .answers import with_predicted_classes
from .axes import check_channels_last
from .batches import in_batches
from .images import Images
from .question import Question, ask
from .scores import logits_at, scores_by_class
from .tape import gradients_of
from .targets import Target

Limits = tuple[float, float] | None
SLACK = 1e-3  # by which resizing and rounding may exceed the limits


@dataclass(frozen=True, eq=False)
class Attack:
    """Images to change a little, so that the loss of a class rises, or falls.

    Attributes:
        question: the model, the images, and the class of each.
        sign: 1 to raise the loss of the classes, -1 to lower it.
        epsilon: largest change of a value.
        limits: lowest and highest value of an image, or `None`.
    """

    question: Question
    sign: int
    epsilon: float
    limits: Limits

    @property
    def images(self) -> np.ndarray:
        """The images before the attack, (N, …)."""
        return self.question.images[0]

    def direction(self, images: np.ndarray, batch_size: int) -> np.ndarray:
        """Return the sign of the gradient of the loss, towards the goal of the attack."""
        return self.sign * np.sign(_loss_gradients(self.question, images, batch_size))

    def allowed(self, images: np.ndarray) -> np.ndarray:
        """Project images to those within epsilon of the originals and within the limits."""
        change = np.clip(images - self.images, -self.epsilon, self.epsilon)
        changed = self.images + change
        return (changed if self.limits is None else np.clip(changed, *self.limits)).astype(
            self.images.dtype
        )


def plan(
    model: keras.Model,
    images: Images,
    labels: Target,
    target: Target,
    epsilon: float,
    limits: Limits,
    batch_size: int,
) -> Attack:
    """Check the arguments of an attack.

    Raises:
        TypeError, ValueError: If they do not fit the model or each other.
    """
    epsilon = check_number("epsilon", epsilon)
    ends = None if limits is None else check_range("limits", limits)
    name, classes = ("labels", labels) if target is None else ("target", target)
    if labels is not None and target is not None:
        raise ValueError(
            "labels must be None if target is given, since the attack then leads to the target; "
            "received both."
        )
    question = ask(model, images, classes, name=name)
    if question.score is not None:
        raise TypeError(
            f"{name} must be a class index or one index per image; received a callable."
        )
    if len(question.images) != 1:
        raise ValueError(
            f"model must have a single input for an attack; it has {len(question.images)}."
        )
    check_channels_last(question.graph)
    if ends is not None:
        (lowest, highest), images = ends, question.images[0]
        low, high = images.min(), images.max()
        if not lowest - SLACK <= low <= high <= highest + SLACK:
            raise ValueError(
                f"images must be within limits, from {lowest:g} to {highest:g}; received values "
                f"from {low:g} to {high:g}. Set limits to the range of the model's input, or to "
                "None."
            )
    return Attack(
        with_predicted_classes(question, batch_size), 1 if target is None else -1, epsilon, ends
    )


def _loss_gradients(question: Question, images: np.ndarray, batch_size: int) -> np.ndarray:
    """Compute the gradient of the cross-entropy loss of the classes, in the shape of the images.

    Of several sigmoids, only that of the class counts, since it is not known which others are true.
    """

    def gradients(graph: Graph, inputs: tf.Tensor, classes: tf.Tensor) -> list[tf.Tensor]:
        def loss(xs: Sequence[tf.Tensor]) -> tf.Tensor:
            table = scores_by_class(graph, logits_at(graph, xs)[1][0])
            of_sigmoids = end_of(graph, graph.outputs[0]) == "sigmoid"
            log = tf.math.log_sigmoid if of_sigmoids else tf.nn.log_softmax
            return -tf.gather(log(table), classes, axis=-1, batch_dims=1)

        return gradients_of(graph, loss, [inputs])[1]

    arrays = [images, question.classes]
    step: Callable = question.step(("loss gradients",), gradients, arrays)
    return in_batches(step, arrays, batch_size)[0]
