"""The end of a network: which softmax or sigmoid turns its logits into probabilities.

Scores are logits (Selvaraju 2017: "before the softmax"; Simonyan 2013 likewise), so the head is
left out where scores are computed. The model and its layers stay as they are.
"""

from collections.abc import Callable

import keras

from kerascnn._graph import Graph, Key, Node

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
# Likewise, as functions without weights
PASSING = ("linear", "identity", "cast", "reshape", "squeeze", "expanddims")


def last_function(operation: keras.Operation) -> Callable:
    """What an operation applies last: its activation, the function in a Lambda, or itself."""
    inner = getattr(operation, "activation", None)
    if not getattr(type(operation).call, "__module__", "").startswith(OWN):
        inner = None  # who knows when a layer of the user's applies its activation
    if isinstance(operation, keras.layers.Lambda):
        inner = operation.function
    if isinstance(inner, keras.Operation):  # a layer, as in Dense(activation=Softmax())
        return last_function(inner)
    return operation if inner is None else inner


def name_of(function: Callable) -> str:
    """The name of a function, or of the kind of an operation, in lower case."""
    return getattr(function, "__name__", type(function).__name__).lower()


def squashing(operation: keras.Operation) -> str | None:
    """Name the function that an operation applies last: "softmax", "sigmoid", or `None`."""
    return SQUASHING.get(name_of(last_function(operation)))


def keeps_values(operation: keras.Operation) -> bool:
    """Whether an operation changes no value, as the float32 end of TensorFlow's mixed precision."""
    if isinstance(operation, RESHAPING):
        return True
    bare = not getattr(operation, "weights", None)  # a linear Dense is no such thing
    return bare and name_of(last_function(operation)) in PASSING


def head_of(graph: Graph, output: Key) -> tuple[Node | None, list[Node]]:
    """Find the node that squashes an output, and the nodes that reshape or cast it afterwards."""
    node, after = graph.maker(output), []
    while keeps_values(node.operation) and len(node.inputs) == 1:
        after.insert(0, node)
        node = graph.maker(node.inputs[0])
    return (node, after) if squashing(node.operation) else (None, [])


def classes_of(graph: Graph) -> tuple[int | None, bool]:
    """How many classes the first output scores, and whether one sigmoid unit stands for two."""
    output = graph.outputs[0]
    node = graph.maker(output)
    units = node.shapes[node.outputs.index(output)][-1]
    head, _after = head_of(graph, output)
    binary = units == 1 and head is not None and squashing(head.operation) == "sigmoid"
    return (2 if binary else units), binary


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
    linear = object.__new__(type(operation))  # a second view of the layer: copy.copy would save it
    linear.__dict__.update(operation.__dict__, activation=keras.activations.linear)
    return linear(*args, **kwargs)
