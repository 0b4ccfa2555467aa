"""Answers are what Keras computes, for every kind and level; mistakes lead elsewhere."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from kerascnn import exercises
from kerascnn.exercises import _layers, largest_layer, lectures, which_kernel
from kerascnn.exercises._registry import LEVELS, ask

KINDS = {name: kind for name, kind in exercises.kinds().items() if kind.fixed is None}
FEW = 15  # of each kind and level; the slow test has 10,000 in all
MANY = -(-10_000 // ((len(KINDS) - 1) * len(LEVELS)))
PICTURES = 5  # slow to compute


def rows(array):
    """An array as the exercises write grids; float32 computes the small numbers exactly."""
    values = keras.ops.convert_to_numpy(array).astype(float)
    return tuple(tuple(value if value % 1 else int(value) for value in row) for row in values)


def volume(grid):
    return np.array(grid, "float32")[None, :, :, None]


def keras_layer(layer):
    if isinstance(layer, _layers.Conv):
        same = "same" if layer.padding == "same" else "valid"
        return keras.layers.Conv2D(
            layer.filters, layer.kernel, layer.stride, same,
            dilation_rate=layer.dilation, groups=layer.groups,
        )  # fmt: skip
    if isinstance(layer, _layers.Pool):
        kind = {"max": keras.layers.MaxPooling2D, "average": keras.layers.AveragePooling2D}
        return kind[layer.mode](layer.window, layer.stride, layer.padding)
    return keras.layers.Dense(layer.units)


def padded(shape, layer):
    zeros = layer.padding if isinstance(layer, _layers.Conv) and layer.padding != "same" else 0
    return None, shape[0] + 2 * zeros, shape[1] + 2 * zeros, shape[2]


def output_of(input, layer):
    return keras_layer(layer).compute_output_shape(padded(input, layer))[1:]


class Counts:
    """Parameters and MACs of a layer, from the shapes of the weights that Keras creates."""

    def __init__(self):
        self.known = {}

    def __call__(self, input, layer):
        if isinstance(layer, _layers.Pool):
            return 0, 0
        key = input, layer
        if key not in self.known:
            built = keras_layer(layer)
            shape = padded(input, layer)
            if isinstance(layer, _layers.Dense):
                shape = None, int(np.prod(input))
            built.build(shape)
            kernel = int(np.prod(built.kernel.shape))
            places = 1
            if isinstance(layer, _layers.Conv):
                places = int(np.prod(built.compute_output_shape(shape)[1:3]))
            self.known[key] = built.count_params(), kernel * places
        return self.known[key]


counts = Counts()


def seen(layers):
    """From the first to the last pixel that changes a unit, when each is changed in turn."""
    size = 1
    for kernel, stride, dilation in reversed(layers):
        size = (size - 1) * stride + dilation * (kernel - 1) + 1
    batch = keras.ops.reshape(keras.ops.eye(size + 3), (size + 3, size + 3, 1))
    for kernel, stride, dilation in layers:
        ones = keras.ops.ones((kernel, 1, 1))
        batch = keras.ops.conv(batch, ones, stride, "valid", dilation_rate=dilation)
    changed = np.flatnonzero(keras.ops.convert_to_numpy(batch[:, 0, 0]))
    return changed[-1] - changed[0] + 1


def convolved(image, kernel, stride, padding):
    image = np.pad(volume(image), ((0, 0), (padding,) * 2, (padding,) * 2, (0, 0)))
    weights = np.array(kernel, "float32")[:, :, None, None]
    return rows(keras.ops.conv(image, weights, stride, "valid")[0, :, :, 0])


def pooled(image, mode, window, stride, same):
    compute = {"max": keras.ops.max_pool, "average": keras.ops.average_pool}[mode]
    output = compute(volume(image), window, stride, "same" if same else "valid")
    return rows(output[0, :, :, 0])


def transposed(image, kernel, stride, same):
    weights = np.array(kernel, "float32")[:, :, None, None]
    how = "same" if same else "valid"
    return rows(keras.ops.conv_transpose(volume(image), weights, stride, how)[0, :, :, 0])


def gradient(image, kernel, upstream, wanted, stride):
    x, w = tf.constant(volume(image)), tf.constant(np.array(kernel, "float32")[:, :, None, None])
    with tf.GradientTape() as tape:
        tape.watch((x, w))
        loss = tf.reduce_sum(keras.ops.conv(x, w, stride, "valid") * volume(upstream))
    to_kernel, to_input = tape.gradient(loss, (w, x))
    return rows(to_kernel[:, :, 0, 0] if wanted == "kernel" else to_input[0, :, :, 0])


def largest(input, layers, what):
    found = {}
    for name, layer in layers:
        if isinstance(layer, _layers.Dense):
            output = (1, 1, layer.units)
        else:
            output = output_of(input, layer)
        parameters, macs = counts(input, layer)
        found[name] = {"parameters": parameters, "macs": macs, "values": np.prod(output)}[what]
        input = output
    first, second = sorted(found, key=found.get)[:-3:-1]
    assert found[first] > found[second]
    return first


def which(photo, corner, kernel):
    """The kernel with which Keras makes the picture that is shown, up to its border."""
    shown = which_kernel.part(photo, corner, kernel)[1:-1, 1:-1]
    image = which_kernel.part(photo, corner, None)[None, :, :, None].astype("float32")
    found = []
    for one in which_kernel.effects():
        weights = np.array(one, "float32")[:, :, None, None]
        made = keras.ops.convert_to_numpy(keras.ops.conv(image, weights, 1, "valid"))[0, :, :, 0]
        if np.allclose(made, shown, atol=0.01):
            found.append(one)
    (only,) = found
    return only


BY_KERAS = {
    "shapes": output_of,
    "parameters": lambda input, layer: counts(input, layer)[0],
    "macs": lambda input, layer: counts(input, layer)[1],
    "receptive-field": seen,
    "convolution": convolved,
    "pooling": pooled,
    "transposed-convolution": transposed,
    "backpropagation": gradient,
    "largest-layer": largest,
    "which-kernel": which,
}


def same(value, other):
    if isinstance(value, tuple) and isinstance(value[0], tuple):
        return np.shape(value) == np.shape(other) and np.allclose(
            np.array(value, float), np.array(other, float)
        )
    return value == other


def hold_against_keras(name, level, count):
    for number in range(count):
        one = ask(KINDS[name], number, seed=number, level=level, lang="en")
        expected = BY_KERAS[name](**one.given)
        assert same(one.answer, expected), one
        right = [choice for choice in one.choices if same(choice.value, expected)]
        assert [choice.letter for choice in right] == [one.letter], one
        assert len({choice.value for choice in one.choices}) == len(one.choices) >= 3
        assert all(choice.mistake for choice in one.choices if choice not in right)
        assert one.steps
        assert one.text


def test_every_kind_is_held_against_keras():
    assert set(BY_KERAS) == set(KINDS)


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("name", BY_KERAS)
def test_answers_are_those_of_keras(name, level, no_values):
    with no_values():
        hold_against_keras(name, level, PICTURES if name == "which-kernel" else FEW)


@pytest.mark.slow
@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("name", BY_KERAS)
def test_ten_thousand_answers_are_those_of_keras(name, level, no_values):
    with no_values():
        hold_against_keras(name, level, 8 * PICTURES if name == "which-kernel" else MANY)


def test_lectures_have_their_own_answers():
    answers = [one.answer for one in exercises.sheet("lectures").questions]
    assert answers == [
        (32, 32, 10),
        760,
        (28, 28, 6),
        (16, 16, 1),
        (16, 16, 64),
        (3, 3, 1),
        (2, 2, 1),
        (55, 55, 96),
        34_944,
        (27, 27, 96),
        (16, 16, 3),
        3,
        4_000_000,
        7,
        ((4, 3, 4), (2, 4, 3), (2, 3, 4)),
        ((100, 184), (12, 45)),
        ((36, 80), (12, 15)),
        ((6, 8), (3, 4)),
    ]
    assert len(answers) == len(lectures.QUESTIONS)
    alexnet = exercises.sheet("lectures").questions[8]
    assert "34,848" in " ".join(alexnet.steps)
    assert "96" in alexnet.steps[2]


def test_a_tie_has_no_largest_layer():
    layers = [("a", _layers.Conv(4, 3, 1, "same")), ("b", _layers.Conv(4, 3, 1, "same"))]
    assert largest_layer.of_network((8, 8, 4), layers, "parameters").mistakes == []
