"""Random networks with scores, for the methods of `kerascnn.visualize`."""

import keras
import numpy as np
from keras import layers, ops

from _fuzz.layers import SPARE, add_layer
from _fuzz.net import Net
from _fuzz.plain import SQUASHES, Plain, holder, last_function


def build(rng):
    """Build a random network and its model."""
    while True:
        net = Net(rng)
        net.bright, net.front = False, None
        for i in range(net.choose(1, 1, 1, 2, 3)):
            add_input(net, i)
        for _ in range(net.number(1, 9)):
            add_layer(net, SPARE)
        if len(net.tensors) > len(net.inputs):
            break
    some = net.tensors[len(net.inputs) :][-4:]
    heads = [end(net, net.choose(*some)) for _ in range(net.choose(1, 1, 1, 2, 3))]
    heads = list({id(h): h for h in heads}.values())
    net.finish(*heads)
    net.structure = net.choose("list", "list", "tuple", "dict")
    net.heads = [f"h{9 - i}" for i in range(len(heads))]
    outputs = heads
    if net.structure == "dict":
        outputs = dict(zip(net.heads, heads, strict=True))
        net.ends = [net.place(outputs[name]) for name in sorted(outputs)]
        net.heads = sorted(outputs)
    elif len(heads) == 1:
        outputs = heads[0]
    elif net.structure == "tuple":
        outputs = tuple(heads)
    net.in_logs = [ends_in_logs(net, place) for place in net.ends]
    return net, keras.Model(net.inputs, outputs)


def ends_in_logs(net, place):
    """Return whether an output is the logarithm of probabilities."""
    step = net.steps[place]
    while step and not step.inner and Plain.keeps(step.operation):
        step = net.steps[step.inputs[0]]
    while step and step.inner:
        step = step.inner.steps[step.inner.ends[0]]
    return step is not None and last_function(holder(step.operation)) in SQUASHES[2:]


def add_input(net, number):
    """Add an input, and layers that often come first."""
    chance = net.rng.random()
    if number and chance < 0.15:
        x = net.add_input((net.number(3, 8),), dtype="int32")
        net.call(layers.Embedding(10, net.number(1, 3), mask_zero=net.choose(True, False)), x)
        return
    shape = (net.number(8, 12), net.number(8, 12), net.number(1, 3)) if chance < 0.6 else None
    x = net.add_input(shape)
    chance = net.rng.random()
    if number == 0 and chance < 0.1:
        net.bright = True
        net.call(layers.Rescaling(1 / 255), x)
    elif chance < 0.2 and len(x.shape) == 4:
        net.call(net.choose(layers.RandomFlip("horizontal"), layers.RandomContrast(0.1)), x)
    elif chance < 0.3 and len(x.shape) == 3:
        net.call(layers.Masking(), x)
    elif chance < 0.25:
        net.call(layers.Normalization(mean=0.2, variance=0.5), x)


def end(net, x):
    """Add a head, which computes scores from a tensor."""
    rank = len(x.shape) - 2
    chance = net.rng.random()
    if chance < 0.1:
        return x
    if rank > 0 and chance < 0.7:
        pools = [layers.Flatten(), layers.Flatten()]
        if rank <= 3:
            pools.append(getattr(layers, f"GlobalAveragePooling{rank}D")())
        x = net.call(net.choose(*pools), x)
        if x is None:
            return net.tensors[-1]
    units = net.number(1, 4)
    function = net.choose(None, "softmax", "sigmoid", "log_softmax")
    if units == 1:
        function = net.choose(None, "sigmoid")
    apart = net.rng.random() < 0.3
    layer = layers.Dense(units, activation=None if apart else function)
    if rank > 0 and net.rng.random() < 0.3 and len(x.shape) > 2:
        layer = layers.TimeDistributed(layer)
    if net.rng.random() < 0.15:
        inside = Net(net.rng)
        y = inside.add_input(x.shape[1:], dtype=x.dtype)
        inside.call(layers.Dense(3, activation="relu"), y)
        made = inside.call(layer, inside.tensors[-1])
        if made is None:
            return net.tensors[-1]
        inside.finish(made)
        net.words.append(f"  model of {inside.words}")
        made = net.apply("model", keras.Model(y, made), x, inner=inside)
    else:
        made = net.call(layer, x)
    if made is None:
        return net.tensors[-1]
    if apart and function:
        if net.rng.random() < 0.5 or function == "log_softmax":
            made = net.call(layers.Activation(function), made)
        elif net.rng.random() < 0.5 and function == "softmax":
            made = net.call(layers.Softmax(), made)
        else:
            function = getattr(ops, function)
            made = net.apply(f"ops.{function.__name__}", lambda x: function(x), made)
    chance = net.rng.random()
    after = None
    if chance < 0.1:
        after = layers.Activation("linear", dtype="float32")
    elif chance < 0.2:
        after = net.choose(layers.Identity, layers.Flatten)() if len(made.shape) == 2 else None
    elif chance < 0.3 and units == 1 and len(made.shape) == 2:
        after = layers.Reshape(())
    if after:
        made = net.call(after, made)
    return net.tensors[-1] if made is None else made


def randomize(model, rng):
    """Draw weights that preserve the scale of the signal."""
    for v in model.variables:
        if "seed" in v.path or "float" not in str(v.dtype):
            continue
        name = v.path.rpartition("/")[-1]
        if "variance" in name:
            values = rng.uniform(0.5, 1.5, v.shape)
        elif name in ("gamma", "scale"):
            values = rng.uniform(0.6, 1.4, v.shape)
        elif len(v.shape) < 2:
            values = rng.normal(0, 0.3, v.shape)
        else:
            values = rng.normal(0, 1.2 / np.sqrt(np.prod(v.shape[:-1])), v.shape)
        if name in ("count", "mean"):
            continue
        v.assign(values)
