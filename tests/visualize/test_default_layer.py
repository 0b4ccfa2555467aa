"""Which maps are looked at where no layer is named; maps of sequences, volumes and frames."""

import warnings

import keras
import numpy as np
import pytest
from keras import layers

import kerascnn as kc
from kerascnn import visualize
from kerascnn._graph import flatten
from kerascnn.visualize._engine.layers import select_layer


def default(model):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return select_layer(flatten(model), None).name


def test_the_maps_before_the_closing_pooling():
    """As the papers and the peers take them; InceptionV3 on 75x75 pixels ends within a branch."""
    narrow = {"width": 1 / 16, "input_shape": (32, 32, 3)}
    assert default(kc.build_vgg16(**narrow)) == "block5_conv3"
    assert default(kc.build_lenet5()) == "c3"
    assert default(kc.build_resnet20()) == "conv4_block3_out"
    inception = keras.applications.InceptionV3(
        weights=None, include_top=False, pooling="avg", input_shape=(75, 75, 3)
    )
    assert default(inception) == "mixed7"
    assert default(kc.build_fcn8s(width=1 / 64)) == "upscore"


def test_a_mask_is_no_feature_map():
    """Keras computes the mask of `Masking` beside the layers that pass it on."""
    inputs = keras.Input((4, 1))
    steps = layers.Dense(3, name="steps")(layers.Masking()(inputs))
    sums = layers.Attention(name="attention")([steps, steps])
    scores = layers.Dense(4, "softmax")(layers.GlobalAveragePooling1D()(sums))
    assert default(keras.Model(inputs, scores)) == "attention"


@pytest.mark.parametrize(
    "pool", [layers.AdaptiveAveragePooling2D, kc.layers.AdaptiveAveragePooling2D]
)
def test_adaptive_pooling_closes_too(pool):
    inputs = keras.Input((9, 9, 1))
    maps = pool((2, 2))(layers.Conv2D(2, 3, name="conv")(inputs))
    assert default(keras.Model(inputs, layers.Dense(2)(layers.Flatten()(maps)))) == "conv"


def test_a_vector_beside_the_images_is_no_way_around():
    images, vector = keras.Input((9, 9, 1)), keras.Input((3,))
    maps = layers.Dropout(0.5)(layers.MaxPooling2D()(layers.Conv2D(2, 3, name="conv")(images)))
    joined = layers.Concatenate()([layers.Flatten()(maps), vector])
    assert default(keras.Model([images, vector], layers.Dense(2)(joined))) == "conv"


@pytest.mark.parametrize("shape", [(81,), (9, 9)])
def test_flattened_images_become_maps(shape):
    inputs = keras.Input(shape)
    maps = layers.Conv2D(2, 3, name="conv")(layers.Reshape((9, 9, 1))(inputs))
    assert default(keras.Model(inputs, layers.Dense(2)(layers.Flatten()(maps)))) == "conv"


SPACES = {
    "sequence": ((20, 3), layers.Conv1D, layers.GlobalAveragePooling1D),
    "volume": ((5, 7, 6, 2), layers.Conv3D, layers.GlobalAveragePooling3D),
    "frames": (
        (4, 7, 6, 2),
        lambda *options, **more: layers.TimeDistributed(layers.Conv2D(*options, **more)),
        layers.GlobalAveragePooling3D,
    ),
}


@pytest.mark.parametrize("space", SPACES)
def test_grad_cam_in_any_space(space, rng):
    """Selvaraju's equations 1 and 2 on the tape's gradient; the mean is over all positions."""
    import tensorflow as tf

    shape, convolution, pooling = SPACES[space]
    inputs = keras.Input(shape)
    maps = convolution(4, 3, activation="relu")(inputs)
    model = keras.Model(inputs, layers.Dense(3)(pooling()(maps)))
    both, x = keras.Model(inputs, [maps, model.output]), rng.random((2, *shape), "float32")
    with tf.GradientTape() as tape:
        a, scores = both(x)
        score = tf.reduce_sum(scores[:, 1])
    g = tape.gradient(score, a).numpy()
    places = tuple(range(1, g.ndim - 1))
    expected = np.maximum((g.mean(axis=places, keepdims=True) * a.numpy()).sum(axis=-1), 0)
    np.testing.assert_allclose(visualize.grad_cam(model, x, 1), expected, rtol=1e-5, atol=1e-7)
    expected = np.maximum((np.maximum(g, 0) * a.numpy()).sum(axis=-1), 0)
    np.testing.assert_allclose(visualize.layer_cam(model, x, 1), expected, rtol=1e-5, atol=1e-7)
    signed = visualize.saliency(model, x, 1, reduce=None)
    np.testing.assert_array_equal(visualize.saliency(model, x, 1), np.abs(signed).max(axis=-1))
    with pytest.raises(ValueError, match="must take images"):
        visualize.guided_grad_cam(model, x, 1)
