"""Compare `describe` with measurements on random networks.

    python scripts/fuzz_describe.py --minutes 10 --seed 0

Networks contain some 60 kinds of layers. They can be nested, share layers, have several inputs and
outputs, and have channels first or last. These values are compared:

- parameters: with the model's `count_params()`;
- receptive fields: each pixel of the input is changed, and the units that change with it are
  recorded. A field may be larger than that, especially at the border, but never smaller. The number
  of layers with a unit that sees its whole field is printed at the end;
- MACs: with the matrix products and convolutions in TensorFlow's graph of the network.

Findings are printed with the calls that build the network; `--one N` runs a single network again.
"""

import argparse
import math
import time
import warnings
from collections import Counter

import keras
import numpy as np
import tensorflow as tf
from _fuzz.layers import add_layer
from _fuzz.net import Net

from kerascnn._describe.describe_model import describe, followed
from kerascnn._describe.fields import sees
from kerascnn._graph import flatten, run

NOWHERE = 1_000_000  # the first pixel for units that see none, since inputs differ in size
LOOKED_AT = 4_000_000  # maximum number of values for all changed pixels, to skip larger networks


def build(seed):
    """Build a random model; also return its calls."""
    keras.utils.set_random_seed(seed)
    net = Net(np.random.default_rng(seed), ("channels_last", "channels_last", "channels_first"))
    for _ in range(net.choose(1, 1, 1, 2, 2, 3)):
        net.add_input()
    for _ in range(net.number(2, 14)):
        add_layer(net)
    ends = net.tensors[-net.number(1, 2) :]
    return keras.Model(net.inputs, ends), net.words


# Measurements


def positive(model, rng):
    """Draw positive weights, so that no pixel is lost or canceled."""
    for v in model.variables:
        if "seed" not in v.path and "float" in str(v.dtype):
            v.assign(rng.uniform(0.5, 1.5, v.shape) / max(math.prod(v.shape[:-1]), 1))


def supports(model, graph, rng, space):
    """Find the first and last pixel that affects each unit, for each tensor and spatial axis."""
    base = [rng.uniform(0.5, 1, (1, *t.shape[1:])) for t in model.inputs]
    keys = [k for n in graph.nodes if not n.is_input for k in n.outputs]

    def compute(batch):
        values = graph.evaluate([tf.constant(b) for b in batch], run, until=tuple(keys))
        return {k: np.asarray(values[k], "float64") for k in keys}

    own = compute(base)
    # TensorFlow resizes in single precision, and rounding depends on the position in the batch.
    single = any(type(n.operation).__name__ in ("Resizing", "UpSampling2D") for n in graph.nodes)
    least = 1e-6 if single else 1e-13
    found = {k: {} for k in keys}
    for i, axes in enumerate(space):
        for axis in axes:
            n = base[i].shape[axis]
            hits = {k: np.zeros((n, *own[k].shape[1:]), bool) for k in keys}
            for push in (0.7, -0.4, 3.0):
                moved = np.repeat(base[i], n, axis=0)
                for p in range(n):
                    at = (p, *(slice(None),) * (axis - 1), p)
                    moved[at] += push * rng.uniform(0.5, 1, moved[at].shape)
                batch = [np.repeat(b, n, axis=0) for b in base]
                batch[i] = moved
                made = compute(batch)
                for k in keys:
                    scale = np.nanmax(np.abs(own[k]), initial=1e-30)
                    hits[k] |= np.abs(made[k] - own[k]) > least * scale
            for k in keys:
                seen = hits[k].any(axis=0)
                first = np.where(seen, hits[k].argmax(axis=0), NOWHERE)
                last = np.where(seen, n - 1 - hits[k][::-1].argmax(axis=0), -1)
                found[k][i, axis] = first, last
    return found


PRODUCTS = {
    "MatMul", "BatchMatMulV2", "Einsum", "Conv2D", "Conv3D", "DepthwiseConv2dNative",
    "Conv2DBackpropInput", "Conv3DBackpropInputV2",
}  # fmt: skip


def products(model):
    """Count multiply-adds of the matrix products and convolutions in TensorFlow's graph."""
    signature = [tf.TensorSpec((1, *t.shape[1:]), t.dtype) for t in model.inputs]
    try:
        function = tf.function(lambda *x: model(list(x), training=False))
        function = function.get_concrete_function(*signature)
    except ValueError:  # only in eager mode, TensorFlow computes some windows that do not fit
        return None
    count = 0
    for op in function.graph.get_operations():
        if op.type in ("While", "StatelessWhile", "PartitionedCall", "StatefulPartitionedCall"):
            return None  # its contents are not counted
        if op.type == "SpaceToBatchND":
            return None  # a dilated convolution over three axes, computed on a padded map
        if op.type in PRODUCTS:
            count += _product_of(op)
    return count


def _product_of(op):
    shapes = [tuple(t.shape) for t in op.inputs]
    out = tuple(op.outputs[0].shape)
    if op.type == "Einsum":
        terms = op.get_attr("equation").decode().split("->")[0].split(",")
        sizes = {}
        for term, shape in zip(terms, shapes, strict=True):
            left, dots, right = term.partition("...")
            more = len(shape) - len(left) - len(right)
            letters = [*left, *(range(more, 0, -1) if dots else ()), *right]
            for letter, n in zip(letters, shape, strict=True):
                sizes[letter] = max(n, sizes.get(letter, 1))
        return math.prod(sizes.values())
    if op.type in ("MatMul", "BatchMatMulV2"):
        flag = "transpose_a" if op.type == "MatMul" else "adj_x"
        return math.prod(out) * shapes[0][-2 if op.get_attr(flag) else -1]
    if op.type in ("Conv2DBackpropInput", "Conv3DBackpropInputV2"):
        return math.prod(shapes[2]) * math.prod(shapes[1][:-1])
    if op.type == "DepthwiseConv2dNative":
        return math.prod(out) * math.prod(shapes[1][:2])
    return math.prod(out) * math.prod(shapes[1][:-1])  # Conv2D, Conv3D


# The comparison


def check(seed, counts):
    """Return the findings for one network, and its calls."""
    model, words = build(seed)
    rng = np.random.default_rng(seed)
    positive(model, rng)
    description = describe(model)
    graph = flatten(model)
    findings = []
    try:
        model([np.ones((2, *t.shape[1:])) for t in model.inputs])
    except Exception:
        counts["cannot be computed"] += 1
        return findings, words
    if description.parameters != model.count_params():
        findings.append(f"parameters {description.parameters}, expected {model.count_params()}")
    kinds = {r.kind for r in description.layers}
    counts.update(kinds)
    # This layer computes sums of products without a matrix product.
    if not kinds & {"AdditiveAttention"} and description.macs is not None:
        counted = products(model)
        counts["MACs compared"] += counted is not None
        if counted is not None and counted != description.macs:
            findings.append(f"MACs {description.macs}, {counted} in the graph")
    counts["MACs known"] += description.macs is not None
    shapes, fields = followed(model, graph, None)
    sizes = {(i, a): n for i, k in enumerate(graph.inputs) for a, n in enumerate(shapes[k])}
    values = sum(math.prod(s[1:]) for s in shapes.values()) * max(
        sum(s[1:]) for s in shapes.values()
    )
    if values > LOOKED_AT:
        counts["too large"] += 1
        return findings, words
    found = supports(model, graph, rng, fields.space)
    for node, record in zip(graph.nodes, description.layers, strict=True):
        for key in node.outputs if not node.is_input else ():
            looks = sees(fields.views[key], fields, sizes, shapes[key])
            line = compare(looks, found[key], fields.space, sizes, record, counts)
            if line:
                findings.append(f"{record.name}: {line}")
    return findings, words


def compare(looks, found, space, sizes, record, counts):
    """Describe a receptive field that is smaller than measured; `None` if there is none."""
    if any(look.field is None for look in looks):
        counts["fields unknown"] += 1
        counts[f"? {record.kind}"] += 1
        return None
    for axes in space:
        i = space.index(axes)
        if len(axes) != len(looks) and any((found[i, a][1] >= 0).any() for a in axes):
            return "sees an input that is not in its description"
    for at, look in enumerate(looks):
        alike = [(i, axes[at]) for i, axes in enumerate(space) if len(axes) == len(looks)]
        first = np.minimum.reduce([found[origin][0] for origin in alike])
        last = np.maximum.reduce([found[origin][1] for origin in alike])
        n = max(sizes[origin] for origin in alike)
        most = 0
        for unit in range(first.shape[look.axis - 1] if look.axis else 1):
            span = look.field.span(unit)
            own = (np.take(x, unit, look.axis - 1) if look.axis else x for x in (first, last))
            low, high = (int(f(x)) for f, x in zip((np.min, np.max), own, strict=True))
            if high >= 0 and (span is None or low < span[0] or high > span[1]):
                return f"axis {at}, unit {unit}: {span} described, {(low, high)} measured"
            if span:
                most = max(most, min(span[1], n - 1) - max(span[0], 0) + 1)
        reached = most <= max(int((last - first).max()) + 1, 0)
        counts["fields"] += 1
        counts["fields reached"] += reached
        counts[f"< {record.kind}"] += not reached
        if VERBOSE and not reached:
            print(record.name, "axis", at, "described", most, "measured", (last - first).max() + 1)
    return None


VERBOSE = False


def main():
    """Compare networks until the time is up; the exit status is 1 if there is a finding."""
    global VERBOSE
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seed", type=int, default=0, help="seed of the first network")
    parser.add_argument("--minutes", type=float, default=1)
    parser.add_argument("--one", type=int, help="run only the network with this seed")
    options = parser.parse_args()
    VERBOSE = options.one is not None
    keras.config.set_floatx("float64")
    warnings.filterwarnings("ignore")
    end, seed, counts, wrong = time.monotonic() + 60 * options.minutes, options.seed, Counter(), 0
    seeds = [options.one] if options.one is not None else None
    while seeds != [] and (seeds or time.monotonic() < end):
        if seeds:
            seed = seeds.pop()
        if seed % 50 == 0:
            keras.backend.clear_session()
        try:
            findings, words = check(seed, counts)
        except Exception as error:
            if VERBOSE:
                raise
            findings, words = [f"{type(error).__name__}: {error}"], build(seed)[1]
        if findings or VERBOSE:
            print(f"seed {seed}:", *findings[:6], *words, sep="\n  ", flush=True)
            wrong += bool(findings)
        seed += 1
    count = 1 if options.one is not None else seed - options.seed
    print(f"{count} networks, {wrong} with findings")
    print(", ".join(f"{name} {count}" for name, count in sorted(counts.items())))
    raise SystemExit(wrong > 0)


if __name__ == "__main__":
    main()
