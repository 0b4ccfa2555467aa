"""Outputs that classify pixels: which they are, where their maps lie, and why a pixel's class."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

import kerascnn as kc
from kerascnn.explorer._export import page_data

LOAD = "const net = KerasCNN.load(given.model), run = net.forward(given.inputs); "


def ending(*after, names=None, shape=(6, 6, 2)):
    """The first output of a network that ends in some layers."""
    model = keras.Sequential([keras.Input(shape), layers.Conv2D(4, 3), *after])
    return page_data(model, class_names=names)["outputs"][0]


PAIR = ["no", "yes"]
ENDS = [  # layers, names of classes, whether pixels are classified
    ([layers.Conv2D(3, 1, activation="softmax")], None, True),
    ([layers.Conv2D(3, 1), layers.Softmax()], None, True),
    ([layers.Conv2D(1, 1, activation="sigmoid")], None, True),
    ([layers.Conv2D(2, 1, activation="softmax"), layers.Dropout(0.5)], PAIR, True),
    ([layers.Conv2D(2, 1)], PAIR, True),
    ([layers.Conv2D(2, 1)], None, False),  # a map of two numbers
    ([layers.Conv2D(1, 1)], None, False),
    ([layers.Conv2D(3, 1, activation="sigmoid")], None, False),  # a picture, or several labels
    ([layers.Conv2D(2, 1, activation="sigmoid")], PAIR, False),
    ([layers.Conv2D(2, 1), layers.Softmax(axis=1)], None, False),
    ([layers.Conv2D(2, 1, activation="softmax"), layers.Permute((2, 1, 3))], None, False),
    ([layers.Conv2D(2, 1, activation="softmax"), layers.Reshape((16, 2))], None, False),
    ([layers.Conv2D(2, 4, activation="softmax")], PAIR, False),  # 1x1: the picture has one class
    ([layers.Flatten(), layers.Dense(3, activation="softmax")], None, False),
]


@pytest.mark.parametrize(("end", "names", "expected"), ENDS)
def test_which_outputs_classify_pixels(end, names, expected):
    assert ending(*end, names=names)["pixels"] is expected


def frame(model):
    return page_data(model)["outputs"][0]["frames"]


def test_where_the_map_lies_on_the_input():
    """U-Net's output lacks 92 pixels on each side (Ronneberger 2015), others none."""
    valid = kc.build_unet(input_shape=(188, 188, 1), classes=2, width=0.0625)
    assert frame(valid) == [[92, 92, 96, 96]]
    there = [layers.Conv2D(2, 3, padding="same"), layers.MaxPooling2D(4)]
    back = [layers.Conv2DTranspose(2, 4, 4), layers.Softmax()]
    assert frame(keras.Sequential([keras.Input((8, 12, 1)), *there, *back])) == [[0, 0, 8, 12]]
    # Windows of 3 at 0, 2, 4, 6: their centers are 1, 3, 5, 7, and each stands for two pixels.
    steps = [keras.Input((9, 9, 1)), layers.Conv2D(2, 3, strides=2, activation="softmax")]
    assert frame(keras.Sequential(steps)) == [[0.5, 0.5, 8.5, 8.5]]
    picture, numbers = keras.Input((4, 4, 1)), keras.Input((16,))
    both = layers.Concatenate()([picture, layers.Reshape((4, 4, 1))(numbers)])
    model = keras.Model([numbers, picture], layers.Conv2D(2, 1, activation="softmax")(both))
    assert frame(model) == [None, [0, 0, 4, 4]]
    inputs = keras.Input((8, 8, 1))  # a map that every pixel sees all of covers all of it
    flat = layers.Dense(32)(layers.Flatten()(inputs))
    maps = layers.Softmax()(layers.Reshape((4, 4, 2))(flat))
    assert frame(keras.Model(inputs, maps)) == [[0, 0, 8, 8]]


def test_where_maps_lie_that_do_not_cover_the_input():
    """Those of 21x21 pixels without padding lack 10 at each side; others are stretched."""
    steps = [layers.Conv2D(2, 21, name="wide"), layers.GlobalAveragePooling2D(), layers.Dense(3)]
    first = layers.Conv2D(2, 3, name="narrow")
    data = page_data(keras.Sequential([keras.Input((40, 36, 1)), first, *steps]))
    frames = {node["name"]: node.get("frames") for node in data["nodes"]}
    assert frames.pop("wide") == [[11, 11, 29, 25]]
    assert not any(frames.values())


def test_each_output_of_one_sigmoid_has_two_names():
    inputs = keras.Input((5, 5, 1))
    a, b = (layers.Conv2D(1, 3, activation="sigmoid", name=name)(inputs) for name in "ab")
    data = page_data(keras.Model(inputs, [a, b]), class_names={"b": PAIR})
    assert [one["classes"] for one in data["outputs"]] == [None, PAIR]
    with pytest.raises(ValueError, match="class_names must be 2, one for each class of 'b'"):
        page_data(keras.Model(inputs, [a, b]), class_names={"b": ["yes"]})


@pytest.mark.node
@pytest.mark.parametrize(("units", "unit"), [(3, 1), (1, 0), (1, 1)])
def test_saliency_grad_cam_and_occlusion_of_a_pixel(script, compare, units, unit):
    keras.utils.set_random_seed(4)
    inputs = keras.Input((6, 6, 2))
    maps = layers.Conv2D(4, 3, padding="same", activation="tanh")(inputs)
    logits = layers.Conv2D(units, 3)(maps)
    ends = layers.Activation("softmax" if units > 1 else "sigmoid")(logits)
    image = np.random.default_rng(0).random((6, 6, 2), "float32")
    row, column = 3, 1
    data = page_data(keras.Model(inputs, ends))
    both = keras.Model(inputs, [maps, logits])
    rest = keras.Model(maps, logits)

    def score(logits):
        at = logits[:, row, column]
        return at[:, unit] if units > 1 else (2 * unit - 1) * at[:, 0]

    x = tf.constant(image[None])
    with tf.GradientTape() as tape:
        tape.watch(x)
        before = score(both(x)[1])
    slopes = np.abs(tape.gradient(before, x)[0]).max(axis=-1)
    given = tf.constant(both(x)[0])
    with tf.GradientTape() as tape:
        tape.watch(given)
        value = score(rest(given))
    alpha = np.mean(tape.gradient(value, given)[0], axis=(0, 1))
    cam = np.maximum((given[0] * alpha).numpy().sum(axis=-1), 0)
    covered = np.tile(image, (4, 1, 1, 1))  # a quarter of each
    for nth, (top, left) in enumerate([(0, 0), (0, 3), (3, 0), (3, 3)]):
        covered[nth, top : top + 3, left : left + 3] = image.mean(axis=(0, 1))
    falls = (before - score(both(covered)[1])).numpy().reshape(2, 2)
    asked = {"model": data, "inputs": [image], "at": row * 4 + column, "unit": unit}
    value, *ours = script(
        LOAD
        + """const options = { at: given.at, size: 3, stride: 3 };
        return [net.scores(run, 0, given.at)[given.unit], net.saliency(run, given.unit, options),
          net.gradCam(run, 1, given.unit, options), net.occlusion(run, given.unit, options)]""",
        **asked,
    )
    assert value == pytest.approx(float(before[0]), abs=1e-5)
    compare.assert_close(ours[0], slopes, 1e-3, "saliency")
    compare.assert_close(ours[1], cam, 1e-3, "Grad-CAM")
    compare.assert_close(ours[2], falls.repeat(3, axis=0).repeat(3, axis=1), 1e-3, "occlusion")
