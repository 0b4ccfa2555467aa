"""torchvision's `.pth` files: conversion from PyTorch's names and axes to Keras's."""

import math
import pickle
import re
import zipfile
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import keras
import numpy as np

from ._pairing import MisfitError, Pair, pair, refuse_more

if TYPE_CHECKING:
    import torch

WEIGHTS = {  # name in a Keras layer: name in a PyTorch module
    "kernel": "weight",
    "bias": "bias",
    "gamma": "weight",
    "beta": "bias",
    "moving_mean": "running_mean",
    "moving_variance": "running_var",
}
NOT_A_WEIGHT = "num_batches_tracked"  # a counter that does not affect the output
HEADS = ("classifier.", "fc.", "aux1.", "aux2.")  # ignored if the model does not have them

ALEXNET = {
    "conv1": "features.0",
    "conv2": "features.3",
    "conv3": "features.6",
    "conv4": "features.8",
    "conv5": "features.10",
    "fc6": "classifier.1",
    "fc7": "classifier.4",
    "predictions": "classifier.6",
}
VGG_HEAD = {"fc1": "classifier.0", "fc2": "classifier.3", "predictions": "classifier.6"}
GOOGLENET = {
    "conv1_7x7_s2": "conv1",
    "conv2_3x3_reduce": "conv2",
    "conv2_3x3": "conv3",
    "loss1_conv": "aux1.conv",
    "loss2_conv": "aux2.conv",
    "loss1_fc": "aux1.fc1",
    "loss2_fc": "aux2.fc1",
    "loss1_classifier": "aux1.fc2",
    "loss2_classifier": "aux2.fc2",
    "predictions": "fc",
}
INCEPTION = {
    "1x1": "branch1",
    "3x3_reduce": "branch2.0",
    "3x3": "branch2.1",
    "5x5_reduce": "branch3.0",
    "5x5": "branch3.1",  # 3x3 in torchvision
    "pool_proj": "branch4.1",
}
RESNET = {"conv1_conv": "conv1", "conv1_bn": "bn1", "predictions": "fc"}


def read_checkpoint(path: Path) -> Mapping[str, "torch.Tensor"]:
    """Read a `.pth` file, without running any code in it.

    Returns:
        The tensors, by their names in PyTorch.

    Raises:
        ImportError: If PyTorch is not installed.
        OSError: If the file is damaged or contains code.
        MisfitError: If the file contains anything other than named tensors.
    """
    try:
        import torch
    except ImportError as error:
        raise ImportError(
            f"PyTorch must be installed to read {path.name}; received: {error}. "
            'Run pip install "kerascnn[torch]".'
        ) from error
    if zipfile.is_zipfile(path):  # PyTorch itself does not verify the checksums
        with zipfile.ZipFile(path) as archive:
            if damaged := archive.testzip():
                raise OSError(f"the checksum of {damaged} in the archive is wrong")
    try:
        checkpoint = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        code = re.search(r"(?:GLOBAL|unsupported class) ([\w.]+)", str(error))
        reason = f"it contains code ({code[1]}), which is never run" if code else "it is damaged"
        raise OSError(
            f"{reason}; a .pth file must contain only tensors, as saved by "
            "torch.save(net.state_dict(), …)"
        ) from error
    if not isinstance(checkpoint, Mapping) or not all(
        isinstance(value, torch.Tensor) for value in checkpoint.values()
    ):
        raise MisfitError(
            "it must contain only named tensors, as saved by torch.save(net.state_dict(), …)."
        )
    for name, tensor in checkpoint.items():
        if tensor.is_complex():
            raise MisfitError(f"it must contain real numbers; '{name}' is complex.")
    return checkpoint


def pairs_of_checkpoint(
    model: keras.Model, checkpoint: Mapping[str, "torch.Tensor"], architecture: str
) -> list[Pair]:
    """Pair the weights of a model with torchvision's, converted to Keras's axes.

    Args:
        model: a model of one of the architectures in `MODULES`.
        checkpoint: the tensors of torchvision's model, by name.
        architecture: the name of the builder without `build_`.

    Raises:
        MisfitError: If the weights in the file do not fit the model.
    """
    if architecture not in MODULES:
        raise MisfitError(
            f".pth files can be read for {', '.join(MODULES)}, not for {architecture}."
        )
    tensors = {name: t for name, t in checkpoint.items() if not name.endswith(NOT_A_WEIGHT)}
    layers = {layer.name: layer.weights for layer in model.layers if layer.weights}
    modules = MODULES[architecture](layer.name for layer in model.layers)
    pairs, used = [], set()
    for layer, variables in layers.items():
        names = [f"{modules.get(layer)}.{WEIGHTS.get(v.name, v.name)}" for v in variables]
        used.update(names)
        maps = _flattened(model.get_layer(layer))
        stored = [_to_keras(tensors[n], maps) for n in names if n in tensors]
        pairs += pair(layer, variables, stored)
    refuse_more({n: [t] for n, t in tensors.items() if n not in used and not n.startswith(HEADS)})
    return pairs


def _flattened(layer: keras.layers.Layer) -> tuple[int, int, int] | None:
    """Return the shape (H, W, C) of the maps that are flattened into the input of a layer, if any.

    PyTorch flattens them with the channels first.
    """
    before = layer.input._keras_history.operation
    while isinstance(before, keras.layers.Dropout):
        before = before.input._keras_history.operation
    return tuple(before.input.shape[1:]) if isinstance(before, keras.layers.Flatten) else None


def _to_keras(tensor: "torch.Tensor", maps: tuple[int, int, int] | None) -> np.ndarray:
    """Reorder the axes of a weight as in Keras, without a copy where possible."""
    w = tensor.detach().float().numpy()
    if w.ndim == 4:  # (out, in, height, width) -> (height, width, in, out)
        return w.transpose(2, 3, 1, 0)
    if w.ndim != 2:
        return w
    if maps is None or math.prod(maps) != w.shape[1]:
        return w.T
    height, width, channels = maps  # (out, C·H·W) -> (H·W·C, out)
    w = w.reshape(-1, channels, height, width)
    return w.transpose(2, 3, 1, 0).reshape(-1, len(w))


def _alexnet(layers: Iterable[str]) -> dict[str, str]:
    return ALEXNET


def _vgg(layers: Iterable[str]) -> dict[str, str]:
    """Number the features: each convolution, ReLU and pooling layer counts as one."""
    modules, index = dict(VGG_HEAD), 0
    for layer in layers:
        if re.fullmatch(r"block\d_conv\d", layer):
            modules[layer] = f"features.{index}"
            index += 2
        elif re.fullmatch(r"block\d_pool", layer):
            index += 1
    return modules


def _googlenet(layers: Iterable[str]) -> dict[str, str]:
    modules = {}
    for layer in layers:
        unit, kind = layer, ""
        if part := re.fullmatch(r"(.+)_(conv|bn)", layer):
            unit, kind = part[1], f".{part[2]}"
        if unit in GOOGLENET:
            modules[layer] = GOOGLENET[unit] + kind
        elif (part := re.fullmatch(r"inception_(\d\w)_(\w+)", unit)) and part[2] in INCEPTION:
            modules[layer] = f"inception{part[1]}.{INCEPTION[part[2]]}{kind}"
    return modules


def _resnet(layers: Iterable[str]) -> dict[str, str]:
    modules = dict(RESNET)
    for layer in layers:
        if part := re.fullmatch(r"conv(\d)_block(\d+)_(\d)_(conv|bn)", layer):
            block = f"layer{int(part[1]) - 1}.{int(part[2]) - 1}"
            number, kind = part[3], part[4]
            shortcut = f"downsample.{('conv', 'bn').index(kind)}"
            modules[layer] = f"{block}.{shortcut if number == '0' else kind + number}"
    return modules


# Functions from the names of a model's layers to those of torchvision's modules.
MODULES: dict[str, Callable[[Iterable[str]], dict[str, str]]] = {
    "alexnet": _alexnet,
    **dict.fromkeys(("vgg11", "vgg13", "vgg16", "vgg19"), _vgg),
    "googlenet": _googlenet,
    **dict.fromkeys(("resnet18", "resnet34", "resnet50", "resnet101", "resnet152"), _resnet),
}
