"""The threshold of the perceptron (Rosenblatt 1958)."""

from typing import Any

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="kerascnn")
def step(x: Any) -> Any:
    """Step activation function: 1 where x is not negative, otherwise 0.

    The gradient is that of the identity. With this activation and half the squared error, gradient
    descent follows Rosenblatt's learning rule, Δw = η·(t − y)·x.

    >>> [float(y) for y in step([-0.5, 0.0, 2.0])]
    [0.0, 1.0, 1.0]
    """
    x = ops.convert_to_tensor(x)
    return ops.cast(x >= 0, x.dtype) + (x - ops.stop_gradient(x))
