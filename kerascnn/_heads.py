"""The end of a network: which softmax or sigmoid turns its logits into probabilities.

Scores are logits (Selvaraju 2017: "before the softmax"; Simonyan 2013 likewise), so the head is
left out where scores are computed. The model and its layers stay as they are.
"""

from collections.abc import Callable
from dataclasses import replace

import keras

from kerascnn._errors import warn
from kerascnn._graph import Graph, Key, Node, flatten, has_graph, run

SQUASHING = {  # names under which softmax and sigmoid go, in Keras and in TensorFlow
    "softmax": "softmax",
    "softmax_v2": "softmax",
    "log_softmax": "log_softmax",
    "log_softmax_v2": "log_softmax",
    "logsoftmax": "log_softmax",
    "sigmoid": "sigmoid",
}
OWN = ("keras.", "kerascnn.")
RESHAPING = (  # may stand between the head and the output, and change no value
    keras.layers.Reshape,
    keras.layers.Flatten,
    keras.layers.Permute,
    keras.layers.Identity,
    keras.layers.Dropout,
)
WRAPPERS = (keras.layers.TimeDistributed, keras.layers.SpectralNormalization)
# As RESHAPING, as functions without weights
PASSING = ("linear", "identity", "cast", "reshape", "squeeze", "expanddims")


def last_function(operation: keras.Operation) -> Callable:
    """What an operation applies last: its activation, the function in a Lambda, or itself."""
    inner = getattr(operation, "activation", None)
    if not can_be_seen(operation) or isinstance(operation, keras.layers.RNN):
        inner = None  # applied at each step, or who knows when by a layer of the user's
    if isinstance(operation, keras.layers.Lambda):
        inner = operation.function
    if isinstance(inner, keras.Operation):  # a layer, as in Dense(activation=Softmax())
        return last_function(inner)
    return operation if inner is None else inner


def name_of(function: Callable) -> str:
    """The name of a function, or of the class that says what an operation does, in lower case."""
    kind = type(function)
    if isinstance(function, keras.Operation):  # a subclass of ReLU that adds nothing is one
        kind = next(base for base in kind.__mro__ if "call" in vars(base))
    return getattr(function, "__name__", kind.__name__).lower()


def squashing(operation: keras.Operation) -> str | None:
    """Name the function that an operation applies last: "softmax", "sigmoid", or `None`."""
    return SQUASHING.get(name_of(last_function(unwrapped(operation))))


def unwrapped(operation: keras.Operation) -> keras.Operation:
    """The layer that a wrapper applies last, or the operation itself."""
    while isinstance(operation, WRAPPERS):
        operation = operation.layer
    return operation


def keeps_values(operation: keras.Operation) -> bool:
    """Whether an operation changes no value, as the float32 end of TensorFlow's mixed precision."""
    if isinstance(operation, RESHAPING):
        return True
    bare = not getattr(operation, "weights", None)  # a linear Dense is no such thing
    return bare and name_of(last_function(operation)) in PASSING


def can_be_seen(operation: keras.Operation) -> bool:
    """Whether it is known what an operation computes: no Lambda, and no layer of the user's."""
    computes = next(kind for kind in type(operation).__mro__ if "call" in vars(kind))
    return computes.__module__.startswith(OWN) and not isinstance(operation, keras.layers.Lambda)


def last_before_reshaping(graph: Graph, output: Key) -> tuple[Node, list[Node]]:
    """Find the last node that changes values, and those that reshape or cast them afterwards."""
    node, after = graph.maker(output), []
    while keeps_values(node.operation) and len(node.inputs) == 1:
        after.insert(0, node)
        node = graph.maker(node.inputs[0])
    return node, after


def head_of(graph: Graph, output: Key) -> tuple[Node | None, list[Node]]:
    """Find the node that squashes an output, and the nodes that reshape or cast it afterwards."""
    node, after = last_before_reshaping(graph, output)
    return (node, after) if squashing(node.operation) else (None, [])


def units_of(graph: Graph) -> int | None:
    """How many units the first output has; an output (N,), without an axis for them, has one."""
    output = graph.outputs[0]
    node = graph.maker(output)
    shape = node.shapes[node.outputs.index(output)]
    return shape[-1] if len(shape) > 1 else 1


def is_binary(graph: Graph) -> bool:
    """Whether the first output is one sigmoid unit, which stands for two classes."""
    head, _after = head_of(graph, graph.outputs[0])
    return units_of(graph) == 1 and head is not None and squashing(head.operation) == "sigmoid"


def classes_of(graph: Graph) -> int | None:
    """How many classes the first output scores.

    Raises:
        ValueError: which class is meant by a number cannot be known: the outputs are a dict, or
            there is one unit that may as well be a regression.
    """
    if isinstance(graph.structure, dict) and len(graph.outputs) > 1:
        names = sorted(graph.structure)
        raise ValueError(
            f"target must be a callable for a model with the outputs {', '.join(map(repr, names))}"
            f": a class index does not say which of them is meant. Give one such as "
            f"lambda outputs: outputs[{names[0]!r}][:, 0]."
        )
    if is_binary(graph):
        return 2
    units = units_of(graph)
    head = last_before_reshaping(graph, graph.outputs[0])[0].operation
    if units == 1:
        raise ValueError(
            "target must be a callable for a model that ends in one unit without a sigmoid, which "
            "may be a regression or two classes: lambda y: y[..., 0] for its value or class 1, "
            "lambda y: -y[..., 0] for class 0."
        )
    if not squashing(head) and not _end_can_be_seen(unwrapped(head)):
        warn(
            f"the model ends in {head.name!r} ({type(head).__name__}), whose function is not "
            "known: the score of a class is what comes out. If that is a softmax, use "
            "keras.layers.Softmax there, so that scores are logits."
        )
    return units


def _end_can_be_seen(layer: keras.Operation) -> bool:
    """Whether it is known what a layer applies last; of a model in a wrapper, that it is linear."""
    if not has_graph(layer):
        return can_be_seen(layer)
    inner = flatten(layer)
    return head_of(inner, inner.outputs[0])[0] is None


def end_nodes(graph: Graph) -> set[str]:
    """Names of the nodes that make the outputs themselves, from the last weights on."""
    names = set()
    for output in graph.outputs:
        node = graph.maker(output)
        names.add(node.name)
        while len(node.inputs) == 1 and not getattr(node.operation, "weights", None):
            if not (squashing(node.operation) or keeps_values(node.operation)):
                break
            node = graph.maker(node.inputs[0])
            names.add(node.name)
    return names


def without_activation(node: Node, args: tuple, kwargs: dict) -> object:
    """The output of a head before its softmax or sigmoid."""
    operation = node.operation
    if not getattr(operation, "weights", None):
        return args[0]  # nothing but the activation: Softmax, Activation, keras.ops.softmax
    return run(replace(node, operation=_linear(operation)), args, kwargs)


def _linear(layer: keras.layers.Layer) -> keras.layers.Layer:
    """A second view of a layer, without its activation; `copy.copy` would save and load it."""
    view = object.__new__(type(layer))
    own = {"activation": keras.activations.linear}
    if isinstance(layer, WRAPPERS):
        own = {"layer": _linear(layer.layer)}
    view.__dict__.update(layer.__dict__, **own)
    return view
