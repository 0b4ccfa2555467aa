"""The page's kernels against Keras: values to 1e-4 of the largest, gradients to 1e-3."""

import keras
import numpy as np
import pytest
from keras import layers

import kerascnn as kc
from kerascnn import layers as own
from kerascnn.explorer._activations import FUNCTIONS
from kerascnn.explorer._export import page_data

pytestmark = pytest.mark.node

# TensorFlow 2.21 writes past an array in the gradient of kernels of 1×1 with a stride of 2, by few
# channels of an even size; no model here has any.
ZOO = {
    "lenet5": {},
    "lenet5-1998": {"variant": "1998"},
    "resnet20": {"width": 0.25},
    "mlp": {},
    "linear_regression": {},
    "logistic_regression": {"classes": 1},
    "perceptron": {},
    "locally_connected": {},
    "neocognitron": {},
    "vgg11": {"width": 0.1, "input_shape": (32, 32, 3), "classes": 10},
}


@pytest.mark.parametrize("name", ZOO)
def test_every_layer_of_the_small_networks(name, compare, shuffled):
    compare(shuffled(kc.models.build(name.partition("-")[0], **ZOO[name])), unit=0)


MAPS = {  # layers from maps to maps, with all options
    "conv": layers.Conv2D(5, 3),
    "conv_same": layers.Conv2D(4, (2, 5), padding="same", use_bias=False),
    "conv_stride": layers.Conv2D(3, 3, strides=(2, 3), padding="same", activation="relu"),
    "conv_dilated": layers.Conv2D(2, 3, dilation_rate=(2, 1), padding="same", activation="tanh"),
    "conv_groups": layers.Conv2D(6, 3, groups=2, padding="same"),
    "conv_1x1": layers.Conv2D(9, 1, strides=2),
    "depthwise": layers.DepthwiseConv2D(3, depth_multiplier=2, padding="same"),
    "depthwise_stride": layers.DepthwiseConv2D((3, 2), strides=2, activation="sigmoid"),
    "depthwise_dilated": layers.DepthwiseConv2D(3, dilation_rate=2, use_bias=False),
    "separable": layers.SeparableConv2D(5, 3, depth_multiplier=3, padding="same"),
    "separable_stride": layers.SeparableConv2D(5, 3, strides=2, activation="elu", use_bias=False),
    "transposed": layers.Conv2DTranspose(3, 3),
    "transposed_stride": layers.Conv2DTranspose(2, 3, strides=2, padding="same"),
    "transposed_wide": layers.Conv2DTranspose(2, (2, 4), strides=(3, 2), activation="gelu"),
    "transposed_more": layers.Conv2DTranspose(2, 3, strides=2, output_padding=1, padding="same"),
    "dense_on_maps": layers.Dense(3, activation="silu"),
    "max": layers.MaxPooling2D(2),
    "max_same": layers.MaxPooling2D(3, strides=2, padding="same"),
    "max_overlapping": layers.MaxPooling2D((2, 3), strides=1),
    "average": layers.AveragePooling2D(2),
    "average_same": layers.AveragePooling2D(3, strides=2, padding="same"),
    "global_average": layers.GlobalAveragePooling2D(keepdims=True),
    "global_max": layers.GlobalMaxPooling2D(keepdims=True),
    "adaptive": own.AdaptiveAveragePooling2D((3, 4)),
    "batch": layers.BatchNormalization(),
    "batch_rows": layers.BatchNormalization(axis=1, scale=False, center=False),
    "layer": layers.LayerNormalization(),
    "layer_rows": layers.LayerNormalization(axis=(1, 3), scale=False),
    "layer_rms": layers.LayerNormalization(axis=[1, 2, 3], center=False, epsilon=0.1),
    "rms": layers.RMSNormalization(),
    "groups": layers.GroupNormalization(groups=2),
    "groups_each": layers.GroupNormalization(groups=-1, center=False),
    "lrn": own.LocalResponseNormalization(size=3, k=1.0, alpha=0.5),
    "lrn_caffe": own.LocalResponseNormalization(convention="caffe", alpha=1.0, k=1.0),
    "locally": own.LocallyConnected2D(3, 3, strides=2, padding="same", activation="relu"),
    "locally_valid": own.LocallyConnected2D(2, (3, 2), use_bias=False),
    "table": own.TableConv2D([(0, 1), (3,), (1, 2, 3)], 3, "tanh"),
    "subsampling": own.TrainableSubsampling2D(2, "relu"),
    "shortcut": own.ZeroPaddingShortcut(6, strides=2),
    "s_cells": own.SCells(3, 3, padding="same"),
    "c_cells": own.CCells(3),
    "padding": layers.ZeroPadding2D(((1, 2), (0, 3))),
    "cropping": layers.Cropping2D(((1, 0), (2, 1))),
    "centre": layers.CenterCrop(4, 5),
    "nearest": layers.UpSampling2D((2, 3)),
    "bilinear": layers.UpSampling2D((3, 2), interpolation="bilinear"),
    "rescaling": layers.Rescaling(0.5, offset=-1.0),
    "rescaling_channels": layers.Rescaling([1.0, 2.0, 3.0, 4.0], offset=[0.0, 1.0, 0.0, 2.0]),
    "normalization": layers.Normalization(mean=[0.1, 0.2, 0.3, 0.4], variance=[1, 2, 3, 4.0]),
    "normalization_back": layers.Normalization(mean=0.5, variance=2.0, axis=None, invert=True),
    "permuted": layers.Permute((3, 1, 2)),
    "reshaped": layers.Reshape((9, 4, 7)),
    "prelu": layers.PReLU(),
    "prelu_shared": layers.PReLU(shared_axes=[1, 2]),
    "relu": layers.ReLU(max_value=1.5, negative_slope=0.1, threshold=0.2),
    "leaky": layers.LeakyReLU(negative_slope=0.3),
    "elu": layers.ELU(alpha=0.7),
    "softmax_rows": layers.Softmax(axis=(1, 2)),
    "dropout": layers.Dropout(0.5),
    "noise": layers.GaussianNoise(0.5),
    "flipped_in_training": layers.RandomFlip(),
    "activation_layer": layers.Conv2D(2, 1, activation=layers.LeakyReLU(negative_slope=0.1)),
}
if hasattr(layers, "AdaptiveAveragePooling2D"):
    MAPS["adaptive_of_keras"] = layers.AdaptiveAveragePooling2D((3, 4))


def averages(inputs, outputs):
    """End a network in two classes, which all outputs have a part in."""
    ends = [layers.GlobalAveragePooling2D()(x) for x in outputs]
    outputs = layers.Dense(2, activation="softmax")(layers.Concatenate()(ends))
    return keras.Model(inputs, outputs)


def test_every_option_of_every_layer(compare, shuffled):
    x = keras.Input((7, 9, 4))
    outputs = [layer(x) for layer in MAPS.values()]
    compare(shuffled(averages(x, outputs)), unit=1)


def test_activations(compare, shuffled):
    x = keras.Input((6, 5, 3))
    outputs = [layers.Activation(f)(x) for f in FUNCTIONS]
    outputs += [keras.ops.gelu(x, approximate=True), keras.ops.leaky_relu(x, negative_slope=0.1)]
    outputs += [keras.ops.softmax(x, axis=1), x * 2.0 + 1.0, (x - 0.5) / 4.0]
    compare(shuffled(averages(x, outputs)), unit=1)


def test_layers_of_several_inputs(compare, shuffled):
    x, y = keras.Input((4, 5, 3), name="x"), keras.Input((4, 5, 3), name="y")
    narrow = layers.GlobalAveragePooling2D(keepdims=True)(y)
    merges = (layers.Add, layers.Multiply, layers.Average, layers.Maximum, layers.Minimum)
    outputs = [kind()([x, y, narrow]) for kind in merges]
    outputs += [layers.Subtract()([x, narrow]), x + y, x * narrow, keras.ops.maximum(x, y)]
    outputs += [layers.Concatenate()([x, y, x]), layers.Concatenate(axis=1)([x, narrow * y])]
    outputs += [own.CropLike((1, 2))([layers.ZeroPadding2D(2)(x), y])]
    compare(shuffled(averages([x, y], outputs)), unit=0)


def test_vectors(compare, shuffled):
    x = keras.Input((6,))
    y = layers.LayerNormalization()(layers.BatchNormalization()(layers.Dense(8, "tanh")(x)))
    maps = layers.Reshape((2, 4, 3))(layers.Flatten()(layers.RepeatVector(3)(layers.PReLU()(y))))
    compare(shuffled(averages(x, [maps])), unit=1)


def test_dilated_transposed_convolution(compare, shuffled, script, rng):
    """Without oneDNN TensorFlow has no kernel for it; so the kernel gets rows of zeros instead."""
    x = keras.Input((5, 4, 3))
    dilated = keras.Model(x, layers.Conv2DTranspose(2, 3, dilation_rate=2)(x))
    dense = keras.Model(x, layers.Conv2DTranspose(2, 5)(x))
    shuffled(dilated)
    kernel = np.zeros((5, 5, 2, 3), "float32")
    kernel[::2, ::2], bias = dilated.get_weights()
    dense.set_weights([kernel, bias])
    image = rng.normal(size=(5, 4, 3)).astype("float32")
    assert_close = compare.assert_close
    first, second = (
        script(
            """const net = KerasCNN.load(given.model), run = net.forward([given.image]);
            return [run.values[1], net.backward(run, 0)[0]]""",
            model=page_data(model),
            image=image,
        )
        for model in (dilated, dense)
    )
    assert_close(first[0], dense(image[None]), 1e-5, "forward")
    assert_close(first[1], second[1], 1e-5, "backward")
