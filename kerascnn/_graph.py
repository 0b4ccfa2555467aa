"""A Keras model as a flat list of operations in the order of computation, nested models opened.

Keras has no public way to reach a layer inside a nested model: a new `keras.Model` from its
output is "disconnected". Here the graph is read from the model's tensors and evaluated node by
node, whether on real tensors, on shapes, or with some operation replaced; the model and its
layers stay as they are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import keras

from ._errors import unknown

RESIZING = ("Resizing", "UpSampling2D", "Resize")  # layers, and an operation of `keras.ops`
SINGLE = ("bicubic", "lanczos3", "lanczos5")  # of which TensorFlow has no gradient
HALF = ("float16", "bfloat16")  # in these


class Key(NamedTuple):
    """Names a tensor: the calls of nested models that lead to it, and its identity there."""

    scope: tuple[int, ...]
    tensor: int


@dataclass(frozen=True)
class Slot:
    """The place of a tensor among the arguments of a call."""

    key: Key


@dataclass(frozen=True)
class Node:
    """One call of one operation.

    Attributes:
        name: the layer's name; inside a nested model "model/layer"; the calls of a shared layer
            are "layer:0", "layer:1", ….
        operation: the layer, or the operation of `keras.ops`.
        inputs: keys of the tensors that it reads.
        outputs: keys of the tensors that it makes.
        shapes: their shapes, the batch first.
        slots: the arguments of the call, (args, kwargs), with a `Slot` for each tensor.
    """

    name: str
    operation: keras.Operation
    inputs: tuple[Key, ...]
    outputs: tuple[Key, ...]
    shapes: tuple[tuple, ...]
    slots: tuple[tuple, dict]

    def arguments(self, values: dict[Key, object]) -> tuple[tuple, dict]:
        """Put values into the places of the tensors."""
        return keras.tree.map_structure(
            lambda item: values[item.key] if isinstance(item, Slot) else item, self.slots
        )

    @property
    def is_input(self) -> bool:
        """Whether this is an input of the model, with nothing to compute."""
        return isinstance(self.operation, keras.layers.InputLayer)


def _is_short_for(short: str, name: str) -> bool:
    """Whether a name leaves out outer models, or which call of a shared layer is meant.

    >>> _is_short_for("conv", "encoder:1/conv"), _is_short_for("encoder:0/conv", "encoder:1/conv")
    (True, False)
    """
    parts, whole = short.split("/"), name.split("/")
    return len(parts) <= len(whole) and all(
        part in (own, own.rpartition(":")[0])
        for part, own in zip(parts, whole[-len(parts) :], strict=True)
    )


class MisfitError(ValueError):
    """What a network does not take, in words, and the node where it stops."""

    def __init__(self, what: str, node: Node) -> None:
        super().__init__(f"{what} at {node.name!r}")


@dataclass(frozen=True)
class Graph:
    """The nodes of a model in the order of computation, its inputs and its outputs."""

    nodes: tuple[Node, ...]
    inputs: tuple[Key, ...]
    outputs: tuple[Key, ...]
    models: dict[str, tuple[keras.Model, tuple[Key, ...]]]  # by name, and what each puts out
    structure: object = 0  # how the model returns its outputs: one, or a list, tuple or dict
    constants: tuple[tuple[Key, object], ...] = ()  # what nested models are called with for good

    def pack(self, values: Sequence) -> object:
        """Outputs as the model returns them: the only one, or a list, tuple or dict."""
        return keras.tree.pack_sequence_as(self.structure, list(values))

    def calls(self, layer: str | keras.layers.Layer) -> list[Node]:
        """The nodes that a layer or a name may mean, one or more.

        "layer" finds "model/layer" and "layer:1" too, where nothing has just that name. A nested
        model stands for the layers that make its outputs.

        Raises:
            ValueError: there is none.
        """
        if isinstance(layer, str):
            named = [*self.models, *(n.name for n in self.nodes)]
            names = {layer} & {*named} or {name for name in named if _is_short_for(layer, name)}
            models = [keys for name, (_, keys) in self.models.items() if name in names]
            nodes = [n for n in self.nodes if n.name in names]
        else:
            models = [keys for model, keys in self.models.values() if model is layer]
            nodes = [n for n in self.nodes if n.operation is layer]
        nodes += [self.maker(key) for keys in models for key in keys]
        if not nodes:
            name = layer if isinstance(layer, str) else getattr(layer, "name", layer)
            raise unknown("layer", name, [n.name for n in self.nodes])
        return [n for n in self.nodes if n in nodes]  # each once, in order

    def node(self, layer: str | keras.layers.Layer) -> Node:
        """The one node that a layer or a name means, as `calls` finds it.

        Raises:
            ValueError: there is none, or several: a layer that is called more than once, layers
                of one name in several nested models.
        """
        nodes = self.calls(layer)
        if len(nodes) > 1:
            choices = ", ".join(repr(n.name) for n in nodes)
            name = layer if isinstance(layer, str) else getattr(layer, "name", layer)
            raise ValueError(
                f"layer must be one call of one layer; received {name!r}, which may be any of "
                f"{choices}. Choose one of these names."
            )
        return nodes[0]

    def maker(self, key: Key) -> Node:
        """The node that makes a tensor."""
        return next(n for n in self.nodes if key in n.outputs)

    def leading_to(self, keys: tuple[Key, ...]) -> list[Node]:
        """The nodes that must be computed to know some tensors, in order."""
        needed, nodes = set(keys), []
        for node in reversed(self.nodes):
            if needed.intersection(node.outputs):
                nodes.append(node)
                needed.update(node.inputs)
        return nodes[::-1]

    def evaluate(
        self,
        inputs: list,
        call: Callable[[Node, tuple, dict], object],
        *,
        until: tuple[Key, ...] | None = None,
    ) -> dict[Key, object]:
        """Compute the tensors that lead to `until` (default: the outputs).

        Args:
            inputs: one value for each of the model's inputs.
            call: computes a node from its arguments.
            until: keys of the tensors that are wanted.

        Raises:
            MisfitError: the inputs are so small that an operation has nothing to put out. On some
                processors TensorFlow computes such tensors without a word.
        """
        values = dict(zip(self.inputs, inputs, strict=True))
        if self.constants:
            like = next(x for x in inputs if x is not None)
            values.update((key, _for_batch(value, like)) for key, value in self.constants)
        for node in self.leading_to(self.outputs if until is None else until):
            if not node.is_input:
                args, kwargs = node.arguments(values)
                results = keras.tree.flatten(call(node, args, kwargs))
                if any(map(_is_lost, results, node.shapes)):
                    raise MisfitError("nothing is left", node)
                values.update(zip(node.outputs, results, strict=True))
        return values


def _for_batch(constant: object, like: object) -> object:
    """A constant for each item of a batch; one for a single item is the same for all."""
    if isinstance(like, keras.KerasTensor):
        return keras.KerasTensor((None, *constant.shape[1:]), constant.dtype)
    if constant.shape[:1] != (1,):
        return constant
    return keras.ops.broadcast_to(constant, (keras.ops.shape(like)[0], *constant.shape[1:]))


def _is_lost(result: object, built: tuple) -> bool:
    """Whether a tensor has an axis without a place, other than the batch, and was not built so."""
    try:
        shape = tuple(result.shape)
    except ValueError:  # a tensor whose rank TensorFlow does not know
        return False
    return any(
        n is not None and n < 1 and n != own for n, own in zip(shape[1:], built[1:], strict=False)
    )


def run(node: Node, args: tuple, kwargs: dict) -> object:
    """Compute a node as at inference: dropout off, batch normalization with moving statistics."""
    operation = node.operation
    if getattr(operation, "_call_has_training_arg", False):
        kwargs = {**kwargs, "training": False}
    if type(operation).__name__ in RESIZING and operation.interpolation in SINGLE:
        return _resize(operation, args, kwargs)
    return operation(*args, **kwargs)


def _resize(operation: keras.Operation, args: tuple, kwargs: dict) -> object:
    """Resize maps; those in half precision in single, and bring them back."""
    dtype = getattr(operation, "compute_dtype", None) or keras.backend.standardize_dtype(
        args[0].dtype
    )
    if dtype not in HALF:
        return operation(*args, **kwargs)
    view = object.__new__(type(operation))
    view.__dict__.update(operation.__dict__)
    if isinstance(view, keras.Layer):
        view.__dict__["_dtype_policy"] = keras.DTypePolicy("float32")
    args = keras.tree.map_structure(lambda x: keras.ops.cast(x, "float32"), args)
    return keras.ops.cast(view(*args, **kwargs), dtype)


def flatten(model: keras.Model) -> Graph:
    """Read the graph of a functional or sequential model, nested models opened.

    Raises:
        TypeError: not a Keras model.
        ValueError: a model without a graph: subclassed, or not built yet.
    """
    if not isinstance(model, keras.Model):
        raise TypeError(f"model must be a keras.Model; received {type(model).__name__}.")
    if not has_graph(model):
        raise ValueError(
            f"model must be functional or a built Sequential, whose layers can be followed; "
            f"received {type(model).__name__} {model.name!r}. "
            "Call it on keras.Input(...) first, or wrap its layers in keras.Model(inputs, outputs)."
        )
    aliases: dict[Key, Key] = {}
    models: dict[str, tuple[keras.Model, tuple[Key, ...]]] = {}
    constants: dict[Key, object] = {}
    nodes = list(_nodes(model, (), "", aliases, models, constants))
    keys = [tuple(_key(t, (), aliases) for t in ts) for ts in (model.inputs, model.outputs)]
    structure = getattr(model, "_outputs_struct", 0)
    if len(model.outputs) == 1 and not isinstance(structure, dict):  # as Keras returns it
        structure = 0
    structure = keras.tree.map_structure(lambda _: 0, structure)
    return Graph(tuple(nodes), *keys, models, structure, tuple(constants.items()))


def has_graph(operation: object) -> bool:
    """Whether an operation is a model whose layers can be followed."""
    return isinstance(operation, keras.Model) and bool(getattr(operation, "inputs", None))


def _key(tensor: keras.KerasTensor, scope: tuple, aliases: dict[Key, Key]) -> Key:
    key = Key(scope, id(tensor))
    while key in aliases:  # an input or output of a nested model is a tensor of its surroundings
        key = aliases[key]
    return key


def _nodes(
    model: keras.Model,
    scope: tuple[int, ...],
    prefix: str,
    aliases: dict[Key, Key],
    models: dict[str, tuple[keras.Model, tuple[Key, ...]]],
    constants: dict[Key, object],
) -> Iterator[Node]:
    order = _order(model)
    calls: dict[str, list] = {}  # of each name, as they were made: not as the outputs need them
    for operation, call in order:
        calls.setdefault(operation.name, []).append((operation._inbound_nodes.index(call), call))
    for operation, call in order:
        name = prefix + operation.name
        if len(calls[operation.name]) > 1:
            made = [each for _, each in sorted(calls[operation.name], key=lambda pair: pair[0])]
            name += f":{made.index(call)}"
        arguments = (call.arguments.args, call.arguments.kwargs)
        tensors = [t for t in keras.tree.flatten(arguments) if isinstance(t, keras.KerasTensor)]
        if has_graph(operation):
            inner = (*scope, id(call))
            args, kwargs = arguments
            given = keras.tree.flatten(args[0] if args else kwargs["inputs"])
            for own, outside in zip(operation.inputs, given, strict=True):
                if isinstance(outside, keras.KerasTensor):
                    aliases[Key(inner, id(own))] = _key(outside, scope, aliases)
                else:
                    constants[Key(inner, id(own))] = keras.ops.convert_to_tensor(outside, own.dtype)
            yield from _nodes(operation, inner, f"{name}/", aliases, models, constants)
            models[name] = operation, tuple(_key(t, inner, aliases) for t in operation.outputs)
            for outside, own in zip(call.outputs, operation.outputs, strict=True):
                aliases[Key(scope, id(outside))] = _key(own, inner, aliases)
        elif not (scope and isinstance(operation, keras.layers.InputLayer)):
            # Inside a nested model an input stands for a tensor of the surroundings.
            keys = {id(t): _key(t, scope, aliases) for t in [*tensors, *call.outputs]}
            slots = keras.tree.map_structure(
                lambda item, keys=keys: Slot(keys[id(item)]) if id(item) in keys else item,
                arguments,
            )
            yield Node(
                name,
                operation,
                tuple(keys[id(t)] for t in tensors),
                tuple(keys[id(t)] for t in call.outputs),
                tuple(tuple(t.shape) for t in call.outputs),
                slots,
            )


def _order(model: keras.Model) -> list[tuple[keras.Operation, object]]:
    """The calls that lead from the model's inputs to its outputs, each after those it needs."""
    inputs = {id(t) for t in model.inputs}
    order, seen = [], set()
    stack = [(t, False) for t in reversed([*model.inputs, *model.outputs])]
    while stack:  # depth first, without recursion: networks get deep
        tensor, ready = stack.pop()
        operation, index, _ = tensor._keras_history
        node = operation._inbound_nodes[index]
        if id(node) in seen:
            continue
        if ready or id(tensor) in inputs:
            seen.add(id(node))
            order.append((operation, node))
        else:
            stack.append((tensor, True))
            stack.extend((t, False) for t in reversed(node.input_tensors))
    return order
