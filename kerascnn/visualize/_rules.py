"""How a gradient passes a ReLU on its way back: three rules (Springenberg et al. 2014, Fig. 1).

With R from above and the ReLU's input x, the gradient gives R·[x > 0], the deconvnet max(R, 0),
and guided backpropagation both, R·[R > 0]·[x > 0].
"""

from collections.abc import Callable

import keras
from keras import ops

from kerascnn._errors import unknown
from kerascnn._graph import Graph, Key, Node, run

from ._gradients import pass_back
from ._heads import last_function, name_of, without_activation

RECTIFIERS = ("relu", "relu6", "leakyrelu", "leaky_relu")


def rule_named(rule: str, graph: Graph, until: tuple[Key, ...]) -> Callable:
    """The call, for `Graph.evaluate`, that computes nodes under a rule.

    Args:
        rule: "gradient", "guided" or "deconvnet".
        graph: the model's graph.
        until: keys of the tensors that the gradient comes from.

    Raises:
        ValueError: another rule, or one for ReLUs where none leads to the tensors.
    """
    if rule not in RULES:
        raise unknown("rule", rule, list(RULES))
    if rule != "gradient" and not any(is_rectifier(n.operation) for n in graph.leading_to(until)):
        raise ValueError(
            f"model must apply a ReLU before {graph.maker(until[0]).name!r}, where alone the rule "
            f"{rule!r} differs from the gradient; it has none. Take saliency, or a layer behind a "
            "ReLU."
        )
    return RULES[rule]


def is_rectifier(operation: keras.Operation) -> bool:
    """Whether an operation ends in a ReLU: as its activation, as a layer or from `keras.ops`."""
    return name_of(last_function(operation)) in RECTIFIERS


def positive(R: object, y: object) -> object:
    """max(R, 0), whatever y is."""
    return ops.relu(R)


def guided(node: Node, args: tuple, kwargs: dict) -> object:
    """Compute a node; what passes back through its ReLU is R·[R > 0]·[x > 0]."""
    outputs = run(node, args, kwargs)
    return pass_back(positive, outputs, outputs) if is_rectifier(node.operation) else outputs


def deconvnet(node: Node, args: tuple, kwargs: dict) -> object:
    """Compute a node; what passes back through its ReLU is max(R, 0), whatever x was."""
    if not is_rectifier(node.operation):
        return run(node, args, kwargs)
    x = without_activation(node, args, kwargs)
    return pass_back(positive, x, last_function(node.operation)(x))


RULES = {"gradient": run, "guided": guided, "deconvnet": deconvnet}
