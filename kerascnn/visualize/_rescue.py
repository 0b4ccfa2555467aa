"""Gradients for silent units: how a picture starts to move that no ReLU passes a gradient to."""

from collections.abc import Callable

from keras import ops

from kerascnn._graph import Node, run

from ._heads import without_activation
from ._rules import is_rectifier


def redirected(node: Node, args: tuple, kwargs: dict) -> object:
    """Compute a node; a ReLU that stops a picture's whole gradient lets pass what pulls it up.

    Lucid's "redirected ReLU gradient".
    """
    outputs = run(node, args, kwargs)
    if not is_rectifier(node.operation):
        return outputs
    return outputs + pull_up(without_activation(node, args, kwargs), outputs)


@ops.custom_gradient
def pull_up(x: object, y: object) -> tuple[object, Callable]:
    """Add nothing but a gradient: max(R, 0) to x, in pictures where y = ReLU(x) stops all of R."""

    def gradient(*args: object, upstream: object = None) -> tuple[object, object]:
        upstream = args[0] if upstream is None else upstream
        passes = ops.logical_and(upstream != 0, y != 0)
        stopped = ops.logical_not(
            ops.any(passes, axis=tuple(range(1, len(y.shape))), keepdims=True)
        )
        return ops.where(stopped, ops.relu(upstream), 0), ops.zeros_like(y)

    return ops.zeros_like(x), gradient
