"""Muon: steps along an orthogonal matrix, which change all directions of a kernel as much."""

import keras
from keras import ops

from ._sgd import CoupledDecaySGD

# Of x -> a x + b x^3 + c x^5, which brings singular values from (0, 1] near 1 (Jordan 2024).
COEFFICIENTS = 3.4445, -4.7750, 2.0315
ITERATIONS = 5
PART = 0.15  # of a kernel's norm that a step of rate 1 is long: a rate fits that fits SGD


@keras.saving.register_keras_serializable(package="kerascnn")
class Muon(CoupledDecaySGD):
    """Muon for the kernels of 2-D convolutions, `CoupledDecaySGD` for all other weights.

    The gradient of a kernel is mostly of low rank: SGD changes few of its directions much, and the
    others hardly. Muon takes the orthogonal matrix nearest to the momentum instead, a row for each
    place and input channel, a column for each filter. For a kernel `w` with gradient `g`, velocity
    `v`, momentum `m` and rate `lr`:

        v = m * v + g
        o = orthogonal(g + m * v)
        w = w - 0.15 * lr * |w| * o / |o|, then scaled to the norm that it had

    which is Jordan 2024, https://kellerjordan.github.io/posts/muon/, with two things of its own
    for nets with batch normalization, where a kernel's norm does nothing but set the size of the
    steps: the norm stays (so kernels do not decay), and steps are told in parts of it.

    Args:
        learning_rate: A float or a schedule, as for SGD.
        momentum: A float from 0 to 1.
        kernel_decay: Of the kernels of other layers; see `CoupledDecaySGD`.
        **kwargs: As of `keras.optimizers.SGD`.
    """

    def update_step(self, gradient, variable, learning_rate):
        """Take one step on one variable."""
        if len(variable.shape) != 4:
            super().update_step(gradient, variable, learning_rate)
            return
        gradient = ops.cast(gradient, variable.dtype)
        if self.momentum:
            velocity = self.momentums[self._get_variable_index(variable)]
            self.assign(velocity, self.momentum * velocity + gradient)
            gradient = gradient + self.momentum * velocity
        filters = variable.shape[-1]
        direction = ops.reshape(orthogonal(ops.reshape(gradient, (-1, filters))), variable.shape)
        size = norm(variable)
        step = PART * ops.cast(learning_rate, variable.dtype) * size / norm(direction)
        moved = variable - step * direction
        self.assign(variable, moved * (size / norm(moved)))


def orthogonal(matrix):
    """The orthogonal matrix nearest to one, roughly: its singular values become 0.7 to 1.2.

    A Newton-Schulz iteration, of products alone: a tenth of what a step of a small net takes.
    """
    if matrix.shape[0] > matrix.shape[1]:
        return ops.transpose(orthogonal(ops.transpose(matrix)))
    a, b, c = COEFFICIENTS
    x = matrix / norm(matrix)
    for _ in range(ITERATIONS):
        square = ops.matmul(x, ops.transpose(x))
        x = a * x + ops.matmul(b * square + c * ops.matmul(square, square), x)
    return x


def norm(array):
    """The root of the sum of squares; never 0."""
    return ops.sqrt(ops.sum(ops.square(array))) + keras.config.epsilon()
