"""torchvision's `.pth` files: from the names and axes of PyTorch to those of Keras."""

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

WEIGHTS = {  # of a layer in Keras: of a module in PyTorch
    "kernel": "weight",
    "bias": "bias",
    "gamma": "weight",
    "beta": "bias",
    "moving_mean": "running_mean",
    "moving_variance": "running_var",
}
NOT_A_WEIGHT = "num_batches_tracked"  # a count that no output depends on
HEADS = ("classifier.", "fc.", "aux1.", "aux2.")  # left out where the model has none

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
    """Read a `.pth` file; code in it is not run.

    Returns:
        The tensors by their names in PyTorch.

    Raises:
        ImportError: PyTorch is not installed.
        OSError: the file is damaged, or holds code.
        MisfitError: it holds something else than named tensors.
    """
    try:
        import torch
    except ImportError as error:
        raise ImportError(
            f"PyTorch must be installed to read {path.name}; received: {error}. "
            'Run pip install "kerascnn[torch]".'
        ) from error
    if zipfile.is_zipfile(path):  # PyTorch itself does not look at the checksums
        with zipfile.ZipFile(path) as archive:
            if damaged := archive.testzip():
                raise OSError(f"the checksum of {damaged} in the archive is wrong")
    try:
        checkpoint = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        code = re.search(r"(?:GLOBAL|unsupported class) ([\w.]+)", str(error))
        reason = f"it holds code ({code[1]}), which is never run" if code else "it is damaged"
        raise OSError(
            f"{reason}; a .pth file must hold tensors alone, as torch.save(net.state_dict(), …) "
            "writes them"
        ) from error
    if not isinstance(checkpoint, Mapping) or not all(
        isinstance(value, torch.Tensor) for value in checkpoint.values()
    ):
        raise MisfitError(
            "it must hold named tensors alone, as torch.save(net.state_dict(), …) writes them."
        )
    for name, tensor in checkpoint.items():
        if tensor.is_complex():
            raise MisfitError(f"it must hold real numbers; '{name}' is complex.")
    return checkpoint


def pairs_of_checkpoint(
    model: keras.Model, checkpoint: Mapping[str, "torch.Tensor"], architecture: str
) -> list[Pair]:
    """Put a model's weights and torchvision's, brought to Keras's axes, side by side.

    Args:
        model: a model of one of the architectures in `MODULES`.
        checkpoint: the tensors of torchvision's net by their names.
        architecture: the builder's name without "build_".

    Raises:
        MisfitError: the file holds the weights of another network.
    """
    if architecture not in MODULES:
        raise MisfitError(
            f"PyTorch's files can be read for {', '.join(MODULES)}, not for {architecture}."
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
    """The maps (H, W, C) that a layer sees flattened, whose channels PyTorch has first."""
    before = layer.input._keras_history.operation
    while isinstance(before, keras.layers.Dropout):
        before = before.input._keras_history.operation
    return tuple(before.input.shape[1:]) if isinstance(before, keras.layers.Flatten) else None


def _to_keras(tensor: "torch.Tensor", maps: tuple[int, int, int] | None) -> np.ndarray:
    """Bring the axes of a weight into Keras's order, without a copy where possible."""
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
    """Number the features: a convolution, its ReLU, and a pooling layer count one each."""
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


# What gives, for the names of a model's layers, those of torchvision's modules.
MODULES: dict[str, Callable[[Iterable[str]], dict[str, str]]] = {
    "alexnet": _alexnet,
    **dict.fromkeys(("vgg11", "vgg13", "vgg16", "vgg19"), _vgg),
    "googlenet": _googlenet,
    **dict.fromkeys(("resnet18", "resnet34", "resnet50", "resnet101", "resnet152"), _resnet),
}
