"""The same network in Keras and PyTorch, with the same random weights."""

import contextlib
import importlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import keras
import numpy as np

import kerascnn as kc
from kerascnn.weights import _torch

CLASS = 3
_libraries: list = []  # definitions live as long as their library


@dataclass(frozen=True, eq=False)
class Pair:
    """A network twice, and images for both.

    Attributes:
        model: in Keras, with logits as output.
        net: in PyTorch, for inference.
        images: (N, H, W, C) float32.
        layers: three activation maps from early to late: the name here, the module there.
        patch: size in pixels of a part of the images, whose size is a multiple of it.
    """

    model: keras.Model
    net: Any
    images: np.ndarray
    layers: dict[str, Any]
    patch: int

    @property
    def tensor(self) -> Any:
        """The images for PyTorch, (N, C, H, W)."""
        import torch

        return torch.from_numpy(self.images.transpose(0, 3, 1, 2).copy())


def last(tensor: Any) -> np.ndarray:
    """Return a tensor with channels last, as NumPy array."""
    array = tensor.detach().numpy() if hasattr(tensor, "detach") else np.asarray(tensor)
    return array.transpose(0, *range(2, array.ndim), 1) if array.ndim > 2 else array


def randomized(net: Any) -> Any:
    """Draw weights that keep activations within bounds; normalizations are no identities."""
    import torch

    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for name, tensor in net.state_dict().items():
            if tensor.ndim > 1:
                fan_in = tensor[0].numel()
                tensor.normal_(0, (2 / fan_in) ** 0.5, generator=generator)
            elif "running_var" in name or name.endswith("weight"):
                tensor.uniform_(0.5, 1.5, generator=generator)
            elif tensor.is_floating_point():
                tensor.normal_(0, 0.1, generator=generator)
    for module in net.modules():
        if isinstance(module, torch.nn.ReLU):
            module.inplace = False  # captum and pytorch-grad-cam read its input and output
    return net.eval()


def copied(net: Any, architecture: str, **options: Any) -> keras.Model:
    """Build a network of kerascnn with the weights of torchvision's."""
    model = empty(lambda: kc.models.build(architecture, classifier_activation=None, **options))
    for variable, stored in _torch.pairs_of_checkpoint(model, net.state_dict(), architecture):
        variable.assign(stored)
    return model


def empty(build: Callable[[], keras.Model]) -> keras.Model:
    """Build a network with zeros as weights, which takes no time to draw."""
    zeros = keras.initializers.Zeros()
    real = keras.initializers.VarianceScaling.__call__, keras.initializers.RandomNormal.__call__
    kinds = keras.initializers.VarianceScaling, keras.initializers.RandomNormal
    for kind in kinds:
        kind.__call__ = lambda self, shape, dtype=None: zeros(shape, dtype)
    try:
        return build()
    finally:
        for kind, call in zip(kinds, real, strict=True):
            kind.__call__ = call


def pictures(*shape: int) -> np.ndarray:
    """Random images, (N, H, W, C)."""
    return np.random.default_rng(0).normal(size=shape).astype("float32")


@cache
def small() -> Pair:
    """Convolutions with strides, padding, and normalization."""
    import torch
    from torch import nn

    torch.manual_seed(0)
    net = nn.Sequential(
        *(nn.Conv2d(3, 8, 5, 2, 2), nn.BatchNorm2d(8), nn.ReLU()),
        *(nn.Conv2d(8, 12, 3, 1, 1, bias=False), nn.BatchNorm2d(12), nn.ReLU()),
        nn.MaxPool2d(2),
        *(nn.Conv2d(12, 16, 3, 2, 1), nn.ReLU()),
        *(nn.Flatten(), nn.Linear(16 * 4 * 3, 24), nn.ReLU(), nn.Linear(24, 10)),
    )
    layers = keras.layers
    conv1 = layers.Conv2D(8, 5, 2, name="conv1")
    conv2 = layers.Conv2D(12, 3, padding="same", use_bias=False, name="conv2")
    conv3 = layers.Conv2D(16, 3, 2, activation="relu", name="conv3")
    norms = [layers.BatchNormalization(epsilon=1e-5, name=f"norm{i}") for i in (1, 2)]
    dense = [layers.Dense(24, activation="relu"), layers.Dense(10)]
    x = inputs = keras.Input((32, 24, 3))
    x = layers.ReLU(name="relu1")(norms[0](conv1(layers.ZeroPadding2D(2)(x))))
    x = layers.ReLU(name="relu2")(norms[1](conv2(x)))
    x = layers.MaxPooling2D(2)(x)
    x = conv3(layers.ZeroPadding2D(1)(x))
    outputs = dense[1](dense[0](layers.Flatten()(x)))
    model = keras.Model(inputs, outputs)
    randomized(net)
    weights = [w.numpy() for w in net.state_dict().values() if w.ndim]
    weights = [w.transpose(2, 3, 1, 0) if w.ndim == 4 else w.T for w in weights]
    position = next(i for i, w in enumerate(weights) if w.shape == (16 * 4 * 3, 24))
    maps = weights[position].reshape(16, 4, 3, 24)  # PyTorch flattens channels first
    weights[position] = maps.transpose(1, 2, 0, 3).reshape(-1, 24)
    model.set_weights(weights)
    maps = {"relu1": net[2], "relu2": net[5], "conv3": net[8]}
    return Pair(model, net, pictures(2, 32, 24, 3), maps, 8)


@cache
def alexnet() -> Pair:
    """AlexNet as in torchvision, on images of 128x128."""
    net = randomized(unset("alexnet"))
    model = copied(net, "alexnet", variant="torchvision", input_shape=(128, 128, 3))
    layers = {"conv1": net.features[1], "conv3": net.features[7], "conv5": net.features[11]}
    return Pair(model, net, pictures(1, 128, 128, 3), layers, 32)


@cache
def resnet18() -> Pair:
    """ResNet-18 as in torchvision, on images of 64x32.

    Its pooling is padded with −∞, ours with 0, as in Keras. After a ReLU that is the same, except
    that zeros of the padding may be the maximum where there are no others.
    """
    from torch import nn

    net = unset("resnet18")
    net.maxpool = nn.Sequential(nn.ZeroPad2d(1), nn.MaxPool2d(3, 2))
    net = randomized(net)
    model = copied(net, "resnet18", variant="v1.5", input_shape=(64, 32, 3))
    stages = {1: net.layer2[1], 2: net.layer3[1], 3: net.layer4[1]}
    layers = {f"conv{i + 2}_block2_out": module for i, module in stages.items()}
    return Pair(model, net, pictures(1, 64, 32, 3), layers, 16)


def unset(name: str, **options: Any) -> Any:
    """Build a network of torchvision without drawing weights, which takes long."""
    import torch

    with torch.device("meta"):
        net = getattr(torchvision().models, name)(weights=None, **options)
    return net.to_empty(device="cpu")


def torchvision() -> Any:
    """Import torchvision, whose compiled part cannot be loaded beside a PyTorch without CUDA.

    Its import needs the names of two operations of that part, which are for detection.
    """
    import torch

    with contextlib.suppress(RuntimeError):
        return importlib.import_module("torchvision")
    library = torch.library.Library("torchvision", "FRAGMENT")
    for name in ("nms", "qnms"):
        library.define(f"{name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    _libraries.append(library)
    return importlib.import_module("torchvision")
