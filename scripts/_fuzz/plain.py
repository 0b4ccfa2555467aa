"""The plain computation of a `Net`, layer by layer on a tape, as a reference for others."""

from contextlib import contextmanager

import keras
import tensorflow as tf
from keras import layers

SQUASHES = ("softmax", "sigmoid", "log_softmax", "logsoftmax")
SINGLE = ("bicubic", "lanczos3", "lanczos5")
RECTIFIES = ("relu", "relu6", "leaky_relu", "leakyrelu")
KEEPS = (
    layers.Reshape, layers.Flatten, layers.Permute, layers.Identity, layers.Dropout,
    layers.SpatialDropout1D, layers.SpatialDropout2D, layers.SpatialDropout3D,
    layers.GaussianNoise, layers.GaussianDropout, layers.AlphaDropout,
    layers.ActivityRegularization,
)  # fmt: skip
KEEPING = ("reshape", "squeeze", "expanddims", "getitem", "identity")  # operations from `keras.ops`


def holder(operation):
    """Return the layer that applies an operation's activation, inside any wrapper."""
    while isinstance(operation, layers.TimeDistributed | layers.SpectralNormalization):
        operation = operation.layer
    return operation


def last_function(operation):
    """Return the name of the function that an operation applies last."""
    if isinstance(operation, layers.RNN | layers.Lambda | layers.Bidirectional):
        return None
    activation = getattr(operation, "activation", None)
    if activation is not None:
        return getattr(activation, "__name__", type(activation).__name__).lower()
    return type(operation).__name__.lower()


def rectifies(step):
    """Return whether a step ends in a ReLU."""
    if type(step.operation).__name__ == "Maximum" and len(step.inputs) == 1:
        return True
    return last_function(step.operation) in RECTIFIES


@contextmanager
def in_single(model):
    """Make all layers of a model compute in single precision."""
    every = list(model._flatten_layers())
    before = [layer._dtype_policy for layer in every]
    for layer in every:
        layer._dtype_policy = keras.DTypePolicy("float32")
    try:
        yield
    finally:
        for layer, policy in zip(every, before, strict=True):
            layer._dtype_policy = policy


def linear(step, tensors):
    """Return the result of a step before its activation, and the activation."""
    layer = holder(step.operation)
    if not getattr(layer, "weights", None):
        return tensors[0], step.function
    own = layer.activation
    layer.activation = keras.activations.linear
    try:
        return step.function(*tensors), own
    finally:
        layer.activation = own


def rectified(x, function, rule):
    """Apply a ReLU that passes back R·[R > 0], for "guided" through the function's gradient."""

    @tf.custom_gradient
    def apply(x):
        with tf.GradientTape(persistent=True) as tape:
            tape.watch(x)
            y = function(x)

        def back(R):
            R = tf.maximum(R, 0)
            return R if rule == "deconvnet" else tape.gradient(y, x, R)

        return y, back

    return apply(x)


def apart(tensor):
    """Return the same tensor with a separate gradient."""
    copy = tf.identity(tensor)
    if getattr(tensor, "_keras_mask", None) is not None:
        copy._keras_mask = tensor._keras_mask
    return copy


class Plain:
    """A network computed on a tape.

    Attributes:
        values: value of each tensor, by its path: its index in the network, in a nested one, ….
        logits: value of each output before its softmax or sigmoid, float32.
        outputs: value of each output, float32.
    """

    def __init__(self, net, arrays, rule="gradient", cut=None):
        self.tape, self.rule = tf.GradientTape(persistent=True), rule
        self.values, self.unsquashed, self.cut = {}, {}, cut  # the tensor without gradient
        self.inputs = [tf.convert_to_tensor(x) for x in arrays]
        with self.tape:
            self.tape.watch([x for x in self.inputs if x.dtype.is_floating])
            values, logits = self.follow(net, self.inputs, ())
            self.outputs = [tf.cast(values[i], "float32") for i in net.ends]
            self.logits = [tf.cast(logits.get(i, values[i]), "float32") for i in net.ends]

    def follow(self, net, inputs, path):
        """Compute the tensors that lead to the outputs; return values and logits by index."""
        inputs, values, logits = iter(inputs), {}, {}
        for i, step in enumerate(net.steps):
            if step is None:
                values[i] = next(inputs)
                self.values[(*path, i)] = values[i]
            elif i in net.used:
                tensors = [values[j] for j in step.inputs]
                if step.inner is not None:
                    some = [tf.repeat(c, len(tensors[0]), axis=0) for c in step.constants]
                    takes = [keras.backend.is_float_dtype(x.dtype) for x in step.operation.inputs]
                    given = [
                        tf.cast(x, "float32") if float_ and not x.dtype.is_floating else x
                        for x, float_ in zip(tensors, takes, strict=False)
                    ]
                    self.tape.watch([x for x in given if x.dtype.is_floating])
                    inner = self.follow(step.inner, [*given, *some], (*path, i))
                    end = step.inner.ends[0]
                    values[i] = inner[0][end]
                    logits |= {i: inner[1][end]} if end in inner[1] else {}
                    continue
                values[i] = apart(self.compute(step, tensors))
                if values[i].dtype.is_floating:  # also what layers without weights make of integers
                    self.tape.watch(values[i])
                if (*path, i) == self.cut:
                    values[i] = tf.stop_gradient(values[i])
                self.values[(*path, i)] = values[i]
                if last_function(holder(step.operation)) in SQUASHES:
                    logits[i] = linear(step, tensors)[0]
                    self.unsquashed[(*path, i)] = logits[i]
                elif step.inputs[0] in logits and self.keeps(step.operation):
                    logits[i] = step.function(logits[step.inputs[0]])
        return values, logits

    @staticmethod
    def keeps(operation):
        """Return whether an operation only changes the shape of its input."""
        if isinstance(operation, layers.Activation):
            return last_function(operation) == "linear"
        return isinstance(operation, KEEPS) or type(operation).__name__.lower() in KEEPING

    def compute(self, step, tensors):
        """Compute a step with the rule for ReLUs."""
        if getattr(step.operation, "interpolation", None) in SINGLE:
            return self.resized(step, *tensors)
        if self.rule == "gradient" or not rectifies(step):
            return step.function(*tensors)
        return rectified(*linear(step, tensors), self.rule)

    @staticmethod
    def resized(step, x):
        """Resize in single precision: TensorFlow has no gradient in half precision."""
        layer = step.operation
        if not isinstance(layer, layers.Layer):
            return tf.cast(step.function(tf.cast(x, "float32")), x.dtype)
        policy = layer._dtype_policy
        layer._dtype_policy = keras.DTypePolicy("float32")
        try:
            return tf.cast(step.function(tf.cast(x, "float32")), policy.compute_dtype)
        finally:
            layer._dtype_policy = policy

    def before(self, path):
        """Return a tensor before its softmax or sigmoid, if any."""
        return tf.cast(self.unsquashed.get(path, self.values[path]), "float32")

    def gradients(self, score, of):
        """Compute the gradients of the sum of a score; `None` if there is none."""
        return self.tape.gradient(score, of)
