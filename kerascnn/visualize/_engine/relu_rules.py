"""Three rules for backpropagation through a ReLU (Springenberg et al. 2014, Fig. 1).

For an incoming gradient R and the ReLU's input x, the gradient is R·[x > 0], the deconvnet gives
max(R, 0), and guided backpropagation combines both, R·[R > 0]·[x > 0].
"""

from collections.abc import Callable

import keras
import numpy as np
from keras import ops

from kerascnn._errors import LISTED, unknown, warn
from kerascnn._graph import Graph, Key, Node, Slot, Tensor, flatten, has_graph, run
from kerascnn._heads import SQUASHING, last_function, name_of, without_activation
from kerascnn._known import OPAQUE, OWN, can_be_seen, is_known, known_name
from kerascnn._state import parts_of

from .tape import pass_back
from .written_out import written_out

LEAKY = {
    "guided": "negative values pass with their slope.",
    "deconvnet": "the slope does not count: what comes back passes where it is positive.",
}
RECTIFIERS = ("relu", "relu6", "leakyrelu", "leaky_relu")
# Similar activations, which the rules do not cover: they pass the plain gradient.
RELATIVES = (
    "prelu", "elu", "selu", "celu", "gelu", "silu", "swish", "mish",
    "softplus", "hard_silu", "hardsilu", "hard_swish", "hardswish", "threshold", "squareplus",
    "sparse_plus", "sparseplus", "hard_shrink", "hardshrink", "soft_shrink", "softshrink", "glu",
    "hard_tanh", "hardtanh", "logaddexp",
)  # fmt: skip
# Layers and operations that can implement a ReLU
BENDING = (keras.layers.Maximum, keras.layers.Minimum)
BENT = (
    "maximum", "minimum", "where", "select", "clip", "abs", "absolute", "sign", "heaviside",
    "greater", "greaterequal", "less", "lessequal",
)  # fmt: skip
SMOOTH = (*SQUASHING, "tanh", "linear")  # functions that a Lambda may apply without a warning
HIDING = ("SCells", "CCells", *OPAQUE)  # the first two are layers of this package


def rule_named(rule: str, graph: Graph, until: tuple[Key, ...]) -> Callable:
    """Return the function for `Graph.evaluate` that computes nodes with a backward rule.

    Warns about layers that may contain a ReLU, and about activations similar to a ReLU.

    Args:
        rule: "gradient", "guided" or "deconvnet".
        graph: the model's graph.
        until: keys of the tensors whose gradient is computed.

    Raises:
        ValueError: If the rule is unknown, or if it needs a ReLU and there is none before the
            tensors.
    """
    if rule not in RULES:
        raise unknown("rule", rule, list(RULES))
    if rule == "gradient":
        return run
    nodes = graph.leading_to(until)
    relus, alike = written_out(nodes)
    hidden = [
        n.name for n in nodes if not n.is_input and (n.name in relus or may_hide_a_rectifier(n))
    ]
    if not any(map(is_rectifier, nodes)):
        inside = f", or only inside {_listed(hidden)}, which is not supported" * bool(hidden)
        raise ValueError(
            f"model must apply a ReLU before {graph.maker(until[0]).name!r}, since the rule "
            f"{rule!r} only differs from the gradient there; it has none{inside}. Use saliency, or "
            "a layer after a ReLU."
        )
    if hidden:
        warn(
            f"the rule {rule!r} is not applied to ReLUs inside {_listed(hidden)}, which pass the "
            "plain gradient. Write each ReLU as a separate keras.layers.ReLU."
        )
    relatives = [n.name for n in nodes if n.name in alike or _is_relative(n)]
    if relatives:
        warn(
            f"the rule {rule!r} only applies to ReLUs; the other activations in "
            f"{_listed(relatives)} pass the plain gradient."
        )
    leaky = [n.name for n in nodes if is_rectifier(n) and _leaks(n.operation)]
    if leaky and len(leaky) < sum(map(is_rectifier, nodes)):
        warn(
            f"the rule {rule!r} is defined for ReLUs; in the leaky ReLUs of {_listed(leaky)}, "
            + LEAKY[rule]
        )
    return RULES[rule]


def is_rectifier(node: Node) -> bool:
    """Return whether a node ends in a ReLU: as its activation, as a layer or from `keras.ops`.

    max(x, 0) counts; a recurrent layer, which applies its activation at each step, does not.
    """
    if name_of(node.operation) == "maximum":
        args, kwargs = node.slots
        numbers = [x for x in (*args, *kwargs.values()) if not isinstance(x, Slot)]
        return len(node.inputs) == 1 and len(numbers) == 1 and bool(np.all(np.equal(numbers[0], 0)))
    return name_of(last_function(node.operation)) in RECTIFIERS and not _recurs(node.operation)


def may_hide_a_rectifier(node: Node) -> bool:
    """Return whether an operation may contain a ReLU that the rules cannot be applied to."""
    operation = node.operation
    if is_rectifier(node) or _is_relative(node):
        return False
    if any(map(_may_rectify, parts_of(operation))):  # itself, or a layer inside it
        return True
    return name_of(operation) in BENT or isinstance(operation, BENDING)


def _may_rectify(operation: keras.Operation) -> bool:
    """Return whether an operation, which is computed as a whole, may contain a ReLU."""
    if has_graph(operation):
        nodes = flatten(operation).nodes
        return any(written_out(nodes)) or any(
            is_rectifier(node) or may_hide_a_rectifier(node) or _is_relative(node)
            for node in nodes
            if not node.is_input
        )
    functions = [last_function(operation), getattr(operation, "recurrent_activation", None)]
    return known_name(operation) in HIDING or any(map(_function_may_rectify, functions))


def _function_may_rectify(function: Callable | None) -> bool:
    if function is None or has_graph(function):  # the graph is one of the parts
        return False
    if isinstance(function, keras.Operation) and not can_be_seen(function):
        return True  # a custom layer, also as the activation of another layer
    if not isinstance(function, keras.Operation) and not _is_of_keras(function):
        return name_of(function) not in SMOOTH  # a user-defined function
    return name_of(function) in (*RECTIFIERS, *RELATIVES)


def _is_relative(node: Node) -> bool:
    return name_of(last_function(node.operation)) in RELATIVES


def _is_of_keras(function: Callable) -> bool:
    return is_known(function) and function.__module__.startswith(OWN)


def _leaks(operation: keras.Operation) -> bool:
    slope = getattr(operation, "negative_slope", 0)
    return name_of(last_function(operation)) in ("leakyrelu", "leaky_relu") or bool(slope)


def _recurs(operation: keras.Operation) -> bool:
    return isinstance(operation, keras.layers.RNN)


def _listed(names: list[str]) -> str:
    rest = f" and {len(names) - LISTED} more" * (len(names) > LISTED)
    return ", ".join(map(repr, names[:LISTED])) + rest


def positive(R: Tensor, y: Tensor) -> Tensor:
    """Return max(R, 0), regardless of y."""
    return ops.relu(R)


def guided(node: Node, args: tuple, kwargs: dict) -> Tensor:
    """Compute a node whose ReLU passes back R·[R > 0]·[x > 0]."""
    outputs = run(node, args, kwargs)
    return pass_back(positive, outputs, outputs) if is_rectifier(node) else outputs


def deconvnet(node: Node, args: tuple, kwargs: dict) -> Tensor:
    """Compute a node whose ReLU passes back max(R, 0), regardless of x."""
    if not is_rectifier(node):
        return run(node, args, kwargs)
    x, y = unrectified(node, args, kwargs)
    return pass_back(positive, x, y)


def unrectified(node: Node, args: tuple, kwargs: dict) -> tuple[Tensor, Tensor]:
    """Return the input and the output of a node's ReLU."""
    if name_of(node.operation) == "maximum":
        x = next(x for x in (*args, *kwargs.values()) if keras.ops.is_tensor(x))
        return x, ops.relu(x)
    x = without_activation(node, args, kwargs)
    y = last_function(node.operation)(x)
    return ops.cast(x, y.dtype), y  # a layer may take its input in another precision


RULES = {"gradient": run, "guided": guided, "deconvnet": deconvnet}
