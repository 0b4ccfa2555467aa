"""A random network that remembers its steps, so that it can be computed without its model."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import keras
import numpy as np


@dataclass
class Step:
    """The computation of a tensor from others.

    Attributes:
        operation: the layer, the model, or the operation from `keras.ops`.
        function: function that computes the tensor from its inputs.
        inputs: indices of its inputs among the tensors of the network.
        inner: the nested network, if the operation is a model.
        constants: constant inputs of the nested model, after the tensors.
    """

    operation: keras.Operation
    function: Callable
    inputs: list[int]
    inner: "Net | None" = None
    constants: tuple = ()


def at_inference(layer):
    """Convert a layer to a function of its inputs, in inference mode."""

    def function(*tensors):
        symbolic = isinstance(tensors[0], keras.KerasTensor)
        idle = not symbolic and getattr(layer, "_call_has_training_arg", False)
        given = tensors[0] if len(tensors) == 1 else list(tensors)
        return layer(given, **({"training": False} if idle else {}))

    return function


class Net:
    """A network under construction: its tensors, and its calls, also as text."""

    def __init__(self, rng, formats=("channels_last",)):
        self.rng, self.formats = rng, formats
        self.words, self.tensors, self.inputs, self.steps = [], [], [], []
        self.ends, self.used = [], set()

    def choose(self, *choices):
        """Choose one of the arguments."""
        return choices[self.rng.integers(len(choices))]

    def number(self, low, high):
        """Draw a whole number from `low` to `high`."""
        return int(self.rng.integers(low, high + 1))

    def random_shape(self):
        """Draw a shape of 1 to 4 axes, often that of the first input."""
        rank = self.choose(1, 2, 2, 3, 3, 3, 3, 4)
        sizes = [self.number(3, {1: 9, 2: 12, 3: 11, 4: 5}[rank]) for _ in range(rank - 1)]
        if self.inputs and self.rng.random() < 0.7:
            return tuple(self.inputs[0].shape[1:])
        return (*sizes, self.number(1, 4))

    def add_input(self, shape=None, **options):
        """Add an input, of a random shape by default."""
        shape = self.random_shape() if shape is None else shape
        x = keras.Input(shape, **options)
        self.words.append(f"{len(self.tensors)}: Input({shape}{options or ''})")
        self.inputs.append(x)
        self.tensors.append(x)
        self.steps.append(None)
        return x

    def call(self, layer, *tensors, **remembered):
        """Apply a layer to one or several tensors; do nothing if it raises an error."""
        function = at_inference(layer)
        plain = isinstance(layer, keras.Layer) and not isinstance(layer, keras.Model)
        said = {
            k: v
            for k, v in (layer.get_config() if plain else {}).items()
            if isinstance(v, (int, float, str, tuple, list, bool))
            and k not in ("name", "dtype", "momentum", "epsilon", "renorm_momentum", "fill_mode")
            and v not in (None, True, False, "zeros", "ones", "glorot_uniform")
        }
        return self.apply(f"{type(layer).__name__}({said})", function, *tensors, **remembered)

    def apply(self, words, function, *tensors, **remembered):
        """Apply a function and keep its result; do nothing if it raises an error."""
        try:
            y = function(*tensors)
            function(*(np.ones((2, *t.shape[1:]), t.dtype) for t in tensors))
        except Exception:  # sizes do not fit, or TensorFlow does not support them
            return None
        y = keras.tree.flatten(y)[0]
        shape = y.shape[1:]
        if None in shape or min(shape, default=1) < 1 or math.prod(shape) > 3000:
            return None
        at = [self.place(x) for x in tensors]
        operation = y._keras_history.operation
        self.words.append(f"{len(self.tensors)}: {operation.name} = {words} of {at} -> {shape}")
        self.steps.append(Step(operation, function, at, **remembered))
        self.tensors.append(y)
        return y

    def finish(self, *ends):
        """Set the outputs, and find the steps that lead to them."""
        self.ends = [self.place(end) for end in ends]
        self.used = set(self.ends)
        for i in range(len(self.steps) - 1, -1, -1):
            if i in self.used and self.steps[i]:
                self.used.update(self.steps[i].inputs)

    def place(self, tensor):
        """Return the index of a tensor."""
        return next(i for i, t in enumerate(self.tensors) if t is tensor)
