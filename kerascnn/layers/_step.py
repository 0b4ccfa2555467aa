"""The threshold of the perceptron (Rosenblatt 1958)."""

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="kerascnn")
def step(x):
    """Return 1 where x is not negative, else 0; the gradient passes as if it were the identity.

    With it and half the squared error gradient descent is Rosenblatt's rule, Δw = η·(t − y)·x.

    >>> [float(y) for y in step([-0.5, 0.0, 2.0])]
    [0.0, 1.0, 1.0]
    """
    x = ops.convert_to_tensor(x)
    return ops.cast(x >= 0, x.dtype) + (x - ops.stop_gradient(x))
