"""How a loss would change with each weight: what a step of training goes by."""

from collections.abc import Callable

import keras
import numpy as np

from kerascnn._graph import flatten

from ._engine.images import Images, check_images
from ._engine.tape import variable_gradients


def weight_gradients(
    model: keras.Model,
    images: Images,
    loss: Callable,
    *,
    training: bool = False,
) -> list[np.ndarray]:
    """Compute the gradient of a loss with respect to each weight that is trained, ∂L/∂W.

    All images are one batch, as batch normalization has it. The model stays as it is, with
    `training` too: its moving statistics and the state of its dropout are put back.

    Args:
        model: any functional or sequential `keras.Model`.
        images: (N, H, W, C) float, in the range that the model is trained on.
        loss: a callable from the model's output, or a list of outputs, to one number, or to
            one for each image, whose mean is taken: such as
            `lambda y: keras.losses.sparse_categorical_crossentropy(labels, y)`.
        training: whether batch normalization takes the statistics of this batch, and dropout
            drops; else as at inference.

    Returns:
        A float32 array for each of `model.trainable_weights`, in its order and shape; zeros
        where the loss does not depend on the weight. In mixed precision they are as exact as
        its half-precision floats, about 1 % of the largest.

    Raises:
        TypeError, ValueError: a model, images or a loss that do not fit.

    >>> import numpy as np, keras
    >>> model = keras.Sequential([keras.Input((2, 1, 1)), keras.layers.Flatten(),
    ...                           keras.layers.Dense(1)])
    >>> images = np.array([1.0, 2.0]).reshape(1, 2, 1, 1)
    >>> kernel, bias = weight_gradients(model, images, lambda y: 3 * y)  # y = w1 + 2 w2 + b
    >>> kernel.ravel().tolist(), bias.tolist()
    ([3.0, 6.0], [3.0])
    """
    graph = flatten(model)  # says what is wrong with a model without a graph
    arrays = check_images(model, images)
    if not callable(loss):
        raise TypeError(
            "loss must be a callable from the model's output to a number; "
            f"received {type(loss).__name__}."
        )
    weights = model.trainable_weights
    if not weights:
        raise ValueError("model must have weights that are trained; all of its own are frozen.")
    inputs = arrays[0] if len(arrays) == 1 else arrays
    others = [v for v in model.variables if not v.trainable]  # statistics, states of dropout
    before = [keras.ops.convert_to_numpy(v) for v in others]
    try:
        return variable_gradients(
            graph, arrays, lambda: loss(model(inputs, training=training)), weights
        )
    finally:
        for variable, value in zip(others, before, strict=True):
            variable.assign(value)
