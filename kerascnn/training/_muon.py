"""Muon: steps along an orthogonal matrix, which change all directions of a kernel as much."""

import keras
from keras import ops

from kerascnn._graph import flatten

from ._sgd import CoupledDecaySGD

# Of x -> a x + b x^3 + c x^5, which brings singular values from (0, 1] near 1 (Jordan 2024).
COEFFICIENTS = 3.4445, -4.7750, 2.0315
ITERATIONS = 5
PART = 0.15  # of a kernel's norm that a step of rate 1 is long: a rate fits that fits SGD


@keras.saving.register_keras_serializable(package="kerascnn")
class Muon(CoupledDecaySGD):
    """Muon for kernels of 2-D convolutions, `CoupledDecaySGD` for all other weights.

    The gradient of a kernel is mostly of low rank: SGD changes few of its directions much, and the
    others hardly. Muon takes the orthogonal matrix nearest to the momentum instead, a row for each
    place and input channel, a column for each filter. For a kernel `w` with gradient `g`, velocity
    `v`, momentum `m` and rate `lr`:

        v = m * v + g
        o = orthogonal(g + m * v)
        w = w - 0.15 * lr * |w| * o / |o|, then scaled to the norm that it had

    which is Jordan 2024, https://kellerjordan.github.io/posts/muon/, with two things of its own
    for kernels before a batch normalization, where the norm does nothing but set how far a step
    turns a kernel: the norm stays, and steps are told in parts of it. Kernels of other layers must
    be free to grow, those of scores first of all, so they go by SGD; see `normalized_kernels`.

    Args:
        learning_rate: A float or a schedule, as for SGD.
        momentum: A float from 0 to 1.
        kernel_decay: Of the kernels that go by SGD; see `CoupledDecaySGD`.
        kernels: The paths of the kernels (h, w, C, K) that go by Muon.
        **kwargs: As of `keras.optimizers.SGD`.

    >>> from keras import layers
    >>> net = keras.Sequential([keras.Input((8, 8, 3)), layers.Conv2D(4, 3, name="first"),
    ...                         layers.BatchNormalization(), layers.Conv2D(2, 1)], name="net")
    >>> normalized_kernels(net)
    ['net/first/kernel']
    >>> net.compile(Muon(0.1, momentum=0.9, kernels=normalized_kernels(net)), "mse")
    """

    def __init__(self, learning_rate=0.01, momentum=0.0, kernel_decay=0.0, kernels=(), **kwargs):
        super().__init__(learning_rate, momentum, kernel_decay, **kwargs)
        self.kernels = list(kernels)

    def build(self, variables):
        """Make the velocities, and note which variables go by Muon."""
        if not self.built:
            self._by_muon = [variable.path in self.kernels for variable in variables]
        super().build(variables)

    def update_step(self, gradient, variable, learning_rate):
        """Take one step on one variable."""
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

    def get_config(self):
        """Everything needed to make the same optimizer again."""
        return {**super().get_config(), "kernels": self.kernels}


def normalized_kernels(model: keras.Model) -> list[str]:
    """The paths of the kernels of 2-D convolutions that nothing but a batch normalization reads.

    Args:
        model: With a graph; nested models too.

    Raises:
        ValueError: The model has no graph.
    """
    graph = flatten(model)
    readers = {}
    for node in graph.nodes:
        for key in node.inputs:
            readers.setdefault(key, []).append(node.operation)
    paths = []
    for node in graph.nodes:
        after = [reader for key in node.outputs for reader in readers.get(key, ())]
        hidden = after and not set(node.outputs).intersection(graph.outputs)
        normalized = all(isinstance(each, keras.layers.BatchNormalization) for each in after)
        if type(node.operation) is keras.layers.Conv2D and hidden and normalized:
            paths.append(node.operation.kernel.path)
    return paths


def orthogonal(matrix):
    """The orthogonal matrix nearest to one, roughly: singular values become 0.7 to 1.2.

    Those below a hundredth of the largest stay less. A Newton-Schulz iteration, of products alone:
    a tenth of what a step of a small net takes.
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
