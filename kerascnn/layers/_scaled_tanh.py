"""The squashing function of LeNet-5 (LeCun et al. 1998, Appendix A)."""

import keras
from keras import ops

AMPLITUDE, SLOPE = 1.7159, 2 / 3  # so that f(1) = 1 and f(-1) = -1: Appendix A


@keras.saving.register_keras_serializable(package="kerascnn")
def scaled_tanh(a: keras.KerasTensor) -> keras.KerasTensor:
    """Squash with f(a) = 1.7159 · tanh(2a / 3), an activation for any layer.

    Args:
        a: any shape, float.

    >>> round(float(scaled_tanh(1.0)), 3)
    1.0
    """
    return AMPLITUDE * ops.tanh(SLOPE * a)
