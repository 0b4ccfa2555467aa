"""The squashing function of LeNet-5 (LeCun et al. 1998, Appendix A)."""

import keras
from keras import ops

AMPLITUDE, SLOPE = 1.7159, 2 / 3  # so that f(1) = 1 and f(-1) = -1: Appendix A


@keras.saving.register_keras_serializable(package="kerascnn")
def scaled_tanh(a: keras.KerasTensor) -> keras.KerasTensor:
    """Scaled hyperbolic tangent activation function, f(a) = 1.7159 · tanh(2a / 3).

    Args:
        a: input tensor, float, of any shape.

    Returns:
        A tensor of the same shape, between −1.7159 and 1.7159.

    >>> round(float(scaled_tanh(1.0)), 3)
    1.0
    """
    return AMPLITUDE * ops.tanh(SLOPE * a)
