"""What follows the Flatten layer of a classifier, as it acts on every window of a larger image."""

from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from keras.layers import Dense, Flatten

from kerascnn._calls import order_of
from kerascnn._describe.whole_maps import layers_of_all_positions
from kerascnn._graph import flatten

MANY = (4, 8)  # windows along each axis of images that are compared
SAME = 0.01  # largest difference of two results, relative to the largest value: of half precision


@dataclass(frozen=True)
class Call:
    """A call after Flatten.

    Attributes:
        layer: the layer, or the operation from `keras.ops`.
        node: Keras's node of the call.
        window: height and width of the maps of one window, which are 1x1 after a dense layer.
    """

    layer: keras.Operation
    node: Any
    window: tuple[int, int]

    @property
    def becomes_convolution(self) -> bool:
        """Whether it is a dense layer, which becomes a convolution with the same weights."""
        return is_dense(self.layer)


def is_dense(layer: keras.Operation) -> bool:
    """Return whether a layer computes what Keras's `Dense` computes, without quantization."""
    return (
        isinstance(layer, Dense)
        and type(layer).call is Dense.call
        and layer.quantization_mode is None
    )


def weights_of(layer: Dense) -> list[np.ndarray]:
    """Return the kernel, including that of LoRA, and the bias of a dense layer."""
    values = [layer.kernel, layer.bias] if layer.use_bias else [layer.kernel]
    return [np.asarray(value) for value in values]  # without NumPy's warning of a copy


def calls_after(model: keras.Model, flattening: Flatten, its_node: Any) -> list[Call]:
    """List the calls that depend on the output of Flatten.

    Args:
        model: the model.
        flattening: the Flatten layer.
        its_node: Keras's node of its call.

    Raises:
        ValueError: If one of them also takes other tensors or needs flattened maps.
    """
    (maps,), (flat,) = its_node.input_tensors, its_node.outputs
    size, order = tuple(maps.shape[1:3]), order_of(model)
    windows = {id(flat): size}  # by tensor
    calls = []
    for layer, node in order:
        if node is its_node or not node.input_tensors:
            continue
        tensors = [id(tensor) for tensor in node.input_tensors]
        found = [windows[tensor] for tensor in tensors if tensor in windows]
        if not found:
            continue
        if len({*found}) > 1 or len(found) < len(tensors):
            raise refused(
                model, layer, "joins the flattened maps, or their units, with other values"
            )
        window = found[0]
        calls.append(Call(layer, node, window))
        whole = window == size != (1, 1)
        if whole and not is_dense(layer) and getattr(layer, "weights", None):
            raise refused(model, layer, "has weights for each position of the flattened maps")
        after = (1, 1) if is_dense(layer) else window
        windows |= {id(tensor): after for tensor in node.outputs}
    if size != (1, 1) and any(windows.get(id(tensor)) == size for tensor in model.outputs):
        raise refused(model, flattening, "is an output without a dense layer after it")
    return calls


def check_before(model: keras.Model, net: keras.Model) -> None:
    """Reject a layer that computes with the whole image, as squeeze-and-excitation does.

    Args:
        model: the original model.
        net: the network for images of any size.
    """
    height, width = model.inputs[0].shape[1:3]
    sizes = [(n * height, n * width) for n in MANY]
    for name in layers_of_all_positions(net, *sizes):
        layer = flatten(net).node(name).operation
        raise refused(model, layer, "computes with the whole image, not with each window")


def refused(model: keras.Model, layer: keras.Operation, reason: object) -> ValueError:
    """Create the error for a layer that cannot be applied to each window, in one line."""
    kind, words = type(layer).__name__, " ".join(f"{reason}".split()).rstrip(".")
    return ValueError(
        "model must have only layers that can act on each window of a larger image; "
        f"{layer.name!r} ({kind}) of {model.name!r} {words}."
    )


def check_call(model: keras.Model, call: Call, new: keras.Operation) -> None:
    """Compare a layer of two flattened windows with its copy on the maps of both, side by side.

    Args:
        model: the original model.
        call: the call of the layer.
        new: its copy, or the convolution that replaces it.

    Raises:
        ValueError: If the results differ.
    """
    rng, (height, width) = np.random.default_rng(0), call.window
    apart, aside = {}, {}
    for tensor in call.node.input_tensors:
        units = tensor.shape[-1] // (height * width)
        values = rng.normal(size=(2, height, width, units))
        apart[id(tensor)] = keras.ops.cast(values.reshape(2, -1), tensor.dtype)
        values = np.concatenate([*values], axis=1)[None]
        aside[id(tensor)] = keras.ops.cast(values, tensor.dtype)
    differs = "gives another result on maps than on vectors: it must act on the last axis, -1"
    try:
        expected = _results(call.layer, call.node, apart)
        found = _results(new, call.node, aside)
        if call.becomes_convolution:
            found = [maps[:, :, ::width] for maps in found]  # where it covers one window
            height = width = 1
        found = [np.concatenate(np.split(maps, 2, axis=2)) for maps in found]
        close = all(
            a.shape == (2, height, width, b.shape[-1] // (height * width))
            and np.abs(a.reshape(2, -1) - b).max() <= SAME * np.abs(b).max()
            for a, b in zip(found, expected, strict=True)
        )
    except Exception as error:
        raise refused(model, call.layer, differs) from error
    if not close:
        raise refused(model, call.layer, differs)


def _results(layer: keras.Operation, node: Any, values: dict[int, Any]) -> list[np.ndarray]:
    args, kwargs = node.arguments.fill_in(values)
    results = keras.tree.flatten(layer(*args, **kwargs))
    return [keras.ops.convert_to_numpy(keras.ops.cast(x, "float32")) for x in results]
