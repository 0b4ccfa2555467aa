"""SGD with weight decay as in the papers before 2017, which Keras lacks."""

from collections.abc import Sequence
from typing import Any

import keras

from kerascnn._checks import check_number


@keras.saving.register_keras_serializable(package="kerascnn")
class CoupledDecaySGD(keras.optimizers.SGD):
    """SGD whose weight decay is part of the gradient, and so of the momentum.

    For a kernel `w` with gradient `g`, velocity `v`, momentum `m`, rate `lr` and decay `d`:

        v = m * v - lr * (g + d * w)
        w = w + v

    which is Krizhevsky 2012, Section 5, and Caffe's SGDSolver; other weights (biases, gains of a
    normalization) have `d = 0`, as in Caffe's networks. It equals `kernel_regularizer=L2(d / 2)`
    with plain SGD. Keras's own `weight_decay` is another rule: `w -= lr * d * w` outside the
    momentum, also for biases, which decays ten times less with `m = 0.9`.

    Args:
        learning_rate: A float or a schedule.
        momentum: A float from 0 to 1.
        kernel_decay: `d`, at least 0.
        **kwargs: See `keras.optimizers.SGD`.

    Raises:
        ValueError: If a number is out of range.

    >>> import keras, kerascnn as kc
    >>> model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2)])
    >>> optimizer = kc.training.CoupledDecaySGD(0.1, momentum=0.9, kernel_decay=5e-4)
    >>> model.compile(optimizer, "mse")
    >>> optimizer.kernel_decay
    0.0005
    """

    def __init__(
        self,
        learning_rate: float | keras.optimizers.schedules.LearningRateSchedule = 0.01,
        momentum: float = 0.0,
        kernel_decay: float = 0.0,
        **kwargs: Any,
    ) -> None:
        super().__init__(learning_rate=learning_rate, momentum=float(momentum), **kwargs)
        self.kernel_decay = check_number("kernel_decay", kernel_decay)

    def build(self, variables: Sequence[keras.Variable]) -> None:
        """Create the velocities, and find the kernels among the variables."""
        if not self.built:
            self._is_kernel = [variable.name.endswith("kernel") for variable in variables]
        super().build(variables)

    def update_step(self, gradient: Any, variable: keras.Variable, learning_rate: Any) -> None:
        """Update one variable."""
        if self.kernel_decay and self._is_kernel[self._get_variable_index(variable)]:
            gradient = keras.ops.cast(gradient, variable.dtype) + self.kernel_decay * variable
        super().update_step(gradient, variable, learning_rate)

    def get_config(self) -> dict:
        """Return the arguments that create the same optimizer."""
        return {**super().get_config(), "kernel_decay": self.kernel_decay}
