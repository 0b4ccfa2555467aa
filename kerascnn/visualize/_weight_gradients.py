"""The gradients of a loss with respect to the weights, as used in training."""

from collections.abc import Callable

import keras
import numpy as np

from kerascnn._errors import warn
from kerascnn._graph import Tensor, flatten

from ._engine.images import Images, check_images
from ._engine.scores import failing_in_one_line
from ._engine.tape import variable_gradients


def weight_gradients(
    model: keras.Model,
    images: Images,
    loss: Callable,
    *,
    training: bool = False,
) -> list[np.ndarray]:
    """Compute the gradient of a loss with respect to each trainable weight, ∂L/∂W.

    All images form one batch. The model is not modified: with `training`, the moving statistics
    of batch normalization and the state of dropout are restored.

    Args:
        model: any functional or sequential `keras.Model`.
        images: (N, H, W, C) float, in the range the model was trained on.
        loss: a callable from the model's output, or its list of outputs, to a number, or to one
            number per image, which are averaged. For example,
            `lambda y: keras.losses.sparse_categorical_crossentropy(labels, y)`.
        training: whether to run the model in training mode, where batch normalization uses the
            statistics of the batch and dropout is active.

    Returns:
        A list of float32 arrays, one per weight in `model.trainable_weights`, in the same order
        and shape; zeros if the loss does not depend on the weight. In mixed precision they are
        accurate to about 1 % of the largest value.

    Raises:
        TypeError, ValueError: If model, images or loss do not fit.

    >>> import numpy as np, keras
    >>> model = keras.Sequential([keras.Input((2, 1, 1)), keras.layers.Flatten(),
    ...                           keras.layers.Dense(1)])
    >>> images = np.array([1.0, 2.0]).reshape(1, 2, 1, 1)
    >>> kernel, bias = weight_gradients(model, images, lambda y: 3 * y)  # y = w1 + 2 w2 + b
    >>> kernel.ravel().tolist(), bias.tolist()
    ([3.0, 6.0], [3.0])
    """
    graph = flatten(model)  # raises an error for a model without a graph
    arrays = check_images(model, images)
    if not callable(loss):
        raise TypeError(
            "loss must be a callable from the model's output to a number; "
            f"received {type(loss).__name__}."
        )
    weights = model.trainable_weights
    if not weights:
        raise ValueError("model must have trainable weights; all of its weights are frozen.")
    built_with = getattr(model, "_inputs_struct", 0)  # one, or a list, tuple or dict
    inputs = keras.tree.pack_sequence_as(built_with, arrays)
    others = [v for v in model.variables if not v.trainable]  # moving statistics, dropout states
    before = [v.numpy().copy() for v in others]

    def compute() -> Tensor:
        outputs = model(inputs, training=training)
        with failing_in_one_line("loss", outputs):
            return loss(outputs)

    try:
        grads = variable_gradients(graph, arrays, compute, weights)
    finally:
        for variable, value in zip(others, before, strict=True):
            variable.assign(value)
    broken = [v.path for v, g in zip(weights, grads, strict=True) if not np.isfinite(g).all()]
    if broken:
        warn(
            f"The gradients of {len(broken)} of {len(weights)} weights are NaN or infinite, first "
            f"for {broken[0]!r}. Check the weights, the images and the loss."
        )
    return grads
