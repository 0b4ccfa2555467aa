"""Keep TensorFlow from computing max(x, a x) as min(x, a x).

With oneDNN, TensorFlow (2.21) replaces the maximum of x and a x in a compiled graph by a leaky ReLU
with slope a, which is the minimum if a > 1. Keras's `predict` and `evaluate` are affected, too;
gradients are right. The only switch turns off all fusions of this kind, which takes up to a tenth
longer, so it is used only for models that may contain such a maximum.
"""

import keras

from ._graph import flatten, has_graph
from ._known import computes_as_defined, is_known
from ._onednn import is_off


def keep_maxima(model: keras.Model) -> None:
    """Turn fusion off for the rest of the process if a model may compute max(x, a x)."""
    if keras.backend.backend() != "tensorflow" or is_off():
        return
    if not has_graph(model) or any(_may_compare(node.operation) for node in flatten(model).nodes):
        import tensorflow as tf

        tf.config.optimizer.set_experimental_options({"remapping": False})


def _may_compare(operation: keras.Operation) -> bool:
    """Return whether an operation is a maximum of tensors, or has code that may compute one."""
    parts = operation._flatten_layers() if isinstance(operation, keras.Layer) else [operation]
    return any(
        type(part).__name__ == "Maximum"
        or not computes_as_defined(part)
        or not _has_a_known_activation(part)
        for part in parts
    )


def _has_a_known_activation(operation: keras.Operation) -> bool:
    """Return whether the activation of an operation, if it has one, is known or a layer."""
    activation = getattr(operation, "activation", None)
    return activation is None or isinstance(activation, keras.Operation) or is_known(activation)
