"""Architectures against the graphs in the onnx package, which ships them without weights."""

import re
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import keras
import numpy as np

import kerascnn as kc

from . import Certificate, nets
from .architectures import matched

# onnx 1.23 normalizes only as many channels as there are images.
OWN_LRN = "onnx's evaluator has a wrong LRN, which is replaced by the operator's definition"
WHY_LRN = f"the graph's k = 1 and α/5 are replaced by the paper's k = 2 and α; {OWN_LRN}"
WHY_POOLS = (
    "the graph rounds the sizes of pooled maps down, which makes no difference at 222x222; "
    f"{OWN_LRN}"
)
WHY_NORMS = (
    "onnx's evaluator mixes in the statistics of the image, which is replaced by the operator's "
    "definition for inference"
)


def _alexnet(layer: str) -> str:
    return "fc8" if layer == "predictions" else layer


def _vgg(layer: str) -> str:
    heads = {"fc1": "fc6", "fc2": "fc7", "predictions": "fc8"}
    return heads.get(layer) or re.sub(r"block(\d)_conv(\d)", r"conv\1_\2", layer)


def _googlenet(layer: str) -> str:
    if layer == "predictions":
        return "loss3/classifier"
    return re.sub(r"^(conv\d|inception_\d\w)_", r"\1/", layer)


def _resnet(layer: str) -> str:
    if layer == "predictions":
        return "gpu_0/pred"
    if found := re.fullmatch(r"conv1_(conv|bn)", layer):
        return {"conv": "gpu_0/conv1", "bn": "gpu_0/res_conv1_bn"}[found[1]]
    stage, block, number, kind = re.fullmatch(r"conv(\d)_block(\d)_(\d)_(conv|bn)", layer).groups()
    branch = {"0": "branch1", "1": "branch2a", "2": "branch2b", "3": "branch2c"}[number]
    end = "_bn" * (kind == "bn")
    return f"gpu_0/res{stage}_{int(block) - 1}_{branch}{end}"


# Graph, builder, its options, the size of the images, from a layer to the graph's name, and why.
GRAPHS = {
    "AlexNet": ("bvlc_alexnet", "alexnet", {"variant": "paper"}, 227, _alexnet, WHY_LRN),
    "VGG19": ("vgg19", "vgg19", {}, 224, _vgg, ""),
    "Inception-v1": ("inception_v1", "googlenet", {"variant": "paper"}, 222, _googlenet, WHY_POOLS),
    "ResNet-50": ("resnet50", "resnet50", {"variant": "v1.5"}, 224, _resnet, WHY_NORMS),
}
ENDS = {  # of the graph's names
    "kernel": "w_0", "bias": "b_0", "gamma": "s_0", "beta": "b_0", "moving_mean": "rm_0",
    "moving_variance": "riv_0",
}  # fmt: skip


def certificates() -> Iterator[Certificate]:
    """Each graph that we have a builder for."""
    for name, (*graph, why) in GRAPHS.items():
        compare = partial(against_graph, *graph)
        yield Certificate("Architectures", "every layer", graph[1], f"onnx, {name}", compare, why)


def against_graph(
    file: str, builder: str, options: dict, size: int, rename: Callable, why: str = ""
) -> dict[str, tuple]:
    """Give the graph random weights, and us the same."""
    import onnx
    from onnx.reference import ReferenceEvaluator

    folder = Path(onnx.__file__).parent / "backend" / "test" / "data" / "light"
    graph = onnx.load(folder / f"light_{file}.onnx")
    weights = filled(graph, size)
    model = nets.empty(lambda: kc.models.build(builder, input_shape=(size, size, 3), **options))
    used = copy_weights(model, weights, rename)
    if left := set(weights) - used:
        raise ValueError(f"{file}: the graph also has {sorted(left)}.")
    images = nets.pictures(1, size, size, 3)
    evaluator = ReferenceEvaluator(graph, new_ops=operators())
    feeds = {graph.graph.input[0].name: images.transpose(0, 3, 1, 2)}
    values = evaluator.run(None, feeds, intermediate=True)
    arrays = [nets.last(v) for v in values.values() if np.ndim(v) in (2, 4)]
    return matched(model, images, arrays)


def operators() -> list[type]:
    """Return operators that replace onnx's own: two as they are defined, and two quick ones."""
    import torch
    from onnx.reference.op_run import OpRun
    from torch.nn import functional

    def padded(x: np.ndarray, pads: Any, value: float) -> torch.Tensor:
        top, left, bottom, right = pads or (0, 0, 0, 0)
        return functional.pad(torch.tensor(x), (left, right, top, bottom), value=value)

    class LRN(OpRun):
        op_domain = ""

        def _run(self, x, alpha=None, beta=None, bias=None, size=None):
            half = (size - 1) // 2
            squares = np.pad(x**2, ((0, 0), (half, size - 1 - half), (0, 0), (0, 0)))
            sums = sum(squares[:, i : i + x.shape[1]] for i in range(size))
            return ((x / (bias + alpha / size * sums) ** beta).astype(x.dtype),)

    class BatchNormalization(OpRun):
        op_domain = ""

        def _run(self, x, scale, bias, mean, variance, epsilon=None, **_):
            factor = scale / np.sqrt(variance + epsilon)
            y = (x - mean[:, None, None]) * factor[:, None, None] + bias[:, None, None]
            return (y.astype(x.dtype),)

    class Conv(OpRun):
        op_domain = ""

        def _run(self, x, kernel, bias=None, pads=None, strides=None, group=None, **_):
            bias = bias if bias is None else torch.tensor(bias)
            x, kernel = padded(x, pads, 0.0), torch.tensor(kernel)
            y = functional.conv2d(x, kernel, bias, tuple(strides or (1, 1)), groups=group or 1)
            return (y.numpy(),)

    class MaxPool(OpRun):
        op_domain = ""

        def _run(self, x, kernel_shape=None, pads=None, strides=None, **_):
            x = padded(x, pads, -torch.inf)
            return (functional.max_pool2d(x, tuple(kernel_shape), tuple(strides)).numpy(),)

    return [LRN, BatchNormalization, Conv, MaxPool]


def filled(model: Any, size: int) -> dict[str, np.ndarray]:
    """Replace what stands for the weights in a graph by random ones, and return them by name."""
    from onnx import numpy_helper

    graph = model.graph
    constants = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}
    rng, weights = np.random.default_rng(0), {}
    for node in [n for n in graph.node if n.op_type == "ConstantOfShape"]:
        (name,), shape = node.output, constants[node.input[0]]
        weights[name] = _drawn(rng, name, tuple(shape))
        graph.initializer.append(numpy_helper.from_array(weights[name], name))
        graph.node.remove(node)
    ends = tuple(set(ENDS.values()))  # small ones have values
    for tensor in [t for t in graph.initializer if t.name.endswith(ends) and t.name in constants]:
        weights[tensor.name] = _drawn(rng, tensor.name, tuple(tensor.dims))
        tensor.CopyFrom(numpy_helper.from_array(weights[tensor.name], tensor.name))
    for entry in [e for e in graph.input if e.name in constants]:
        graph.input.remove(entry)
    for axis, length in zip(
        graph.input[0].type.tensor_type.shape.dim, (1, 3, size, size), strict=True
    ):
        axis.dim_value = length
    for node in graph.node:
        if node.op_type == "LRN" and graph.input[0].name == "data_0" and size == 227:
            constants_of_paper = {"bias": 2.0, "alpha": 5 * 1e-4}
            for attribute in node.attribute:
                attribute.f = constants_of_paper.get(attribute.name, attribute.f)
    return weights


def _drawn(rng: np.random.Generator, name: str, shape: tuple) -> np.ndarray:
    """Draw values that keep activations within bounds."""
    if name.endswith(("_s_0", "_riv_0")):
        return rng.uniform(0.5, 1.5, shape).astype("float32")
    scale = (2 / np.prod(shape[1:])) ** 0.5 if len(shape) > 1 else 0.1
    return np.float32(scale) * rng.standard_normal(shape, "float32")


def copy_weights(model: keras.Model, weights: dict[str, np.ndarray], rename: Callable) -> set[str]:
    """Copy the graph's weights into a model, and return the names of those that it has taken."""
    import torch

    from kerascnn.weights import _torch

    used = set()
    for layer in model.layers:
        for variable in layer.weights:
            name = f"{rename(layer.name)}_{ENDS[variable.name]}"
            if name in weights:
                tensor = torch.from_numpy(weights[name])
                if tensor.ndim > len(variable.shape) == 2:  # (1, 1, units, inputs)
                    tensor = tensor.reshape(*variable.shape[::-1])
                variable.assign(_torch._to_keras(tensor, _torch._flattened(layer)))
                used.add(name)
            elif variable.name != "bias":
                raise ValueError(f"{layer.name}: the graph has no {name}.")
    return used
