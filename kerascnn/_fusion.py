"""Keep TensorFlow from fusing operations into others that compute something else.

With oneDNN, TensorFlow (2.21) replaces the maximum of x and a x in a compiled graph by a leaky ReLU
with slope a, which is the minimum if a > 1; and a 3-D convolution that pads its input (`"same"`)
behind another padding by one that only has the latter, so that the maps are smaller. Keras's
`predict` and `evaluate` are affected, too; gradients are right. The only switch turns off all
fusions of this kind, which takes up to a tenth longer, so it is used only for models that may
contain such operations.
"""

from collections.abc import Sequence

import keras

from ._graph import Node, flatten, has_graph
from ._known import computes_as_defined, is_known
from ._onednn import is_off
from ._state import parts_of

VOLUMES = 5  # axes of (N, D, H, W, C); more in TimeDistributed


def avoid_wrong_fusions(model: keras.Model) -> None:
    """Turn fusion off for the rest of the process if it may change what a model computes."""
    if keras.backend.backend() != "tensorflow" or is_off():
        return
    nodes = flatten(model).nodes if has_graph(model) else []
    wrong = any(_may_compare(node.operation) for node in nodes) or _pads_volumes_twice(nodes)
    if wrong or not nodes:
        import tensorflow as tf

        tf.config.optimizer.set_experimental_options({"remapping": False})


def _pads_volumes_twice(nodes: Sequence[Node]) -> bool:
    """Return whether there are a padding of volumes and a 3-D convolution that pads, too."""
    volumes = [node for node in nodes if len(node.shapes[0]) >= VOLUMES]
    names = {
        (type(part).__name__, getattr(part, "padding", None))
        for n in volumes
        for part in parts_of(n.operation)
    }
    pads = any(name in ("ZeroPadding3D", "Pad") for name, _ in names)
    return pads and not names.isdisjoint({("Conv3D", "same"), ("Conv", "same")})


def _may_compare(operation: keras.Operation) -> bool:
    """Return whether an operation is a maximum of tensors, or has code that may compute one."""
    return any(
        type(part).__name__ == "Maximum"
        or not computes_as_defined(part)
        or not _has_a_known_activation(part)
        for part in parts_of(operation)
    )


def _has_a_known_activation(operation: keras.Operation) -> bool:
    """Return whether the activation of an operation, if it has one, is known or a layer."""
    activation = getattr(operation, "activation", None)
    return activation is None or isinstance(activation, keras.Operation) or is_known(activation)
