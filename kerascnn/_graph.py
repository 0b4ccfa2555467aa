"""A Keras model as a flat list of operations in order of computation, with nested models expanded.

Keras has no public way to reach a layer inside a nested model: a new `keras.Model` built from its
output is "disconnected". This module reads the graph from the model's tensors and evaluates it
node by node: on real tensors, on shapes, or with an operation replaced. The model and its layers
are not modified.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from os import PathLike
from typing import Any, NamedTuple

import keras
import numpy as np
from keras.src.backend import get_keras_mask, set_keras_mask
from keras.src.backend.common.name_scope import name_scope
from keras.src.ops.numpy import Pad

from ._calls import has_graph, number_of, order_of
from ._errors import unknown
from ._known import can_be_seen, known_name
from ._twin import twin

RESIZING = ("Resizing", "UpSampling2D", "Resize")  # layers, and an operation of `keras.ops`
SINGLE = ("bicubic", "lanczos3", "lanczos5")  # TensorFlow has no gradient for these …
HALF = ("float16", "bfloat16")  # … in half precision
PLAIN = re.compile(r"[A-Za-z0-9.][A-Za-z0-9_.>-]*")  # what TensorFlow takes as the name of a scope

Tensor = Any  # a tensor of any Keras backend, for which Keras has no type


class Key(NamedTuple):
    """Identifies a tensor: the calls of nested models that lead to it, and its id there."""

    scope: tuple[int, ...]
    tensor: int


@dataclass(frozen=True)
class Slot:
    """Placeholder for a tensor in the arguments of a call."""

    key: Key


@dataclass(frozen=True)
class Node:
    """One call of one operation.

    Attributes:
        name: the layer's name; "model/layer" inside a nested model; "layer:0", "layer:1", … for
            the calls of a shared layer.
        operation: the layer, or the operation from `keras.ops`.
        inputs: keys of the input tensors.
        outputs: keys of the output tensors.
        shapes: shapes of the output tensors, including the batch axis.
        slots: the arguments of the call, (args, kwargs), with a `Slot` for each tensor.
        boolean: whether it computes truth values, such as a mask, through which no gradient flows.
        enters: whether it only brings a tensor into a nested model, with its mask.
    """

    name: str
    operation: keras.Operation
    inputs: tuple[Key, ...]
    outputs: tuple[Key, ...]
    shapes: tuple[tuple, ...]
    slots: tuple[tuple, dict]
    boolean: bool = False
    enters: bool = False

    def arguments(self, values: dict[Key, Any]) -> tuple[tuple, dict]:
        """Fill the slots with values."""
        return keras.tree.map_structure(
            lambda item: values[item.key] if isinstance(item, Slot) else item, self.slots
        )

    @property
    def is_input(self) -> bool:
        """Whether this node is an input of the model, with nothing to compute."""
        return isinstance(self.operation, keras.layers.InputLayer)


def _is_short_for(short: str, name: str) -> bool:
    """Return whether a name matches when outer models or the call of a shared layer are left out.

    >>> _is_short_for("conv", "encoder:1/conv"), _is_short_for("encoder:0/conv", "encoder:1/conv")
    (True, False)
    """
    parts, whole = short.split("/"), name.split("/")
    return len(parts) <= len(whole) and all(
        part in (own, own.rpartition(":")[0])
        for part, own in zip(parts, whole[-len(parts) :], strict=True)
    )


class MisfitError(ValueError):
    """Why an input does not fit a network, and the node where computation stops."""

    def __init__(self, what: str, node: Node) -> None:
        super().__init__(f"{what} at {node.name!r}")


@dataclass(frozen=True)
class Graph:
    """The nodes of a model in order of computation, its inputs and its outputs."""

    nodes: tuple[Node, ...]
    inputs: tuple[Key, ...]
    outputs: tuple[Key, ...]
    models: dict[str, tuple[keras.Model, tuple[Key, ...]]]  # nested models and outputs, by name
    structure: Any = 0  # how the model returns its outputs: one, or a list, tuple or dict
    constants: tuple[tuple[Key, Tensor], ...] = ()  # constant inputs of nested models

    @property
    def shapes(self) -> dict[Key, tuple]:
        """The shapes of all tensors in the model as built, including the batch axis."""
        shapes = {k: s for n in self.nodes for k, s in zip(n.outputs, n.shapes, strict=True)}
        return shapes | {key: (None, *constant.shape[1:]) for key, constant in self.constants}

    def pack(self, values: Sequence) -> Any:
        """Arrange outputs as the model returns them: a single one, or a list, tuple or dict."""
        return keras.tree.pack_sequence_as(self.structure, list(values))

    def calls(self, layer: str | keras.layers.Layer) -> list[Node]:
        """Find the nodes that a layer or a name may refer to, one or more.

        "layer" also finds "model/layer" and "layer:1" if no node has exactly that name. A nested
        model refers to the layers that compute its outputs.

        Raises:
            ValueError: If no node matches.
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
            names = [n.name for n in self.nodes]
            if not isinstance(layer, str) and name in names:
                raise ValueError(
                    f"layer must be a layer of this model; received one of another model that is "
                    f"also named {name!r}. Pass the name, {name!r}, or model.get_layer({name!r})."
                )
            raise unknown("layer", name, names)
        return [n for n in self.nodes if n in nodes]  # each once, in order

    def node(self, layer: str | keras.layers.Layer) -> Node:
        """Find the only node that a layer or a name refers to, as `calls` does.

        Raises:
            ValueError: If no node or more than one node matches: a layer that is called more than
                once, or layers of the same name in several nested models. Or if the layer has
                several outputs, and it is not clear that the first is meant.
        """
        nodes = self.calls(layer)
        if len(nodes) > 1:
            choices = ", ".join(repr(n.name) for n in nodes)
            name = layer if isinstance(layer, str) else getattr(layer, "name", layer)
            raise ValueError(
                f"layer must identify a single layer call; received {name!r}, which matches "
                f"{choices}. Choose one of these names."
            )
        if not self.means_first(nodes[0]):
            shapes = ", ".join(map(str, nodes[0].shapes))
            raise ValueError(
                f"layer must have one output; {nodes[0].name!r} has {len(nodes[0].shapes)}, of "
                f"shapes {shapes}. Build the model with keras.layers.Identity(name=...) behind "
                "each, and choose one of these layers."
            )
        return nodes[0]

    def means_first(self, node: Node) -> bool:
        """Return whether the first output of a node is its result, of several if need be.

        Those that follow it are states or weights of attention in Keras's layers, and nothing that
        counts if no node uses them.
        """
        others = {*node.outputs[1:]}
        if not others or (isinstance(node.operation, keras.Layer) and can_be_seen(node.operation)):
            return True
        used = (key for keys in (self.outputs, *(n.inputs for n in self.nodes)) for key in keys)
        return others.isdisjoint(used)

    def maker(self, key: Key) -> Node:
        """Find the node that computes a tensor."""
        return next(n for n in self.nodes if key in n.outputs)

    def leading_to(self, keys: tuple[Key, ...]) -> list[Node]:
        """List the nodes needed to compute some tensors, in order."""
        needed, nodes = set(keys), []
        for node in reversed(self.nodes):
            if needed.intersection(node.outputs):
                nodes.append(node)
                needed.update(node.inputs)
        return nodes[::-1]

    def evaluate(
        self,
        inputs: list,
        call: Callable[[Node, tuple, dict], Any],
        *,
        until: tuple[Key, ...] | None = None,
    ) -> dict[Key, Tensor]:
        """Compute the tensors that lead to `until` (default: the outputs).

        Args:
            inputs: one value for each of the model's inputs.
            call: function that computes a node from its arguments.
            until: keys of the tensors to compute.

        Raises:
            MisfitError: If the inputs are so small that an operation has an empty output. On some
                processors TensorFlow computes such tensors without an error.
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
                    raise MisfitError("the output is empty", node)
                _give_masks(node, args, kwargs, results)
                values.update(zip(node.outputs, results, strict=True))
        return values


def users_of(nodes: Sequence[Node]) -> dict[Key, list[Node]]:
    """List the nodes that take each tensor."""
    users: dict[Key, list[Node]] = {}
    for node in nodes:
        for key in dict.fromkeys(node.inputs):
            users.setdefault(key, []).append(node)
    return users


def _for_batch(constant: Tensor, like: Tensor) -> Tensor:
    """Repeat a constant along the batch axis if it was given for a single item."""
    if isinstance(like, keras.KerasTensor):
        return keras.KerasTensor((None, *constant.shape[1:]), constant.dtype)
    if constant.shape[:1] != (1,):
        return constant
    return keras.ops.broadcast_to(constant, (keras.ops.shape(like)[0], *constant.shape[1:]))


def _give_masks(node: Node, args: tuple, kwargs: dict, results: list) -> None:
    """Give the outputs of a node the masks of its layer, of which a copy of an output has none.

    A mask says which steps of a sequence count. Keras gives it to a tensor as an attribute.
    """
    layer = node.operation
    if not args or any(map(keras.backend.is_keras_tensor, results)):
        return
    if node.enters and get_keras_mask(results[0]) is None:
        with_mask_of(args[0], results[0])
    elif isinstance(layer, keras.Layer) and layer.supports_masking:
        given = kwargs.get("mask")
        carried = keras.tree.map_structure(get_keras_mask, args[0])
        layer._set_mask_metadata(args[0], results, carried if given is None else given)


def with_mask_of(tensor: Tensor, other: Tensor) -> Tensor:
    """Give the mask of a tensor, if it has one, to another, which is returned."""
    if (mask := get_keras_mask(tensor)) is not None:
        set_keras_mask(other, mask)
    return other


class WithMask(keras.Operation):
    """Gives a tensor a mask, as the argument `mask` does in the call of a nested model."""

    def call(self, x: Tensor, mask: Tensor) -> Tensor:
        x = keras.ops.copy(x)  # others take the tensor without it
        set_keras_mask(x, mask)
        return x

    def compute_output_spec(self, x: Tensor, mask: Tensor) -> keras.KerasTensor:
        return keras.KerasTensor(x.shape, x.dtype)

    def macs(self, before: Any, after: Any) -> int:
        return 0


def masked_in(nodes: Sequence[Node]) -> set[Key]:
    """Return the keys of the tensors that have a mask after some nodes, the first of a model."""
    masked: set[Key] = set()
    for node in nodes:
        layer = node.operation
        begins = isinstance(layer, WithMask | keras.layers.Masking)
        passes = node.enters or getattr(layer, "supports_masking", False)
        if begins or getattr(layer, "mask_zero", False) or (passes and masked & {*node.inputs}):
            masked.update(node.outputs)
    return masked


def _is_lost(result: Tensor, built: tuple) -> bool:
    """Return whether a tensor has an empty axis that was not empty when the model was built."""
    try:
        shape = tuple(result.shape)
    except ValueError:  # a tensor of unknown rank
        return False
    return any(
        n is not None and n < 1 and n != own for n, own in zip(shape[1:], built[1:], strict=False)
    )


def run(node: Node, args: tuple, kwargs: dict) -> Any:
    """Compute a node in inference mode: no dropout, batch normalization with moving statistics."""
    operation = node.operation
    if getattr(operation, "_call_has_training_arg", False):
        kwargs = {**kwargs, "training": False}
    if known_name(operation) in RESIZING and operation.interpolation in SINGLE:
        return _resize(operation, args, kwargs)
    if isinstance(operation, Pad) and not keras.backend.is_keras_tensor(args[0]):
        return operation(args[0], _padding_value(operation, *args, **kwargs))
    return call_operation(operation, args, kwargs)


def call_operation(operation: keras.Operation, args: tuple, kwargs: dict) -> Any:
    """Call a layer or operation, of whatever name.

    Keras opens a scope with the name of a layer in TensorFlow, unless it finds the layer's own.
    """
    if PLAIN.fullmatch(operation.name):
        return operation(*args, **kwargs)
    with keras.name_scope("layer"), name_scope(operation.name, caller=operation):
        return operation(*args, **kwargs)


def _resize(operation: keras.Operation, args: tuple, kwargs: dict) -> Any:
    """Resize maps; compute in single precision if they are in half precision."""
    dtype = getattr(operation, "compute_dtype", None) or keras.backend.standardize_dtype(
        args[0].dtype
    )
    if dtype not in HALF:
        return call_operation(operation, args, kwargs)
    single = {}
    if isinstance(operation, keras.Layer):
        single["_dtype_policy"] = keras.DTypePolicy("float32")
    args = keras.tree.map_structure(lambda x: keras.ops.cast(x, "float32"), args)
    return keras.ops.cast(call_operation(twin(operation, **single), args, kwargs), dtype)


def _padding_value(operation: keras.Operation, x: Tensor, constant_values: Any = None) -> Any:
    """Return the value to pad with, as a tensor if channels or the batch are padded with zeros.

    TensorFlow 2.21 with oneDNN computes a padding and the convolution behind it as one, and then
    ignores what is added to the channels or the batch. It leaves those apart whose value is a
    tensor.
    """
    if not pads_channels(operation, constant_values) or keras.backend.backend() != "tensorflow":
        return constant_values
    return keras.ops.zeros((), x.dtype)


def pads_channels(operation: keras.Operation, constant_values: Any = None) -> bool:
    """Whether an operation pads the first or the last axis with zeros."""
    if not isinstance(operation, Pad) or operation.mode != "constant":
        return False
    zeros = constant_values is None or (np.isscalar(constant_values) and constant_values == 0)
    return zeros and any((*operation.pad_width[0], *operation.pad_width[-1]))


def check_is_model(model: object, name: str = "model") -> None:
    """Reject anything but a Keras model, and say how to get one from a file or a run.

    Raises:
        TypeError: If `model` is not a Keras model.
    """
    if isinstance(model, keras.Model):
        return
    hint = ""
    if isinstance(model, str | PathLike):
        hint = ": load it with kerascnn.trained.load, whose result has it as .model"
    elif isinstance(getattr(model, "model", None), keras.Model):  # of train or trained.load
        hint = ": pass its .model"
    raise TypeError(f"{name} must be a keras.Model; received {type(model).__name__}{hint}.")


def input_names(model: keras.Model) -> list[str]:
    """Return the names of a model's inputs.

    They are those of its input layers: Keras numbers the tensors of inputs without a name.
    """
    return [tensor._keras_history.operation.name for tensor in model.inputs]


def how_to_get_graph(model: keras.Model) -> str:
    """Say how to get a model with a graph of layers from one without, for a message."""
    if isinstance(model, keras.Sequential):
        return "Call it on an input first, such as images[:1]"
    return (
        "Use keras.Model(inputs, model.call(inputs)) with inputs = keras.Input(shape), which has "
        "the same layers"
    )


def flatten(model: keras.Model) -> Graph:
    """Read the graph of a functional or sequential model, with nested models expanded.

    Raises:
        TypeError: If `model` is not a Keras model.
        ValueError: If the model has no graph: it is subclassed, or not built yet.
    """
    check_is_model(model)
    if not has_graph(model):
        if getattr(model, "inputs", None):
            raise ValueError(
                f"model must be computed by its graph of layers; {type(model).__name__} "
                f"{model.name!r} overrides call(). Use keras.Model(model.inputs, "
                "model.outputs) for the graph alone."
            )
        raise ValueError(
            f"model must be a functional or built Sequential model, which has a graph of layers; "
            f"received {type(model).__name__} {model.name!r}. {how_to_get_graph(model)}."
        )
    aliases: dict[Key, Key] = {}
    models: dict[str, tuple[keras.Model, tuple[Key, ...]]] = {}
    constants: dict[Key, Tensor] = {}
    is_float = keras.backend.is_float_dtype
    integers = {_key(t, (), aliases) for t in model.inputs if not is_float(t.dtype)}
    nodes = list(_nodes(model, (), "", aliases, models, constants, integers))
    inputs, outputs = (
        tuple(_key(t, (), aliases) for t in ts) for ts in (model.inputs, model.outputs)
    )
    structure = getattr(model, "_outputs_struct", 0)
    if isinstance(structure, list | tuple) and len(structure) == 1:  # as Keras returns it
        (structure,) = structure
    structure = keras.tree.map_structure(lambda _: 0, structure)
    return Graph(tuple(nodes), inputs, outputs, models, structure, tuple(constants.items()))


def _key(tensor: keras.KerasTensor, scope: tuple, aliases: dict[Key, Key]) -> Key:
    key = Key(scope, id(tensor))
    while key in aliases:  # inputs and outputs of a nested model are tensors of the outer model
        key = aliases[key]
    return key


def _first_without_name(operation: keras.Operation, args: tuple, kwargs: dict) -> tuple:
    """Return the arguments of a call such that the first has no name, as in `layer(inputs=x)`."""
    if args:  # as almost always; a signature takes long to read
        return args, kwargs
    first = next(iter(inspect.signature(operation.call).parameters.values()), None)
    if first is None or first.name not in kwargs or first.kind is first.KEYWORD_ONLY:
        return args, kwargs
    return (kwargs[first.name],), {name: x for name, x in kwargs.items() if name != first.name}


@cache
def _operation(name: str, *options: Any) -> keras.Operation:
    """Return an operation of `keras.ops`, the same each time, as a key of caches."""
    made = getattr(keras.ops, name)(keras.KerasTensor((1, 1), "int32"), *options)
    return made._keras_history.operation


def _arranged(model: keras.Model, given: Any) -> list:
    """List what a nested model is called with in the order of its inputs, as Keras does.

    A dict has the names of the inputs as keys, unless the model was built with a dict, too.
    """
    if isinstance(given, dict) and not isinstance(getattr(model, "_inputs_struct", None), dict):
        return [given[tensor.name] for tensor in model.inputs]
    return keras.tree.flatten(given)[: len(model.inputs)]  # Keras ignores the rest


def _fitting(own: keras.KerasTensor, outside: Tensor, *, cast: bool) -> list[keras.Operation]:
    """List the operations by which Keras fits a tensor to an input of a nested model."""
    fitting, extra = [], len(outside.shape) - len(own.shape)
    if cast:
        fitting.append(_operation("cast", own.dtype))
    if extra:
        fitting.append(_operation("squeeze" if extra > 0 else "expand_dims", -1))
    return fitting


def _masks_given(model: keras.Model, args: tuple, kwargs: dict) -> list:
    """List the masks that a nested model is called with, one or `None` for each input."""
    masks = kwargs.get("mask") if len(args) < 3 else args[2]
    found = [] if masks is None else keras.tree.flatten(masks)
    return [*found, *[None] * len(model.inputs)][: len(model.inputs)]


_with_mask = cache(WithMask)  # the same each time, as a key of caches


def _entering(
    operations: Sequence[keras.Operation],
    name: str,
    source: Key,
    key: Key,
    shape: tuple,
    mask: Any = None,
) -> Iterator[Node]:
    """Yield the nodes that bring a tensor into a nested model.

    Args:
        operations: what fits it to an input.
        name: name of the input.
        source: key of the tensor.
        key: key of the input.
        shape: shape of the tensor.
        mask: the mask that it gets: a slot or a tensor; `None`: that which it has.
    """
    masked = [] if mask is None else [_with_mask()]
    for i, operation in enumerate(steps := [*operations, *masked], start=1):
        last = i == len(steps)
        made = key if last else Key((*key.scope, id(operation)), key.tensor)
        own = name if last else f"{name}/{operation.name}"
        if isinstance(operation, WithMask):
            given = (Slot(source), mask)
        else:
            given = (Slot(source),)
            shape = tuple(operation.compute_output_spec(keras.KerasTensor(shape)).shape)
        inputs = tuple(each.key for each in given if isinstance(each, Slot))
        yield Node(own, operation, inputs, (made,), (shape,), (given, {}), enters=True)
        source = made


def _nodes(
    model: keras.Model,
    scope: tuple[int, ...],
    prefix: str,
    aliases: dict[Key, Key],
    models: dict[str, tuple[keras.Model, tuple[Key, ...]]],
    constants: dict[Key, Tensor],
    integers: set[Key],
) -> Iterator[Node]:
    """Yield the nodes of a model, and collect what `flatten` needs besides.

    `integers` begins with the inputs of integers, and gets all that depends on them.
    """
    is_float = keras.backend.is_float_dtype
    order = order_of(model)
    calls: dict[str, list] = {}  # for each name, to be sorted in the order they were made
    for operation, call in order:
        calls.setdefault(operation.name, []).append((number_of(operation, call), call))
    for operation, call in order:
        name = prefix + operation.name
        if len(calls[operation.name]) > 1:
            made = [each for _, each in sorted(calls[operation.name], key=lambda pair: pair[0])]
            name += f":{made.index(call)}"
        arguments = _first_without_name(operation, call.arguments.args, call.arguments.kwargs)
        tensors = [t for t in keras.tree.flatten(arguments) if isinstance(t, keras.KerasTensor)]
        if has_graph(operation):
            inner = (*scope, id(call))
            given = _arranged(operation, arguments[0][0])
            masks = _masks_given(operation, *arguments)
            for own, outside, mask in zip(operation.inputs, given, masks, strict=True):
                key, own_name = Key(inner, id(own)), own._keras_history.operation.name
                if not isinstance(outside, keras.KerasTensor):
                    constants[key] = keras.ops.convert_to_tensor(outside, own.dtype)
                    for fit in _fitting(own, constants[key], cast=False):
                        constants[key] = fit(constants[key])
                    continue
                source = _key(outside, scope, aliases)
                # Integers are converted, also where Keras takes them for floats.
                converts = source in integers and is_float(own.dtype)
                fitting = _fitting(own, outside, cast=converts or outside.dtype != own.dtype)
                if source in integers or not is_float(own.dtype):
                    integers.add(key)
                if mask is get_keras_mask(outside):
                    mask = None
                if isinstance(mask, keras.KerasTensor):
                    mask = Slot(_key(mask, scope, aliases))
                if not fitting and mask is None:
                    aliases[key] = source
                yield from _entering(
                    fitting, f"{name}/{own_name}", source, key, tuple(outside.shape), mask
                )
            yield from _nodes(operation, inner, f"{name}/", aliases, models, constants, integers)
            models[name] = operation, tuple(_key(t, inner, aliases) for t in operation.outputs)
            for outside, own in zip(call.outputs, operation.outputs, strict=True):
                aliases[Key(scope, id(outside))] = _key(own, inner, aliases)
        elif not (scope and isinstance(operation, keras.layers.InputLayer)):
            # Inside a nested model, an input is an alias of a tensor of the outer model.
            keys = {id(t): _key(t, scope, aliases) for t in [*tensors, *call.outputs]}
            slots = keras.tree.map_structure(
                lambda item, keys=keys: Slot(keys[id(item)]) if id(item) in keys else item,
                arguments,
            )
            if integers.intersection(keys[id(t)] for t in tensors):
                integers.update(keys[id(t)] for t in call.outputs)
            yield Node(
                name,
                operation,
                tuple(keys[id(t)] for t in tensors),
                tuple(keys[id(t)] for t in call.outputs),
                tuple(tuple(t.shape) for t in call.outputs),
                slots,
                all(t.dtype == "bool" for t in call.outputs),
            )
