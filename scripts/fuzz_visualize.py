"""Compare `kerascnn.visualize` with plain tapes and passes of TensorFlow on random networks.

    python scripts/fuzz_visualize.py --seed 0 --minutes 60

Each network is of some 60 kinds of layers, nested, shared, with several inputs and outputs, with
softmax, sigmoid and linear ends, in single and in half precision. `Plain` computes it layer by
layer, and what the papers say is computed from that: with a tape, or with a pass for each hidden
patch. In half precision the plain computation is in single. A method may refuse, in one line; how
often each refusal and warning came is printed at the end, to be read. A disagreement is a finding
where it comes with three sets of images: one may lie at a kink. `--one N` runs a single network
again, with all methods.
"""

import argparse
import re
import time
import traceback
import warnings
from collections import Counter

import keras
import numpy as np
import tensorflow as tf
from _methods import METHODS, SkipError
from _nets import SPARE, Net
from _plain import SQUASHES, Plain, holder, in_single, last_function
from keras import layers, ops

TRIES = 3  # sets of images
OURS = r"(model|images|layer|target|units?|loss|channels|size|TensorFlow cannot compute) "
POLICIES = ("float32",) * 4 + ("mixed_float16", "mixed_bfloat16")


class FindingError(Exception):
    """What is wrong, in words."""


class Case:
    """A network with images and a target.

    Attributes:
        net, model: the network, as steps and as a model.
        arrays: the images, one array for each input.
        target: as the methods take it.
        half: whether some of it is computed in half precision.
    """

    def __init__(self, seed):
        keras.utils.set_random_seed(seed)
        self.rng = np.random.default_rng(seed)
        policy = POLICIES[self.rng.integers(len(POLICIES))]
        self.half, self.policy = policy != "float32", policy
        keras.config.set_dtype_policy(policy)
        try:
            self.net, self.model = build(self.rng)
        finally:
            keras.config.set_dtype_policy("float32")
        randomize(self.model, self.rng)
        self.draw_images()
        self.check_steps()
        self.draw_target()

    def check_steps(self):
        """Whether the steps are the model."""
        try:
            theirs = keras.tree.flatten(self.model(self.images, training=False))
        except Exception as error:
            raise SkipError("cannot be computed") from error
        ours = keras.tree.flatten(self.packed(self.plain().outputs))
        for a, b in zip(ours, theirs, strict=True):
            wrong = disagreement("the steps", a, tf.cast(b, "float32"), self.half)
            if wrong:
                raise FindingError(wrong)

    def draw_images(self):
        """Others than before."""
        count = int(self.rng.integers(1, 4))
        self.arrays = []
        for x in self.model.inputs:
            if x.dtype == "int32":
                self.arrays.append(self.rng.integers(0, 9, (count, *x.shape[1:]), "int32"))
                continue
            values = self.rng.normal(0.3, 0.8, (count, *x.shape[1:]))
            if len(x.shape) == 3 and self.rng.random() < 0.5:
                values[:, -1] = 0  # what `Masking` leaves out
            if self.net.bright:
                values = self.rng.uniform(0, 255, values.shape)
            self.arrays.append(values.astype("float32"))
        self.count = count
        self.images = self.arrays[0] if len(self.arrays) == 1 else self.arrays
        self._plain = {}

    def plain(self, arrays=None, rule="gradient", cut=None):
        """The net computed plainly, in single precision; that of the images is kept."""
        kept = arrays is None and cut is None
        if kept and rule in self._plain:
            return self._plain[rule]
        with in_single(self.model):
            made = Plain(self.net, self.arrays if arrays is None else arrays, rule, cut)
        if kept:
            self._plain[rule] = made
        return made

    @property
    def binary(self):
        """Whether the first output is one sigmoid unit."""
        plain = self.plain()
        place, net = self.net.ends[0], self.net
        while True:
            step = net.steps[place]
            if step is None:
                return False
            if step.inner:
                net, place = step.inner, step.inner.ends[0]
            elif Plain.keeps(step.operation):
                place = step.inputs[0]
            else:
                break
        sigmoid = last_function(holder(step.operation)) == "sigmoid"
        shape = plain.logits[0].shape
        return sigmoid and (len(shape) == 1 or shape[-1] == 1)

    def draw_target(self):
        """A class, several, none or a callable."""
        shape = self.plain().logits[0].shape
        units = 1 if len(shape) == 1 else shape[-1]
        classes = 2 if self.binary else units
        several = self.net.structure == "dict" and len(self.net.ends) > 1
        self.has_classes = not several and classes > 1
        kind = self.rng.choice(["none", "one", "each", "callable", "callable"])
        if not self.has_classes and self.rng.random() < 0.95:
            kind = "callable"
        self.kind = kind
        if kind == "callable":
            weights = [self.rng.normal(size=x.shape[1:]).astype("float32") for x in self.ends()]

            def score(outputs):
                flat = keras.tree.flatten(outputs)
                terms = [
                    tf.reduce_sum(tf.cast(y, "float32") * w, axis=list(range(1, len(y.shape))))
                    for y, w in zip(flat, weights, strict=True)
                ]
                return sum(terms)

            self.target = score
        else:
            one = int(self.rng.integers(classes))
            self.target = {"none": None, "one": one, "each": one}[kind]

    def ends(self):
        """The outputs' logits, in the order in which Keras flattens them."""
        return keras.tree.flatten(self.packed(self.plain().logits))

    def packed(self, outputs):
        """Outputs as the model returns them."""
        structure = self.net.structure
        if structure == "dict":
            return dict(zip(self.net.heads, outputs, strict=True))
        if len(outputs) == 1:
            return outputs[0]
        return tuple(outputs) if structure == "tuple" else list(outputs)

    @property
    def given(self):
        """The target as the methods get it: one class, or one for each image."""
        return [self.target] * self.count if self.kind == "each" else self.target

    def classes(self):
        """Of each image."""
        if self.target is None:
            return tf.argmax(self.table(self.plain().logits[0], tf.negative), axis=-1)
        return np.full(self.count, self.target)

    def table(self, outputs, of_no):
        """Outputs as (N, classes)."""
        outputs = outputs[:, None] if len(outputs.shape) == 1 else outputs
        if len(outputs.shape) > 2:
            outputs = tf.reduce_mean(outputs, axis=list(range(1, len(outputs.shape) - 1)))
        return tf.concat([of_no(outputs), outputs], axis=-1) if self.binary else outputs

    def score(self, plain, classes=None, *, probability=False):
        """The scores (N,) of what was computed plainly."""
        with plain.tape:
            outputs = plain.logits
            if probability:
                pairs = zip(plain.outputs, self.net.in_logs, strict=True)
                outputs = [tf.exp(y) if in_logs else y for y, in_logs in pairs]
            if callable(self.target):
                return self.target(self.packed(outputs))
            first = outputs[0]
            table = self.table(first, (lambda p: 1 - p) if probability else tf.negative)
            classes = self.classes() if classes is None else classes
            return tf.gather(table, classes, axis=1, batch_dims=1)


# Networks


def build(rng):
    """A random net and its model."""
    while True:
        net = Net(rng)
        net.bright, net.front = False, None
        for i in range(net.choose(1, 1, 1, 2, 3)):
            add_input(net, i)
        for _ in range(net.number(1, 9)):
            net.step(SPARE)
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
    """Whether an output is the logarithm of probabilities."""
    step = net.steps[place]
    while step and not step.inner and Plain.keeps(step.operation):
        step = net.steps[step.inputs[0]]
    while step and step.inner:
        step = step.inner.steps[step.inner.ends[0]]
    return step is not None and last_function(holder(step.operation)) in SQUASHES[2:]


def add_input(net, number):
    """An input, and what often stands in front."""
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
    """A head of the network: how scores are made of a tensor."""
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
    """Weights of a size that keeps the signal."""
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


# The comparison


def refusal(error):
    """A refusal as a kind: without what differs from network to network."""
    line = str(error)
    if not isinstance(error, (ValueError, TypeError, NotImplementedError)):
        raise FindingError(traceback.format_exc()) from None
    if "\n" in line or len(line) > 700 or not re.match(OURS, line):
        raise FindingError(f"not one line of ours: {traceback.format_exc()}") from None
    line = re.sub(r"'[^']*'", "'…'", line)
    line = re.sub(r"\d[\d.e+-]*", "9", line)
    return re.sub(r"('…'(, | and | or )?)+", "'…' ", line)


def check(case, method, counts, verbose):
    """Compare one method; raises `FindingError`."""
    wrong = None
    for attempt in range(TRIES):
        if attempt:
            case.draw_images()
        with warnings.catch_warnings(record=True) as said:
            warnings.simplefilter("always")
            warnings.filterwarnings("ignore", module="keras")
            try:
                pairs = METHODS[method](case)
            except FindingError:
                raise
            except SkipError as skip:
                counts[f"{method}: skipped, {skip}"] += 1
                return
            except Exception as error:
                inside = "kerascnn" in "".join(traceback.format_tb(error.__traceback__))
                if not inside:
                    raise FindingError(f"the plain computation: {traceback.format_exc()}") from None
                counts[f"{method}: refused: {refusal(error)}"] += 1
                if verbose:
                    print(f"    {method} refuses: {error}")
                return
        for each in said:
            line = re.sub(r"('[^']*'(, | and )?)+", "'…' ", str(each.message))
            counts[f"{method}: warns: {line[:300]}"] += 1
        wrong = None
        for what, ours, theirs in pairs:
            wrong = wrong or disagreement(what, ours, theirs, case.half)
        if wrong is None:
            counts[f"{method}: agrees" + " in half" * case.half] += 1
            return
    raise FindingError(wrong)


def disagreement(what, ours, theirs, half):
    """How two arrays differ, in words, or `None`."""
    ours, theirs = np.asarray(ours), np.asarray(theirs)
    if ours.shape != theirs.shape:
        return f"{what}: shape {ours.shape}, plainly {theirs.shape}"
    if ours.dtype.kind == "f" and ours.dtype != np.float32:
        return f"{what}: {ours.dtype}"
    if not np.isfinite(theirs).all():
        return None
    if not np.isfinite(ours).all():
        return f"{what}: not finite"
    if not theirs.size:
        return None
    scale = np.abs(theirs).max()
    gap = np.abs(ours.astype("float64") - theirs)
    if half:
        norm = np.linalg.norm(theirs)
        return (
            f"{what}: off by {np.linalg.norm(gap):.3g} of a norm of {norm:.3g}"
            if np.linalg.norm(gap) > 0.25 * norm + 1e-3
            else None
        )
    if gap.max() > 2e-3 * scale + 2e-6:
        return f"{what}: off by {gap.max():.3g} where the largest is {scale:.3g}"
    return None


def run(seed, counts, *, every, only=None):
    """The findings on one network, in words."""
    case = Case(seed)
    weights = case.model.get_weights()
    counts.update({type(s.operation).__name__ for s in case.net.steps if s})
    names = list(METHODS)
    if not every:
        names = [str(n) for n in case.rng.choice(names, 4, replace=False)]
    if only:
        names = [only]
    findings = []
    for name in names:
        try:
            check(case, name, counts, every)
        except FindingError as finding:
            findings.append(f"{name}: {finding}")
    now = case.model.get_weights()
    if not all(np.array_equal(a, b) for a, b in zip(weights, now, strict=True)):
        findings.append("the model's weights have changed")
    words = [*case.net.words, f"ends {case.net.ends} as {case.net.structure}, {case.policy}"]
    return findings, [*words, f"target: {case.kind} {case.target if case.kind == 'one' else ''}"]


def main():
    """Look for disagreements until the time is over; exit 1 where there are some."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seed", type=int, default=0, help="of the first network")
    parser.add_argument("--minutes", type=float, default=1)
    parser.add_argument("--one", type=int, help="run only the network of this seed")
    parser.add_argument("--method", help="run only this method")
    options = parser.parse_args()
    warnings.filterwarnings("ignore", module="keras")
    counts, wrong, end = Counter(), 0, time.monotonic() + 60 * options.minutes
    seed, one = options.seed, options.one is not None
    while True:
        seed = options.one if one else seed
        if seed % 20 == 0:
            keras.backend.clear_session()
        try:
            findings, words = run(seed, counts, every=one, only=options.method)
        except SkipError as skip:
            counts[f"skipped, {skip}"] += 1
            findings, words = [], []
        except Exception:
            findings, words = [traceback.format_exc()], []
        if findings or one:
            print(f"seed {seed}:", *findings, *words, sep="\n  ", flush=True)
            wrong += bool(findings)
        seed += 1
        if one or time.monotonic() > end:
            break
    print(f"{seed - options.seed if not one else 1} networks, {wrong} with findings")
    for name, count in sorted(counts.items()):
        print(f"{count:6} {name}")
    raise SystemExit(wrong > 0)


if __name__ == "__main__":
    main()
