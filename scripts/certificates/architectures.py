"""Architectures against torchvision and keras.applications: every layer's output."""

from collections.abc import Iterator
from functools import partial
from typing import Any

import keras
import numpy as np

import kerascnn as kc

from . import Certificate, nets

# Name of our builder and torchvision's function, options of each, and the size of the images.
TORCHVISION = {
    "alexnet": ({"variant": "torchvision"}, {}, 224),
    "googlenet": ({"variant": "torchvision"}, {"aux_logits": False, "init_weights": False}, 224),
    **{f"resnet{depth}": ({"variant": "v1.5"}, {}, 64) for depth in (18, 34, 50)},
    "vgg11": ({}, {}, 224),
}
KERAS = {"vgg16": "VGG16", "resnet50": "ResNet50"}
# Other depths of these, by the same code and another row of its table; they would take a minute.
OTHER_DEPTHS = ("vgg13", "resnet101", "resnet152")
# These only rearrange, pad or pass on their input; the layer behind them is compared.
SILENT = ("InputLayer", "ZeroPadding2D", "Flatten", "Dropout", "Reshape")


def certificates() -> Iterator[Certificate]:
    """Each network and its peers."""
    for name in TORCHVISION:
        compare = partial(against_torchvision, name)
        yield Certificate("Architectures", "every layer", name, "torchvision", compare)
    for name in KERAS:
        compare = partial(against_keras, name)
        yield Certificate("Architectures", "every layer", name, "keras.applications", compare)


def against_torchvision(name: str) -> dict[str, tuple]:
    """Compare with all that the peer computes, operation by operation."""
    import torch

    options, of_peer, size = TORCHVISION[name]
    net = nets.randomized(nets.unset(name, **of_peer))
    model = nets.copied(net, name, input_shape=(size, size, 3), **options)
    check_parameters(model, sum(p.numel() for p in net.parameters()))
    images = nets.pictures(1, size, size, 3)
    values = recorded(net, torch.from_numpy(images.transpose(0, 3, 1, 2).copy()))
    return matched(model, images, values)


def against_keras(name: str) -> dict[str, tuple]:
    """Compare layers of the same name."""
    size = 64
    options = {"input_shape": (size, size, 3), "weights": None, "include_top": False}
    model = nets.empty(lambda: kc.models.build(name, **options))
    peer = nets.empty(lambda: getattr(keras.applications, KERAS[name])(**options))
    check_parameters(model, peer.count_params() - non_trainable(peer))
    rng = np.random.default_rng(0)
    for layer in model.layers:
        for variable, other in zip(layer.weights, peer_weights(peer, layer), strict=True):
            value = drawn(rng, variable)
            variable.assign(value)
            other.assign(value)
    images = nets.pictures(1, size, size, 3)
    shared = [layer.name for layer in model.layers if compared(layer)]
    ours, theirs = (
        dict(zip(shared, outputs(m, shared, images), strict=True)) for m in (model, peer)
    )
    return {layer: (ours[layer], theirs[layer]) for layer in shared}


def peer_weights(peer: keras.Model, layer: keras.layers.Layer) -> list[keras.Variable]:
    """Return the weights of the peer's layer of the same name."""
    return peer.get_layer(layer.name).weights if layer.weights else []


def non_trainable(model: keras.Model) -> int:
    """Count the weights that are not trained."""
    return sum(int(np.prod(v.shape)) for v in model.non_trainable_variables)


def check_parameters(model: keras.Model, expected: int) -> None:
    """Refuse another number of parameters to train than the peer's."""
    ours = sum(int(np.prod(v.shape)) for v in model.trainable_variables)
    if ours != expected:
        raise ValueError(f"{model.name}: {ours:,} parameters; the peer has {expected:,}.")


def drawn(rng: np.random.Generator, variable: keras.Variable) -> np.ndarray:
    """Draw values that keep activations within bounds."""
    shape = tuple(variable.shape)
    if variable.name in ("gamma", "moving_variance"):
        return rng.uniform(0.5, 1.5, shape).astype("float32")
    scale = (2 / np.prod(shape[:-1])) ** 0.5 if len(shape) > 1 else 0.1
    return np.float32(scale) * rng.standard_normal(shape, "float32")


def recorded(net: Any, images: Any) -> list[np.ndarray]:
    """Run a network of PyTorch, and keep the result of each operation, channels last."""
    import torch
    from torch.utils._python_dispatch import TorchDispatchMode

    values = []

    class Record(TorchDispatchMode):
        def __torch_dispatch__(
            self, operation: Any, types: Any, args: Any = (), kwargs: Any = None
        ):
            result = operation(*args, **(kwargs or {}))
            first = result[0] if isinstance(result, tuple) else result
            if isinstance(first, torch.Tensor) and first.ndim in (2, 4):
                values.append(first.detach().clone())  # later operations may overwrite it
            return result

    with torch.no_grad(), Record():
        net(images)
    return [nets.last(value) for value in values]


def compared(layer: keras.layers.Layer) -> bool:
    """Whether a layer computes something that a peer computes too."""
    return type(layer).__name__ not in SILENT


def outputs(model: keras.Model, names: list[str], images: np.ndarray) -> list[np.ndarray]:
    """Compute the outputs of layers by their names."""
    layers = [model.get_layer(name).output for name in names]
    found = keras.Model(model.inputs[0], layers)(images, training=False)  # not compiled: run once
    return [np.asarray(value) for value in found]


def matched(model: keras.Model, images: np.ndarray, values: list[np.ndarray]) -> dict[str, tuple]:
    """Pair each layer's output with the result of the peer that is closest to it.

    Results of random weights are alike by chance nowhere, so no table of names is needed: a layer
    that computes anything else has no match.
    """
    found = {}
    names = [layer.name for layer in model.layers if compared(layer)]
    for name, ours in zip(names, outputs(model, names, images), strict=True):
        shapes = ours.shape, _flat(ours)
        alike = [v for v in values if v.size == ours.size and v.shape in shapes]
        if not alike:
            raise ValueError(f"{name}: nothing in the peer has the shape {ours.shape}.")
        few = slice(None, None, max(1, ours.size // 1000))
        theirs = min(alike, key=lambda v: np.abs(v.ravel()[few] - ours.ravel()[few]).max())
        found[name] = ours, theirs.reshape(ours.shape)
    return found


def _flat(array: np.ndarray) -> tuple:
    """The shape of maps of one pixel without their height and width, and the other way round."""
    return (len(array), 1, 1, array.shape[-1]) if array.ndim == 2 else (len(array), array.shape[-1])
