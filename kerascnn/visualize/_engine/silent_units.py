"""Gradients for silent units, whose ReLUs pass no gradient to the image."""

from keras import ops

from kerascnn._graph import Node, Tensor, run

from .relu_rules import is_rectifier, unrectified
from .tape import pass_back


def redirected(node: Node, args: tuple, kwargs: dict) -> Tensor:
    """Compute a node; a ReLU that blocks the whole gradient of an image passes its positive part.

    This is the "redirected ReLU gradient" of lucid.
    """
    outputs = run(node, args, kwargs)
    if not is_rectifier(node):
        return outputs
    x, _outputs = unrectified(node, args, kwargs)
    # Adds only a gradient with respect to x.
    return outputs + (pass_back(pull_up, x, outputs) - ops.stop_gradient(outputs))


def pull_up(R: Tensor, y: Tensor) -> Tensor:
    """Return max(R, 0) for images where y = ReLU(x) blocks all of R, and 0 for others."""
    passes = ops.logical_and(R != 0, y != 0)
    axes = tuple(range(1, len(y.shape)))
    stopped = ops.logical_not(ops.any(passes, axis=axes, keepdims=True))
    return ops.where(stopped, ops.relu(R), 0)
