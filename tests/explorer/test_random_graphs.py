"""Random networks over all layers and options, with branches, shared layers and nested models."""

import keras
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from keras import layers

from kerascnn import layers as own
from kerascnn.explorer._activations import NAMES

pytestmark = pytest.mark.node

ACTIVATIONS = [name for name in NAMES if "softmax" not in name]


def window(draw, x, *, largest=3):
    """A kernel that fits, and a stride within it; or a dilation."""
    padding = draw(st.sampled_from(("valid", "same")))
    height, width = x.shape[1:3]
    limits = (height, width) if padding == "valid" else (largest, largest)
    kernel = tuple(draw(st.integers(1, min(largest, limit))) for limit in limits)
    return padding, kernel, tuple(draw(st.integers(1, min(2, k))) for k in kernel)


def convolution(draw, x):
    padding, kernel, strides = window(draw, x)
    groups = draw(st.sampled_from([g for g in (1, 2, 3) if x.shape[-1] % g == 0]))
    dilated = padding == "same" and strides == (1, 1) and draw(st.booleans())
    return layers.Conv2D(
        groups * draw(st.integers(1, 3)),
        kernel,
        strides,
        padding,
        dilation_rate=2 if dilated else 1,
        groups=groups,
        use_bias=draw(st.booleans()),
        activation=draw(st.sampled_from(ACTIVATIONS)),
    )(x)


def depthwise(draw, x):
    padding, kernel, strides = window(draw, x)
    strides = min(strides)  # TensorFlow's kernel takes one for both sides
    if draw(st.booleans()):
        multiplier = draw(st.integers(1, 2))
        return layers.DepthwiseConv2D(kernel, strides, padding, depth_multiplier=multiplier)(x)
    return layers.SeparableConv2D(draw(st.integers(1, 4)), kernel, strides, padding)(x)


def transposed(draw, x):
    padding, kernel, strides = window(draw, x)
    activation = draw(st.sampled_from(ACTIVATIONS))
    return layers.Conv2DTranspose(
        draw(st.integers(1, 3)), kernel, strides, padding, activation=activation
    )(x)


def pooling(draw, x):
    padding, kernel, strides = window(draw, x)
    kind = draw(st.sampled_from((layers.MaxPooling2D, layers.AveragePooling2D)))
    return kind(kernel, strides, padding)(x)


def normalization(draw, x):
    makers = (
        lambda: layers.BatchNormalization(axis=draw(st.integers(1, 3))),
        lambda: layers.LayerNormalization(axis=draw(st.sampled_from((-1, 1, (2, 3), (1, 2, 3))))),
        lambda: layers.GroupNormalization(groups=draw(st.sampled_from((1, -1)))),
        lambda: own.LocalResponseNormalization(draw(st.sampled_from((1, 3, 5))), alpha=0.1),
        lambda: layers.Rescaling(draw(st.floats(0.1, 2)), offset=draw(st.floats(-1, 1))),
    )
    return draw(st.sampled_from(makers))()(x)


def moved(draw, x):
    height, width, channels = x.shape[1:]
    sides = ((draw(st.integers(0, 2)), 1), (draw(st.integers(0, 2)), 0))
    makers = [
        lambda: layers.ZeroPadding2D(sides),
        lambda: layers.UpSampling2D(
            2, interpolation=draw(st.sampled_from(("nearest", "bilinear")))
        ),
        lambda: layers.Permute(draw(st.permutations((1, 2, 3)))),
        lambda: layers.Reshape((width, height, channels)),
        lambda: own.ZeroPaddingShortcut(channels + draw(st.integers(0, 2)), 2),
        lambda: own.AdaptiveAveragePooling2D((draw(st.integers(1, 4)), draw(st.integers(1, 4)))),
    ]
    if height > 4 and width > 4:
        makers.append(lambda: layers.Cropping2D(sides))
    return draw(st.sampled_from(makers))()(x)


def merged(draw, x):
    """A branch that meets another, or a shortcut."""
    branch = layers.Conv2D(x.shape[-1], 3, padding="same", activation="tanh")(x)
    kinds = (layers.Add, layers.Subtract, layers.Multiply, layers.Average, layers.Maximum,
             layers.Minimum, layers.Concatenate)  # fmt: skip
    kind = draw(st.sampled_from(kinds))
    if kind is layers.Multiply and draw(st.booleans()):  # a weight for each map
        branch = layers.GlobalAveragePooling2D(keepdims=True)(branch)
    return kind()([x, branch])


def shared(draw, x):
    """A layer that is called twice."""
    layer = layers.Conv2D(x.shape[-1], 3, padding="same", activation="sigmoid")
    return layer(layer(x))


def nested(draw, x):
    """A model within the model, called twice."""
    inputs = keras.Input(x.shape[1:])
    branch = layers.DepthwiseConv2D(3, padding="same")(inputs)
    inner = keras.Model(inputs, layers.Add()([inputs, layers.ReLU()(branch)]))
    return inner(inner(x)) if draw(st.booleans()) else inner(x)


STEPS = (convolution, convolution, depthwise, transposed, pooling, normalization, moved, merged,
         shared, nested)  # fmt: skip


def network(draw):
    side = st.integers(3, 8)
    inputs = [keras.Input((draw(side), draw(side), draw(st.integers(1, 4))))]
    x = inputs[0]
    for step in draw(st.lists(st.sampled_from(STEPS), min_size=1, max_size=4)):
        x = step(draw, x)
    if draw(st.booleans()):
        inputs.append(keras.Input((3,)))
        ends = [layers.GlobalAveragePooling2D()(x), layers.Dense(2, "tanh")(inputs[1])]
        x = layers.Concatenate()(ends)
    else:
        end = st.sampled_from((layers.Flatten, layers.GlobalMaxPooling2D))
        x = draw(end)()(x)
    outputs = [layers.Dense(3, draw(st.sampled_from(("softmax", None))))(x)]
    if draw(st.booleans()):
        outputs.append(layers.Dense(1, "sigmoid")(x))
    return keras.Model(inputs, outputs)


@settings(max_examples=30)
@given(data=st.data(), seed=st.integers(0, 99))
def test_random_networks_equal_keras(data, seed, compare, shuffled):
    compare(shuffled(network(data.draw), seed), unit=seed % 3, seed=seed)
