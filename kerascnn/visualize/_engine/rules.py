"""How a gradient passes a ReLU on its way back: three rules (Springenberg et al. 2014, Fig. 1).

With R from above and the ReLU's input x, the gradient gives R·[x > 0], the deconvnet max(R, 0),
and guided backpropagation both, R·[R > 0]·[x > 0].
"""

from collections.abc import Callable

import keras
import numpy as np
from keras import ops

from kerascnn._errors import LISTED, unknown, warn
from kerascnn._graph import Graph, Key, Node, Slot, run
from kerascnn._heads import (
    OWN,
    SQUASHING,
    can_be_seen,
    last_function,
    name_of,
    without_activation,
)

from .tape import pass_back

RECTIFIERS = ("relu", "relu6", "leakyrelu", "leaky_relu")
# Near relatives, for which the rules say nothing: the gradient passes them as it is.
RELATIVES = (
    "prelu", "elu", "selu", "celu", "gelu", "silu", "swish", "mish",
    "softplus", "hard_silu", "hardsilu", "hard_swish", "hardswish", "threshold", "squareplus",
)  # fmt: skip
# Operations that a ReLU may be written with
BENT = (
    "maximum",
    "where",
    "clip",
    "abs",
    "absolute",
    "greater",
    "greaterequal",
    "less",
    "lessequal",
)
SMOOTH = (*SQUASHING, "tanh", "linear")  # what a Lambda may apply without a word
HIDING = ("SCells", "CCells")  # layers of the toolkit that rectify within


def rule_named(rule: str, graph: Graph, until: tuple[Key, ...]) -> Callable:
    """The call, for `Graph.evaluate`, that computes nodes under a rule.

    Args:
        rule: "gradient", "guided" or "deconvnet".
        graph: the model's graph.
        until: keys of the tensors that the gradient comes from.

    Warns of layers that may hide a ReLU, and of activations that are no ReLU but nearly one.

    Raises:
        ValueError: another rule, or one for ReLUs where none leads to the tensors.
    """
    if rule not in RULES:
        raise unknown("rule", rule, list(RULES))
    if rule == "gradient":
        return run
    nodes = graph.leading_to(until)
    hidden = [n.name for n in nodes if not n.is_input and may_hide_a_rectifier(n)]
    if not any(map(is_rectifier, nodes)):
        inside = f" that can be seen; {_listed(hidden)} cannot be opened" * bool(hidden)
        raise ValueError(
            f"model must apply a ReLU before {graph.maker(until[0]).name!r}, where alone the rule "
            f"{rule!r} differs from the gradient; it has none{inside}. Take saliency, or a layer "
            "behind a ReLU."
        )
    if hidden:
        warn(
            f"the rule {rule!r} reaches no ReLU within {_listed(hidden)}, which cannot be opened: "
            "there the gradient passes as it is. Write each ReLU as a keras.layers.ReLU of its own."
        )
    relatives = [n.name for n in nodes if name_of(last_function(n.operation)) in RELATIVES]
    if relatives:
        warn(
            f"the rule {rule!r} is one for ReLUs; the gradient passes other activations as it is, "
            f"those of {_listed(relatives)}: the picture follows the rule in part."
        )
    leaky = [n.name for n in nodes if is_rectifier(n) and _leaks(n.operation)]
    if leaky and len(leaky) < sum(map(is_rectifier, nodes)):
        warn(
            f"the rule {rule!r} is one for ReLUs; in {_listed(leaky)}, which leak, it lets what is "
            "below 0 pass with their slope."
        )
    return RULES[rule]


def is_rectifier(node: Node) -> bool:
    """Whether a node ends in a ReLU: as its activation, as a layer or from `keras.ops`.

    max(x, 0) is one; a recurrent layer applies its own in each step, and is none.
    """
    if name_of(node.operation) == "maximum":
        args, kwargs = node.slots
        numbers = [x for x in (*args, *kwargs.values()) if not isinstance(x, Slot)]
        return len(node.inputs) == 1 and len(numbers) == 1 and np.all(np.equal(numbers[0], 0))
    return name_of(last_function(node.operation)) in RECTIFIERS and not _recurs(node.operation)


def may_hide_a_rectifier(node: Node) -> bool:
    """Whether a ReLU may be within an operation, where no rule reaches it."""
    operation = node.operation
    if is_rectifier(node) or name_of(last_function(operation)) in RELATIVES:
        return False
    function = last_function(operation)
    if not isinstance(function, keras.Operation) and not function.__module__.startswith(OWN):
        return name_of(function) not in SMOOTH  # a function of the user's
    if not can_be_seen(operation) or type(operation).__name__ in HIDING:
        return True
    if isinstance(operation, keras.layers.Wrapper) or _recurs(operation):
        return any(
            name_of(last_function(inner)) in (*RECTIFIERS, *RELATIVES) or not can_be_seen(inner)
            for inner in operation._flatten_layers()
        )
    return not isinstance(operation, keras.layers.Layer) and name_of(operation) in BENT


def _leaks(operation: keras.Operation) -> bool:
    slope = getattr(operation, "negative_slope", 0)
    return name_of(last_function(operation)) in ("leakyrelu", "leaky_relu") or bool(slope)


def _recurs(operation: keras.Operation) -> bool:
    return isinstance(operation, keras.layers.RNN)


def _listed(names: list[str]) -> str:
    rest = f" and {len(names) - LISTED} more" * (len(names) > LISTED)
    return ", ".join(map(repr, names[:LISTED])) + rest


def positive(R: object, y: object) -> object:
    """max(R, 0), whatever y is."""
    return ops.relu(R)


def guided(node: Node, args: tuple, kwargs: dict) -> object:
    """Compute a node; what passes back through its ReLU is R·[R > 0]·[x > 0]."""
    outputs = run(node, args, kwargs)
    return pass_back(positive, outputs, outputs) if is_rectifier(node) else outputs


def deconvnet(node: Node, args: tuple, kwargs: dict) -> object:
    """Compute a node; what passes back through its ReLU is max(R, 0), whatever x was."""
    if not is_rectifier(node):
        return run(node, args, kwargs)
    x, y = unrectified(node, args, kwargs)
    return pass_back(positive, x, y)


def unrectified(node: Node, args: tuple, kwargs: dict) -> tuple[object, object]:
    """What goes into the ReLU of a node, and what comes out."""
    if name_of(node.operation) == "maximum":
        x = next(x for x in (*args, *kwargs.values()) if keras.ops.is_tensor(x))
        return x, ops.relu(x)
    x = without_activation(node, args, kwargs)
    y = last_function(node.operation)(x)
    return ops.cast(x, y.dtype), y  # a layer may take its input in another precision


RULES = {"gradient": run, "guided": guided, "deconvnet": deconvnet}
