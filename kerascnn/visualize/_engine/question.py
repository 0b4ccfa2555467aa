"""What is asked of a network: the score of what, in which images; checked once, at the door."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import keras
import numpy as np

from kerascnn._graph import Graph

from .axes import graph_of
from .compile import compiled, said_in_one_line, specs
from .images import Images, check_images
from .targets import Target, check_target


@dataclass(frozen=True, eq=False)
class Question:
    """A model, images and a target that fit each other.

    Attributes:
        model: any functional or sequential model.
        graph: its graph as it is now.
        images: an array (N, …) for each of its inputs.
        classes: (N,) int32 class indices, `PREDICTED` for the predicted class.
        score: a callable target instead.
    """

    model: keras.Model
    graph: Graph
    images: tuple[np.ndarray, ...]
    classes: np.ndarray
    score: Callable | None

    def __len__(self) -> int:
        """How many images there are."""
        return len(self.classes)

    @property
    def arrays(self) -> list[np.ndarray]:
        """What a computation takes an item of for each image: the images, and the classes."""
        return [*self.images, self.classes]

    def about(self, classes: np.ndarray) -> Question:
        """The same about other classes, (N,)."""
        return replace(self, classes=np.asarray(classes, np.int32))

    def with_images(self, images: Sequence[np.ndarray]) -> Question:
        """The same of other images, in the shape of these."""
        return replace(self, images=tuple(images))

    def at_once(self, batch_size: int) -> int:
        """How many images are computed at once: a callable sees them all."""
        return batch_size if self.score is None else len(self)

    def step(self, key: tuple, body: Callable, arrays: Sequence[np.ndarray]) -> Callable:
        """A computation, compiled for class indices, but run without that for a callable target.

        What a callable looks up may change between calls.

        Args:
            key: names the computation, as for `compiled`.
            body: `body(graph, *tensors)`; it must not refer to the model, nor to this question.
            arrays: like those that it takes.
        """
        if self.score is None:
            return compiled(self.model, self.graph, key, body, specs(arrays))
        graph = self.graph
        return lambda *tensors: said_in_one_line(graph, tensors, lambda: body(graph, *tensors))


def ask(model: keras.Model, images: Images, target: Target = None) -> Question:
    """Check a model, images and a target against each other.

    Args:
        model: any functional or sequential model.
        images: (N, H, W, C) float, or one array for each of several inputs.
        target: class index, one for each image, a callable from the model's outputs before
            softmax to scores (N,), or `None` for the predicted class. A callable sees all images
            at once and is called again each time, without compilation.

    Raises:
        TypeError, ValueError: what does not fit.
    """
    graph = graph_of(model)
    arrays = check_images(model, images)
    classes, score = check_target(target, len(arrays[0]), graph)
    return Question(model, graph, tuple(arrays), classes, score)
