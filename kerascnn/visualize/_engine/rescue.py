"""Gradients for silent units: how a picture starts to move that no ReLU passes a gradient to."""

from keras import ops

from kerascnn._graph import Node, run

from .rules import is_rectifier, unrectified
from .tape import pass_back


def redirected(node: Node, args: tuple, kwargs: dict) -> object:
    """Compute a node; a ReLU that stops a picture's whole gradient lets pass what pulls it up.

    Lucid's "redirected ReLU gradient".
    """
    outputs = run(node, args, kwargs)
    if not is_rectifier(node):
        return outputs
    x, _outputs = unrectified(node, args, kwargs)
    # Adds nothing but a gradient to x.
    return outputs + (pass_back(pull_up, x, outputs) - ops.stop_gradient(outputs))


def pull_up(R: object, y: object) -> object:
    """max(R, 0), in pictures where y = ReLU(x) stops all of R; 0 in the others."""
    passes = ops.logical_and(R != 0, y != 0)
    axes = tuple(range(1, len(y.shape)))
    stopped = ops.logical_not(ops.any(passes, axis=axes, keepdims=True))
    return ops.where(stopped, ops.relu(R), 0)
