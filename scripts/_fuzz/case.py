"""A random network with images and a target."""

from contextlib import nullcontext

import keras
import numpy as np
import tensorflow as tf

from _fuzz.methods.common import SkipError, disagreement
from _fuzz.networks import build, randomize
from _fuzz.plain import Plain, holder, in_single, last_function
from kerascnn._graph import flatten
from kerascnn._heads import gives_logits

POLICIES = ("float32",) * 4 + ("mixed_float16", "mixed_bfloat16")


class FindingError(Exception):
    """A disagreement, as text."""


class Case:
    """A network with images and a target.

    Attributes:
        net, model: the network, as steps and as a model.
        arrays: the images, one array for each input.
        target: a class, a callable, or `None`.
        half: whether some of the layers compute in half precision.
        rounded: whether the plain computation does so, too, instead of in single precision.
    """

    rounded = False

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
        """Check that the steps compute the same as the model."""
        try:
            theirs = keras.tree.flatten(self.model(self.images, training=False))
        except Exception as error:
            raise SkipError("cannot be computed") from error
        if self.half and not all(np.isfinite(tf.cast(y, "float32")).all() for y in theirs):
            raise SkipError("overflows in half precision")
        wrong = self._differ(theirs)
        if wrong and self.half:
            self.rounded = True  # what the model rounds away, its steps round away, too
            wrong = self._differ(theirs)
            self.rounded = False
        if wrong:
            raise FindingError(wrong)

    def _differ(self, theirs):
        """Return how the steps differ from the model's outputs; `None` if they agree."""
        ours = keras.tree.flatten(self.packed(self.plain().outputs))
        pairs = zip(ours, theirs, strict=True)
        found = [
            disagreement("the steps", tf.cast(a, "float32"), tf.cast(b, "float32"), self.half)
            for a, b in pairs
        ]
        return next(filter(None, found), None)

    def draw_images(self):
        """Draw new images."""
        count = int(self.rng.integers(1, 4))
        self.arrays = []
        for x in self.model.inputs:
            if x.dtype == "int32":
                self.arrays.append(self.rng.integers(0, 9, (count, *x.shape[1:]), "int32"))
                continue
            values = self.rng.normal(0.3, 0.8, (count, *x.shape[1:]))
            if len(x.shape) == 3 and self.rng.random() < 0.5:
                values[:, -1] = 0  # masked by `Masking`
            if self.net.bright:
                values = self.rng.uniform(0, 255, values.shape)
            self.arrays.append(values.astype("float32"))
        self.count = count
        self.images = self.arrays[0] if len(self.arrays) == 1 else self.arrays
        self._plain = {}

    def plain(self, arrays=None, rule="gradient", cut=None):
        """Compute the network plainly; the result for the images is kept."""
        kept, key = arrays is None and cut is None, (rule, self.rounded)
        if kept and key in self._plain:
            return self._plain[key]
        with nullcontext() if self.rounded else in_single(self.model):
            made = Plain(self.net, self.arrays if arrays is None else arrays, rule, cut)
        if kept:
            self._plain[key] = made
        return made

    @property
    def binary(self):
        """Whether the first output is a single sigmoid unit."""
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
        """Draw a class, one per image, none, or a callable."""
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
        """Return the logits of the outputs, in the order in which Keras flattens them."""
        return keras.tree.flatten(self.packed(self.plain().logits))

    def packed(self, outputs):
        """Arrange outputs as the model returns them."""
        structure = self.net.structure
        if structure == "dict":
            return dict(zip(self.net.heads, outputs, strict=True))
        if len(outputs) == 1:
            return outputs[0]
        return tuple(outputs) if structure == "tuple" else list(outputs)

    @property
    def given(self):
        """The target for the methods, with one class per image if drawn so."""
        return [self.target] * self.count if self.kind == "each" else self.target

    def classes(self):
        """Return the class of each image."""
        if self.target is None:
            return tf.argmax(self.table(self.plain().logits[0], tf.negative), axis=-1)
        return np.full(self.count, self.target)

    def table(self, outputs, of_no):
        """Convert outputs to (N, classes)."""
        outputs = outputs[:, None] if len(outputs.shape) == 1 else outputs
        if len(outputs.shape) > 2:
            outputs = tf.reduce_mean(outputs, axis=list(range(1, len(outputs.shape) - 1)))
        return tf.concat([of_no(outputs), outputs], axis=-1) if self.binary else outputs

    def score(self, plain, classes=None, *, probability=False):
        """Compute the scores (N,) of a plain computation."""
        with plain.tape:
            outputs = plain.logits
            if probability:
                pairs = zip(plain.outputs, self.net.in_logs, strict=True)
                outputs = [tf.exp(y) if in_logs else y for y, in_logs in pairs]
            if callable(self.target):
                return self.target(self.packed(outputs))
            first = outputs[0]
            if probability and gives_logits(flatten(self.model)):
                first = tf.nn.softmax(first)
            table = self.table(first, (lambda p: 1 - p) if probability else tf.negative)
            classes = self.classes() if classes is None else classes
            return tf.gather(table, classes, axis=1, batch_dims=1)
