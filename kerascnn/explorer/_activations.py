"""The activation of a layer or operation, as the page knows it: its name and its options."""

from __future__ import annotations

from typing import Any

import keras
from keras import activations, layers

from kerascnn.layers import scaled_tanh, step

NAMES = (  # of keras.activations; page/activations.js has the same
    "celu", "elu", "exponential", "gelu", "hard_shrink", "hard_sigmoid", "hard_silu", "hard_tanh",
    "leaky_relu", "linear", "log_sigmoid", "log_softmax", "mish", "relu", "relu6", "selu",
    "sigmoid", "silu", "soft_shrink", "softmax", "softplus", "softsign", "sparse_plus",
    "sparse_sigmoid", "squareplus", "tanh", "tanh_shrink",
)  # fmt: skip
FUNCTIONS = {getattr(activations, name): name for name in NAMES}
FUNCTIONS |= {scaled_tanh: "scaled_tanh", step: "step"}
LAYERS = {  # layers that are nothing but an activation, and their options
    layers.ReLU: ("relu", ("max_value", "negative_slope", "threshold")),
    layers.LeakyReLU: ("leaky_relu", ("negative_slope",)),
    layers.ELU: ("elu", ("alpha",)),
    layers.Softmax: ("softmax", ("axis",)),
}
OPERATIONS = {  # of `keras.ops`, where the name of the class is another or there are options
    "Relu": ("relu", ()),
    "Relu6": ("relu6", ()),
    "ReLU": ("relu", ("max_value", "negative_slope", "threshold")),
    "LeakyRelu": ("leaky_relu", ("negative_slope",)),
    "Elu": ("elu", ("alpha",)),
    "Celu": ("celu", ("alpha",)),
    "Gelu": ("gelu", ("approximate",)),
    "Exp": ("exponential", ()),
    "Softmax": ("softmax", ("axis",)),
    "LogSoftmax": ("log_softmax", ("axis",)),
    "SoftShrink": ("soft_shrink", ("threshold",)),
    "HardShrink": ("hard_shrink", ("threshold",)),
    "Squareplus": ("squareplus", ("b",)),
    "Selu": ("selu", ()),
    "Sigmoid": ("sigmoid", ()),
    "HardSigmoid": ("hard_sigmoid", ()),
    "HardSilu": ("hard_silu", ()),
    "HardTanh": ("hard_tanh", ()),
    "LogSigmoid": ("log_sigmoid", ()),
    "Mish": ("mish", ()),
    "Silu": ("silu", ()),
    "Softplus": ("softplus", ()),
    "Softsign": ("softsign", ()),
    "SparsePlus": ("sparse_plus", ()),
    "SparseSigmoid": ("sparse_sigmoid", ()),
    "Tanh": ("tanh", ()),
    "TanhShrink": ("tanh_shrink", ()),
}


def activation_of(function: Any, rank: int) -> dict[str, Any] | None:
    """Describe an activation: a function, a layer or an operation.

    Args:
        function: the activation.
        rank: axes of the values, including the batch.

    Returns:
        Its name and options; `None` for the identity.

    Raises:
        ValueError: the page does not have it.
    """
    if function is None or function is activations.linear:
        return None
    if isinstance(function, layers.Activation) and _calls_as(function, layers.Activation):
        return activation_of(function.activation, rank)
    name, options = _row(function)
    found = {"name": name, **{key: getattr(function, key) for key in options}}
    if "axis" in found:
        found["axis"] = axes(found["axis"], rank)
    return found


def is_activation(operation: keras.Operation) -> bool:
    """Whether an operation is nothing but an activation."""
    return isinstance(operation, (layers.Activation, *LAYERS)) or (
        not isinstance(operation, keras.Layer) and type(operation).__name__ in OPERATIONS
    )


def axes(axis: Any, rank: int) -> list[int]:
    """Count axes from the first after the batch."""
    return [each % rank - 1 for each in keras.tree.flatten(axis)]


def _calls_as(layer: keras.Layer, kind: type) -> bool:
    """Whether a layer computes what its kind does: no subclass that computes something else."""
    return type(layer).call is kind.call


def _row(function: Any) -> tuple[str, tuple[str, ...]]:
    if isinstance(function, keras.Layer):
        for kind, row in LAYERS.items():
            if _calls_as(function, kind):
                return row
    elif isinstance(function, keras.Operation):
        if type(function).__module__.startswith("keras.") and type(function).__name__ in OPERATIONS:
            return OPERATIONS[type(function).__name__]
    elif function in FUNCTIONS:
        return FUNCTIONS[function], ()
    raise ValueError(f"the activation {getattr(function, '__name__', type(function).__name__)!r}")
