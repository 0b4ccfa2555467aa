"""A Keras model as the page reads it: nodes in order of computation, and their arrays."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np

from kerascnn._graph import Graph, Node, Slot
from kerascnn._heads import end_of, head_of
from kerascnn.plots._style import layer_style

from ._activations import activation_of, is_activation
from ._layers import ARITHMETIC, KERNELS_OF_UPSAMPLING, OPERATIONS, ROWS, kind_of
from ._places import places

LISTED = 5  # refused layers to name


class Arrays:
    """The arrays of a page, each once however many layers use it.

    Attributes:
        sources: the variables that they are the values of, or arrays that never change.
    """

    def __init__(self) -> None:
        self.sources: list[Any] = []
        self._places: dict[int, int] = {}

    def place(self, source: Any) -> int:
        """Return the index of a variable's values, or an array's."""
        if id(source) not in self._places:
            self._places[id(source)] = len(self.sources)
            self.sources.append(source)  # and is kept, so that its id stays its own
        return self._places[id(source)]

    def values(self) -> list[np.ndarray]:
        """Return the arrays, float32.

        Raises:
            ValueError: one has infinite numbers or NaN.
        """
        values = [np.asarray(s, "float32") for s in self.sources]
        for source, array in zip(self.sources, values, strict=True):
            if not np.isfinite(array).all():
                raise ValueError(
                    f"model must have weights that are finite numbers; received NaN or infinity "
                    f"in {getattr(source, 'path', 'an array')!r}."
                )
        return values


def read(graph: Graph, arrays: Arrays) -> dict[str, Any]:
    """Return the inputs, outputs and nodes of a network.

    Args:
        graph: of the model.
        arrays: to which the weights are added.

    Raises:
        ValueError: the page has no kernel for a layer, or a size is not known.
    """
    shapes = graph.shapes
    for key in graph.inputs:
        if None in shapes[key][1:]:
            raise ValueError(
                f"model must have inputs of a known size; received {tuple(shapes[key])} of "
                f"{graph.maker(key).name!r}. Build it with an input_shape without None, or load it "
                "with kerascnn.trained.load(…, any_size=False)."
            )
    of_key = {key: nth for nth, node in enumerate(graph.nodes) for key in node.outputs}
    nodes, refused = [], []
    for nth, node in enumerate(graph.nodes):
        try:
            if graph.constants and not {*node.inputs} <= {*of_key}:
                raise ValueError("a constant as its input")
            given = [tuple(shapes[key]) for key in node.inputs]
            entry = _entry(node, given, arrays)
        except (ValueError, ZeroDivisionError) as reason:
            refused.append(f"{node.name!r} ({type(node.operation).__name__}): {reason}")
            continue
        inputs = [of_key[key] for key in node.inputs]
        nodes.append({"id": nth, "name": node.name, "inputs": inputs, **entry})
    if refused:
        more = f"; and {len(refused) - LISTED} more" * (len(refused) > LISTED)
        raise ValueError(
            "model must consist of layers that the page can compute; it cannot compute "
            f"{'; '.join(refused[:LISTED])}{more}. Use one of the layers that the explorer's "
            "guide lists, or end the model before."
        )
    for node, place in zip(nodes, places(nodes), strict=True):
        node["place"] = place
    return {
        "inputs": [{"node": of_key[key]} for key in graph.inputs],
        "outputs": [_output(graph, key, of_key) for key in graph.outputs],
        "nodes": nodes,
    }


def _entry(node: Node, shapes: list[tuple], arrays: Arrays) -> dict[str, Any]:
    """What the page knows of a node, except its place in the graph.

    Raises:
        ValueError: with what the page does not have.
    """
    operation = node.operation
    if len(node.outputs) != 1:
        raise ValueError(f"{len(node.outputs)} outputs")
    if None in node.shapes[0][1:] or not node.shapes[0][1:]:
        raise ValueError(
            f"a size that is not known, {tuple(node.shapes[0])}: build the model with an "
            "input_shape without None"
        )
    if isinstance(operation, keras.Layer):
        _check_call(node)
        kernel, config, weights = _layer(operation, shapes)
    else:
        kernel, config, weights = _operation(node, shapes)
    if len({len(shape) for shape in shapes}) > 1 and kernel != "CropLike":
        raise ValueError("inputs with different numbers of axes")
    return {
        "layer": operation.name,
        "kind": type(operation).__name__,
        "type": kernel,
        "shape": list(node.shapes[0][1:]),
        "config": _plain(config),
        "weights": {k: arrays.place(w) for k, w in weights.items() if w is not None},
        "group": layer_style(type(operation).__name__).group,
        "parameters": operation.count_params() if isinstance(operation, keras.Layer) else 0,
    }


def _check_call(node: Node) -> None:
    """Refuse tensors that a layer was called with besides its input."""
    args, kwargs = node.slots
    first = (*args, *kwargs.values())[:1]
    if sum(isinstance(each, Slot) for each in keras.tree.flatten(first)) < len(node.inputs):
        raise ValueError("a tensor besides its input, such as a mask")


def _layer(layer: keras.Layer, shapes: list[tuple]) -> tuple[str, dict, dict]:
    """The kernel of a layer, its options and weights."""
    kind = kind_of(layer)
    if kind is None:
        raise ValueError("no kernel for it")
    if getattr(layer, "data_format", "channels_last") != "channels_last":
        raise ValueError("channels_first")
    if getattr(layer, "quantization_mode", None):
        raise ValueError("quantized weights")
    row = ROWS[kind]
    config = {name: getattr(layer, name) for name in row.options}
    weights = {name: getattr(layer, name, None) for name in row.weights}
    if row.more is not None:
        more, arrays = row.more(layer, shapes[0])
        config, weights = config | more, weights | arrays
    function = layer if is_activation(layer) else getattr(layer, "activation", None)
    rank = len(shapes[0]) if shapes else 0
    if activation := activation_of(function, rank):
        config["activation"] = activation
    kernel = row.kernel or kind.__name__
    if kernel == "UpSampling2D":
        kernel = KERNELS_OF_UPSAMPLING[layer.interpolation]
    return kernel, config, weights


def _operation(node: Node, shapes: list[tuple]) -> tuple[str, dict, dict]:
    """The kernel of an operation from `keras.ops`, such as that of `x + y`."""
    operation, name = node.operation, type(node.operation).__name__
    if not type(operation).__module__.startswith("keras."):
        raise ValueError("no kernel for it")
    if is_activation(operation):
        return "Identity", {"activation": activation_of(operation, len(shapes[0]))}, {}
    if name == "Cast" and keras.backend.is_float_dtype(operation.dtype):
        return "Identity", {}, {}  # the page computes everything in float32
    args = keras.tree.flatten(node.slots)
    if name in OPERATIONS and all(isinstance(arg, Slot) for arg in args):
        axis = {"axis": operation.axis % len(shapes[0]) - 1} if name == "Concatenate" else {}
        return OPERATIONS[name], axis, {}
    if (
        name in ARITHMETIC
        and len(args) == 2
        and isinstance(args[0], Slot)
        and np.ndim(args[1]) == 0
    ):
        scale, offset = (np.array([x], "float32") for x in ARITHMETIC[name](float(args[1])))
        return "Affine", {}, {"scale": scale, "offset": offset}
    raise ValueError("no kernel for it")


def _plain(value: Any) -> Any:
    """An option as JSON has it."""
    if isinstance(value, dict):
        return {key: _plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    return value.item() if isinstance(value, np.generic) else value


def _output(graph: Graph, key: Any, of_key: dict) -> dict[str, Any]:
    """An output: its node, and the node of its softmax or sigmoid, whose input are the logits."""
    head, _after = head_of(graph, key)
    return {
        "name": graph.maker(key).operation.name,
        "node": of_key[key],
        "head": of_key[head.outputs[0]] if head else None,
        "activation": end_of(graph, key),
        "classes": None,
    }
