"""A model, images and a target, checked once at the start of each method."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import keras
import numpy as np
from keras import KerasTensor

from kerascnn._graph import Graph

from .axes import graph_of
from .compile import check_batch, compiled, said_in_one_line, specs, warn_of_mixed_images
from .finite import warn_of_broken_weights
from .images import Images, check_images
from .places import placed
from .targets import Target, check_target


@dataclass(frozen=True, eq=False)
class Question:
    """A model, images and a target that fit each other.

    Attributes:
        model: any functional or sequential model.
        graph: the model's current graph.
        images: one array (N, …) per input.
        classes: (N,) int32 class indices, or `PREDICTED` for the predicted class.
        score: a callable target instead.
    """

    model: keras.Model
    graph: Graph
    images: tuple[np.ndarray, ...]
    classes: np.ndarray
    score: Callable | None

    def __len__(self) -> int:
        """Return the number of images."""
        return len(self.classes)

    @property
    def arrays(self) -> list[np.ndarray]:
        """The arrays with one item per image: the images and the classes."""
        return [*self.images, self.classes]

    def about(self, classes: np.ndarray) -> Question:
        """Replace the classes, (N,)."""
        return replace(self, classes=np.asarray(classes, np.int32))

    def with_images(self, images: Sequence[np.ndarray]) -> Question:
        """Replace the images by others of the same shape."""
        return replace(self, images=tuple(images))

    def at_once(self, batch_size: int) -> int:
        """Return the batch size; a callable target takes all images at once."""
        return batch_size if self.score is None else len(self)

    def step(self, key: tuple, body: Callable, arrays: Sequence[np.ndarray]) -> Callable:
        """Return a computation, compiled unless the target is a callable.

        The variables that a callable refers to may change between calls.

        Args:
            key: key of the computation, as for `compiled`.
            body: `body(graph, *tensors)`; it must not refer to the model or to this question.
            arrays: arrays with the shapes and types of its arguments.
        """
        if self.score is None:
            return compiled(self.model, self.graph, key, body, specs(arrays))
        warn_of_broken_weights(self.model)  # `compiled` does this and the next for the others
        warn_of_mixed_images(self.graph)
        graph = self.graph
        return lambda *tensors: said_in_one_line(graph, tensors, lambda: body(graph, *tensors))


def ask(
    model: keras.Model, images: Images, target: Target = None, *, name: str = "target"
) -> Question:
    """Check that a model, images and a target fit each other.

    Args:
        model: any functional or sequential model.
        images: (N, H, W, C) float, or one array for each of several inputs.
        target: class index, one index per image, a callable from the model's outputs before
            softmax to scores (N,), or `None` for the predicted class. A callable takes all images
            at once and is not compiled.
        name: name of the argument that is the target.

    Raises:
        TypeError, ValueError: If they do not fit.
    """
    graph = graph_of(model)
    arrays = check_images(model, images)
    target = placed(target, model, graph, arrays)
    classes, score = check_target(target, len(arrays[0]), graph, name=name)
    first, *of_inputs = (graph.maker(k).shapes[0][:1] for k in (*graph.outputs[:1], *graph.inputs))
    fits = first in ((None,), (len(arrays[0]),)) or any(n != (None,) for n in of_inputs)
    if score is None and not fits:
        check_batch(graph, [KerasTensor(x.shape, x.dtype.name) for x in arrays])
    return Question(model, graph, tuple(arrays), classes, score)
