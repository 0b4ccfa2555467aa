"""SGD with weight decay as the papers before 2017 had it, which Keras lacks."""

import keras


@keras.saving.register_keras_serializable(package="kerascnn")
class CoupledDecaySGD(keras.optimizers.SGD):
    """SGD whose weight decay is part of the gradient, and so of the momentum.

    For a kernel `w` with gradient `g`, velocity `v`, momentum `m`, rate `lr` and decay `d`:

        v = m * v - lr * (g + d * w)
        w = w + v

    which is Krizhevsky 2012, Section 5, and Caffe's SGDSolver; other weights (biases, gains of a
    normalization) have `d = 0`, as Caffe's nets set it. It equals `kernel_regularizer=L2(d / 2)`
    under plain SGD. Keras's own `weight_decay` is another rule: `w -= lr * d * w` outside the
    momentum and on biases too, which with `m = 0.9` decays ten times less.

    Args:
        learning_rate: A float or a schedule.
        momentum: A float from 0 to 1.
        kernel_decay: `d`, at least 0.
        **kwargs: As of `keras.optimizers.SGD`.
    """

    def __init__(self, learning_rate=0.01, momentum=0.0, kernel_decay=0.0, **kwargs):
        super().__init__(learning_rate=learning_rate, momentum=float(momentum), **kwargs)
        self.kernel_decay = kernel_decay

    def build(self, variables):
        """Make the velocities, and note which variables are kernels."""
        if not self.built:
            self._is_kernel = [variable.name.endswith("kernel") for variable in variables]
        super().build(variables)

    def update_step(self, gradient, variable, learning_rate):
        """Take one step on one variable."""
        if self.kernel_decay and self._is_kernel[self._get_variable_index(variable)]:
            gradient = keras.ops.cast(gradient, variable.dtype) + self.kernel_decay * variable
        super().update_step(gradient, variable, learning_rate)

    def get_config(self):
        """Everything needed to make the same optimizer again."""
        return {**super().get_config(), "kernel_decay": self.kernel_decay}
