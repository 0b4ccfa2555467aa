"""The end of a network: which softmax or sigmoid turns its logits into probabilities.

`end_of` names the function whose values an output holds; training, evaluation and visualization
all go by it. Scores are logits (Selvaraju 2017: "before the softmax"; Simonyan 2013 likewise), so
scores are computed without this head. The model and its layers are not modified.
"""

from collections.abc import Callable
from dataclasses import replace

import keras
from keras import ops

from kerascnn._class_axis import classes_are_last
from kerascnn._errors import warn
from kerascnn._graph import Graph, Key, Node, Tensor, flatten, has_graph, run
from kerascnn._known import can_be_seen, definer, is_known, known_name, runs_others
from kerascnn._twin import twin

SQUASHING = {  # names of softmax and sigmoid in Keras and TensorFlow
    "softmax": "softmax",
    "softmax_v2": "softmax",
    "log_softmax": "log_softmax",
    "log_softmax_v2": "log_softmax",
    "logsoftmax": "log_softmax",
    "sigmoid": "sigmoid",
}
RESHAPING = (  # layers between the head and the output that leave values unchanged
    keras.layers.Reshape,
    keras.layers.Flatten,
    keras.layers.Permute,
    keras.layers.Identity,
    keras.layers.Dropout,
    keras.layers.GaussianNoise,
    keras.layers.GaussianDropout,
    keras.layers.AlphaDropout,
    keras.layers.ActivityRegularization,
)
WRAPPERS = (keras.layers.TimeDistributed, keras.layers.SpectralNormalization)
# The same for functions without weights
PASSING = ("linear", "identity", "cast", "reshape", "squeeze", "expanddims", "getitem")
# What may follow the scores in segmentation: they are enlarged, scaled or normalized
ENLARGING = (
    "BatchNormalization", "Divide", "Multiply", "Rescaling", "Resize", "Resizing", "TrueDivide",
    "UpSampling1D", "UpSampling2D", "UpSampling3D",
)  # fmt: skip
EXPONENTIALS = ("Exp", "Exp2", "Expm1", "LogSigmoid", "Logaddexp", "Logsumexp")
SURE = ("softmax", "sigmoid", "linear")  # ends whose values have a known meaning


def last_function(operation: keras.Operation) -> Callable:
    """Return what an operation applies last: its activation, a Lambda's function, or itself."""
    inner = getattr(operation, "activation", None)
    if not can_be_seen(operation) or isinstance(operation, keras.layers.RNN):
        inner = None  # applied at each step, or anywhere by a custom layer
    if isinstance(operation, keras.layers.Lambda):
        inner = operation.function
    if isinstance(inner, keras.Operation):  # a layer, as in Dense(activation=Softmax())
        return last_function(inner)
    return operation if inner is None else inner


def name_of(function: Callable) -> str:
    """Return the lower-case name of a function, or of the class that defines an operation.

    The name of a user-defined function or class begins with "custom ", so that one called `relu`
    is not taken for Keras's.
    """
    if isinstance(function, keras.Operation):
        kind = definer(function, "call")  # a subclass of ReLU without its own call is a ReLU
        known, name = can_be_seen(function), (kind or type(function)).__name__
    else:
        known, name = is_known(function), getattr(function, "__name__", type(function).__name__)
    return name.lower() if known else f"custom {name.lower()}"


def squashing(operation: keras.Operation) -> str | None:
    """Return the function an operation applies last: "softmax", "sigmoid", … or `None`."""
    return SQUASHING.get(name_of(last_function(unwrapped(operation))))


def unwrapped(operation: keras.Operation) -> keras.Operation:
    """Return the layer inside a wrapper, or the operation itself."""
    while isinstance(operation, WRAPPERS) and can_be_seen(operation):
        operation = operation.layer
    return operation


def keeps_values(operation: keras.Operation) -> bool:
    """Return whether an operation keeps the values, like the final cast in mixed precision."""
    if isinstance(operation, RESHAPING):
        return can_be_seen(operation)
    bare = not getattr(operation, "weights", None)  # unlike a linear Dense layer
    return bare and name_of(last_function(operation)) in PASSING


def last_before_reshaping(graph: Graph, output: Key) -> tuple[Node, list[Node]]:
    """Find the last node that changes values, and the nodes after it that reshape or cast."""
    node, after = graph.maker(output), []
    while keeps_values(node.operation) and len(node.inputs) == 1:
        after.insert(0, node)
        node = graph.maker(node.inputs[0])
    return node, after


def last_activation(model: keras.Model) -> str:
    """Name the function whose values the first output of a model holds; see `end_of`.

    >>> last_activation(keras.Sequential([keras.Input((3,)), keras.layers.Dense(2, "softmax")]))
    'softmax'
    """
    graph = flatten(model)
    return end_of(graph, graph.outputs[0])


def end_of(graph: Graph, output: Key) -> str:
    """Name the function whose values an output holds, whatever reshapes or casts them.

    Returns:
        "softmax" or "log_softmax", over the last axis; "sigmoid"; "linear" for logits and other
        unbounded values; or another name, such as "tanh" or "GlobalAveragePooling2D", that promises
        nothing.
    """
    node, after = last_before_reshaping(graph, output)
    if isinstance(node.operation, keras.layers.Average):  # such as of several classifiers
        ends = {end_of(graph, key) for key in node.inputs}
        return ends.pop() if len(ends) == 1 and ends <= {*SURE} else "Average"
    name = applied_last(node.operation)
    if name in ("softmax", "log_softmax"):
        return _softmax(node, name, units_at(graph, output))
    stated = any(isinstance(each.operation, keras.layers.Activation) for each in after)
    return "linear" if stated and name not in SQUASHING.values() else name


def applied_last(operation: keras.Operation) -> str:
    """Name the function that an operation, or a model in a wrapper, applies last."""
    layer = unwrapped(operation)
    if has_graph(layer):
        return last_activation(layer)
    function = last_function(layer)
    name = SQUASHING.get(name_of(function), name_of(function))
    known = name == "linear" or name in SQUASHING.values()
    return name if known or not isinstance(function, keras.Layer) else type(function).__name__


def _softmax(node: Node, name: str, units: int | None) -> str:
    """Name a softmax by what it is over, since only one over all classes gives probabilities.

    Args:
        node: the node that applies it last.
        name: "softmax" or "log_softmax".
        units: number of units of the output.
    """
    shape = node.shapes[0]
    axes = keras.tree.flatten(getattr(node.operation, "axis", -1))
    if node.operation is last_function(node.operation) and any(
        axis % len(shape) != len(shape) - 1 for axis in axes
    ):
        return f"{name} over axis {', '.join(map(str, axes))}"
    return name if units == shape[-1] else f"part of a {name}"


def head_of(graph: Graph, output: Key) -> tuple[Node | None, list[Node]]:
    """Find the node with the softmax or sigmoid, and the nodes after it that reshape or cast."""
    node, after = last_before_reshaping(graph, output)
    return (node, after) if squashing(node.operation) else (None, [])


def units_of(graph: Graph) -> int | None:
    """Count the units of the first output."""
    return units_at(graph, graph.outputs[0])


def units_at(graph: Graph, output: Key) -> int | None:
    """Count the units of an output; an output (N,) has one."""
    node = graph.maker(output)
    shape = node.shapes[node.outputs.index(output)]
    return shape[-1] if len(shape) > 1 else 1


def is_binary(graph: Graph) -> bool:
    """Return whether the first output is a single sigmoid unit, which represents two classes."""
    return units_of(graph) == 1 and end_of(graph, graph.outputs[0]) == "sigmoid"


def names_of_first(graph: Graph) -> tuple[list[str], str]:
    """Return the names of a dict of outputs, none of which was meant to be the first.

    Returns:
        The sorted names, [] if the first output is not one of several in a dict; and how to get it
        from what the model returns, such as "[0]['name']".
    """
    names, place, inner = [], "", graph.structure
    while isinstance(inner, dict | list | tuple):  # outputs within outputs
        first = 0
        if isinstance(inner, dict):
            first, names = min(inner), names or (sorted(inner) if len(inner) > 1 else [])
        place, inner = f"{place}[{first!r}]", inner[first]
    return names, place


def classes_of(graph: Graph) -> int | None:
    """Count the classes that the first output scores.

    Raises:
        ValueError: If a class index is ambiguous: the outputs are a dict, or there is a single
            unit that may also be a regression.
    """
    output = graph.outputs[0]
    names, place = names_of_first(graph)
    shape = graph.maker(output).shapes[0]
    if names:
        raise ValueError(
            f"target must be a callable for a model with the outputs {', '.join(map(repr, names))}"
            f", since a class index does not say which output it refers to. Use, for example, "
            f"lambda outputs: {_first_class(f'outputs{place}', shape)}."
        )
    y, axes = f"y{place}", tuple(range(1, len(shape)))
    if not classes_are_last(graph, output):
        raise ValueError(
            f"target must be a callable for a model whose output {shape} does not have the classes "
            f"on its last axis. Use lambda y: keras.ops.mean({y}[:, 1], axis={axes[:-1]}) for "
            f"class 1 of axis 1, or lambda y: keras.ops.mean({y}, axis={axes}) for a single unit."
        )
    if is_binary(graph):
        return 2
    units = units_of(graph)
    if units == 1:
        value = f"keras.ops.mean({y}, axis={axes})" if len(axes) > 1 else y + "[..., 0]" * len(axes)
        raise ValueError(
            "target must be a callable for a model that ends in one unit without a sigmoid, which "
            f"may be a regression or two classes: use lambda y: {value} for the value or class 1, "
            f"lambda y: -{value} for class 0."
        )
    warn_if_not_logits(graph, output)
    return units


def _first_class(output: str, shape: tuple) -> str:
    """Write out the scores (N,) of the first class of an output, averaged over positions."""
    if len(shape) < 3:
        return output + "[:, 0]" * (len(shape) - 1)
    return f"keras.ops.mean({output}[..., 0], axis={tuple(range(1, len(shape) - 1))})"


def warn_if_not_logits(graph: Graph, output: Key) -> None:
    """Warn if an output that is used as scores may hold probabilities, of which no logit is known.

    Args:
        graph: the model's graph.
        output: key of the output.
    """
    last, _after = last_before_reshaping(graph, output)
    head = last.operation
    if not squashing(head) and not _end_can_be_seen(unwrapped(head)):
        warn(
            f"the model ends in {head.name!r} ({type(head).__name__}), whose function is unknown, "
            "so its output is used as the score of a class. If it is a softmax, use "
            "keras.layers.Softmax instead, so that scores are logits."
        )
    elif (
        end_of(graph, output) != "sigmoid"
        and not squashing(head)
        and (inner := _squashed_before(graph, output))
    ):
        warn(
            f"the model computes {head.name!r} from the {_squashed(inner)} in {inner.name!r}, so "
            "its output, not a logit, is used as the score of a class. To use logits, end in a "
            "softmax or sigmoid of keras.layers.Activation."
        )


def _squashed_before(graph: Graph, output: Key) -> Node | None:
    """Find the softmax or sigmoid from which an output is computed without weights.

    It may be written out, with an exponential.
    """
    wanted = {output}
    for node in reversed(graph.leading_to((output,))):
        if wanted.isdisjoint(node.outputs):
            continue
        if _squashed(node):
            return node
        if not getattr(node.operation, "weights", None):
            wanted.update(node.inputs)
    return None


def gives_logits(graph: Graph) -> bool:
    """Return whether the first output holds scores of several classes, of no softmax or sigmoid."""
    last, _after = last_before_reshaping(graph, graph.outputs[0])
    return (
        units_of(graph) != 1
        and not squashing(last.operation)
        and _end_can_be_seen(unwrapped(last.operation))
        and _squashed_before(graph, graph.outputs[0]) is None
    )


def _squashed(node: Node) -> str | None:
    """Name the softmax or sigmoid of a node, or the exponential of one that is written out."""
    name = known_name(node.operation)
    return squashing(node.operation) or (name.lower() if name in EXPONENTIALS else None)


def known_classes_of(graph: Graph) -> int:
    """Count the classes that the first output scores, where their number is fixed.

    Raises:
        ValueError: As for `classes_of`, and if the number depends on the size of the images.
    """
    classes = classes_of(graph)
    if classes is None:
        output = f"y{names_of_first(graph)[1]}"
        raise ValueError(
            "target must be None or a callable for a model whose number of scores depends on the "
            "size of the images; a class index needs a fixed number. Use, for example, "
            f"lambda y: {_first_class(output, graph.maker(graph.outputs[0]).shapes[0])}."
        )
    return classes


def _applies_a_known_function(operation: keras.Operation) -> bool:
    """Return whether the function that an operation applies last is known, not user-defined."""
    function = last_function(operation)
    if isinstance(function, keras.Operation):
        seen = can_be_seen(operation) and can_be_seen(function)
        return seen and not runs_others(function)
    return is_known(function)


def _end_can_be_seen(layer: keras.Operation) -> bool:
    """Return whether a layer's last function is known; for a wrapped model, that it is linear."""
    if not has_graph(layer):
        return _applies_a_known_function(layer)
    inner = flatten(layer)
    return head_of(inner, inner.outputs[0])[0] is None


def end_nodes(graph: Graph) -> set[str]:
    """Return the names of the nodes that hold scores: from the last kernel to the outputs."""
    names = set()
    for output in graph.outputs:
        node = graph.maker(output)
        names.add(node.name)
        while len(node.inputs) == 1:
            bare = not getattr(node.operation, "weights", None)
            keeps = squashing(node.operation) or keeps_values(node.operation)
            if not (bare and keeps) and known_name(node.operation) not in ENLARGING:
                break
            enlarged, node = not (bare and keeps), graph.maker(node.inputs[0])
            if enlarged and not _may_be_scores(node.operation):
                break  # features are enlarged
            names.add(node.name)
    return names


def _may_be_scores(operation: keras.Operation) -> bool:
    """Return whether an operation may compute scores: it ends in no activation such as a ReLU."""
    keeps = keeps_values(operation) or known_name(operation) in ENLARGING
    return keeps or bool(squashing(operation)) or applied_last(operation) == "linear"


def without_activation(node: Node, args: tuple, kwargs: dict) -> object:
    """Compute the output of a head before its softmax or sigmoid."""
    operation = node.operation
    if (mask := mask_of(operation, args, kwargs)) is not None:
        return _masked(args[0], mask)
    if not getattr(operation, "weights", None):
        return args[0]  # only an activation: Softmax, Activation, keras.ops.softmax
    return run(replace(node, operation=_linear(operation)), args, kwargs)


def mask_of(operation: keras.Operation, args: tuple, kwargs: dict) -> object:
    """Return the mask that a softmax gets besides its logits, if any."""
    if not isinstance(operation, keras.layers.Softmax):
        return None
    return args[1] if len(args) > 1 else kwargs.get("mask")


def _masked(logits: Tensor, mask: Tensor) -> Tensor:
    """Set logits to a large negative number where a mask is 0, as `keras.layers.Softmax` does."""
    lowest = -3e4 if keras.backend.standardize_dtype(logits.dtype) == "float16" else -1e9
    return ops.where(ops.cast(mask, "float32") > 0.5, logits, ops.cast(lowest, logits.dtype))


def _linear(layer: keras.layers.Layer) -> keras.layers.Layer:
    """Return a twin of a layer without its activation."""
    if isinstance(layer, WRAPPERS):
        return twin(layer, layer=_linear(layer.layer))
    return twin(layer, activation=keras.activations.linear)
