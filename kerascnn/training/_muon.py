"""Muon: steps along an orthogonal matrix, which change all directions of a kernel equally."""

from collections.abc import Sequence
from typing import Any

import keras
from keras import ops

from kerascnn._graph import flatten, users_of

from ._sgd import CoupledDecaySGD

# Of x -> a x + b x^3 + c x^5, which brings singular values from (0, 1] near 1 (Jordan 2024).
COEFFICIENTS = 3.4445, -4.7750, 2.0315
ITERATIONS = 5
PART = 0.15  # of a kernel's norm is the length of a step of rate 1, so that SGD's rates fit


@keras.saving.register_keras_serializable(package="kerascnn")
class Muon(CoupledDecaySGD):
    """Muon for kernels of 2-D convolutions, `CoupledDecaySGD` for all other weights.

    The gradient of a kernel mostly has a low rank: SGD changes a few of its directions a lot, and
    the others hardly. Muon instead uses the orthogonal matrix nearest to the momentum, with a row
    for each position and input channel, and a column for each filter. For a kernel `w` with
    gradient `g`, velocity `v`, momentum `m` and rate `lr`:

        v = m * v + g
        o = orthogonal(g + m * v)
        w = w - 0.15 * lr * |w| * o / |o|, then scaled to its previous norm

    which is Jordan 2024, https://kellerjordan.github.io/posts/muon/, with two changes for kernels
    before a batch normalization, where the norm only determines how far a step rotates a kernel:
    the norm is constant, and the length of a step is a fraction of it. Kernels of other layers,
    above all those of scores, must be free to grow, so they are updated by SGD; see
    `normalized_kernels`.

    Args:
        learning_rate: A float or a schedule, as for SGD.
        momentum: A float from 0 to 1.
        kernel_decay: Weight decay of the kernels that are updated by SGD; see `CoupledDecaySGD`.
        kernels: Paths of the kernels (h, w, C, K) that are updated by Muon.
        **kwargs: See `keras.optimizers.SGD`.

    >>> from keras import layers
    >>> net = keras.Sequential([keras.Input((8, 8, 3)), layers.Conv2D(4, 3, name="first"),
    ...                         layers.BatchNormalization(), layers.Conv2D(2, 1)], name="net")
    >>> normalized_kernels(net)
    ['net/first/kernel']
    >>> net.compile(Muon(0.1, momentum=0.9, kernels=normalized_kernels(net)), "mse")
    """

    def __init__(
        self,
        learning_rate: float | keras.optimizers.schedules.LearningRateSchedule = 0.01,
        momentum: float = 0.0,
        kernel_decay: float = 0.0,
        kernels: Sequence[str] = (),
        **kwargs: Any,
    ) -> None:
        super().__init__(learning_rate, momentum, kernel_decay, **kwargs)
        self.kernels = list(kernels)

    def build(self, variables: Sequence[keras.Variable]) -> None:
        """Create the velocities, and find the variables that are updated by Muon."""
        if not self.built:
            self._by_muon = [variable.path in self.kernels for variable in variables]
        super().build(variables)

    def update_step(self, gradient: Any, variable: keras.Variable, learning_rate: Any) -> None:
        """Update one variable."""
        if not self._by_muon[self._get_variable_index(variable)]:
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

    def get_config(self) -> dict:
        """Return the arguments that create the same optimizer."""
        return {**super().get_config(), "kernels": self.kernels}


def normalized_kernels(model: keras.Model) -> list[str]:
    """List the paths of the kernels of 2-D convolutions followed only by batch normalization.

    Args:
        model: A functional or sequential model; also looks into nested models.

    Raises:
        ValueError: If the model has no graph.

    >>> from keras import layers
    >>> net = keras.Sequential([keras.Input((8, 8, 3)), layers.Conv2D(4, 3, name="first"),
    ...                         layers.BatchNormalization(), layers.Conv2D(2, 1)], name="net")
    >>> normalized_kernels(net)
    ['net/first/kernel']
    """
    graph = flatten(model)
    users, paths = users_of(graph.nodes), []
    for node in graph.nodes:
        after = [user.operation for key in node.outputs for user in users.get(key, ())]
        hidden = after and not set(node.outputs).intersection(graph.outputs)
        normalized = all(isinstance(each, keras.layers.BatchNormalization) for each in after)
        if type(node.operation) is keras.layers.Conv2D and hidden and normalized:
            paths.append(node.operation.kernel.path)
    return paths


def orthogonal(matrix: Any) -> Any:
    """Approximate the nearest orthogonal matrix, with singular values from 0.7 to 1.2.

    Those below a hundredth of the largest become smaller. The Newton-Schulz iteration needs only
    matrix products, which take a tenth of the time of a step of a small network.
    """
    if matrix.shape[0] > matrix.shape[1]:
        return ops.transpose(orthogonal(ops.transpose(matrix)))
    a, b, c = COEFFICIENTS
    x = matrix / norm(matrix)
    for _ in range(ITERATIONS):
        square = ops.matmul(x, ops.transpose(x))
        x = a * x + ops.matmul(b * square + c * ops.matmul(square, square), x)
    return x


def norm(array: Any) -> Any:
    """Compute the root of the sum of squares, which is never 0."""
    return ops.sqrt(ops.sum(ops.square(array))) + keras.config.epsilon()
