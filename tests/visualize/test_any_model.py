"""Smallest networks of those that random ones showed to be wrong, against TensorFlow's tape."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from kerascnn import visualize


@pytest.fixture(scope="module")
def pictures():
    return np.random.default_rng(0).random((2, 6, 6, 2), "float32")


def slope(function, x):
    """The gradient of a function's sum."""
    x = tf.constant(x)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = function(x)
    return tape.gradient(y, x)


def test_what_goes_around_a_layer_that_changes_nothing_does_not_count(pictures):
    """Keras's dropout hands on its input itself at inference, and so do others."""
    image = keras.Input((6, 6, 2))
    maps = layers.Conv2D(3, 3, padding="same", activation="relu", name="maps")(image)
    conv, dense = layers.Conv2D(3, 3, padding="same"), layers.Dense(2)
    joint = layers.Add()([conv(layers.Dropout(0.5, name="drop")(maps)), maps])
    model = keras.Model(image, dense(layers.GlobalAveragePooling2D()(joint)))
    found = visualize.activations(model, pictures, "maps")
    grads = slope(lambda x: dense(tf.reduce_mean(conv(x) + found, axis=(1, 2)))[:, 1], found)
    expected = (found * grads).numpy().sum(axis=-1)
    np.testing.assert_allclose(
        visualize.hires_cam(model, pictures, 1, "drop"), expected, rtol=1e-4, atol=1e-6
    )


def test_calls_are_counted_as_they_were_made():
    """Not as the outputs need them."""
    inputs = [keras.Input((5, 2)) for _ in range(3)]
    conv = layers.Conv1D(2, 3, name="conv")
    a, b, c = map(conv, inputs)
    model = keras.Model(inputs, layers.Concatenate()([c, a, b]))
    arrays = list(np.random.default_rng(0).random((3, 1, 5, 2), "float32"))
    for call, array in enumerate(arrays):
        found = visualize.activations(model, arrays, f"conv:{call}")
        np.testing.assert_allclose(found, conv(array), rtol=1e-6)


@pytest.mark.parametrize("kind", [layers.SimpleRNN, layers.LSTM])
def test_the_activation_of_a_recurrent_layer_is_no_end(kind):
    """It is applied at each step: what comes out is the score, and one unit has no classes."""
    steps = keras.Input((4, 2))
    arrays = np.random.default_rng(0).random((2, 4, 2), "float32")
    three = keras.Model(steps, kind(3, activation="sigmoid")(steps))
    np.testing.assert_allclose(
        visualize.saliency(three, arrays, 1, reduce=None),
        slope(lambda x: three(x)[:, 1], arrays),
        rtol=1e-4,
        atol=1e-7,
    )
    one = keras.Model(steps, kind(1, activation="sigmoid")(steps))
    with pytest.raises(ValueError, match="ends in one unit without a sigmoid"):
        visualize.saliency(one, arrays, 1)


@pytest.mark.parametrize("wrapper", [layers.TimeDistributed, layers.SpectralNormalization])
def test_a_softmax_within_a_wrapper(wrapper):
    """Scores are logits there too."""
    steps = keras.Input((4, 2))
    arrays = np.random.default_rng(0).random((2, 4, 2), "float32")
    dense = layers.Dense(3, activation="softmax")
    model = keras.Model(steps, wrapper(dense)(steps))
    expected = np.broadcast_to(dense.kernel[:, 1] / 4, arrays.shape)
    found = visualize.saliency(model, arrays, 1, reduce=None)
    np.testing.assert_allclose(found, expected, rtol=1e-5)
    whole = visualize.activations(model, arrays, model.layers[-1])
    np.testing.assert_allclose(whole.sum(axis=-1), 1, rtol=1e-5)


def test_a_softmax_within_a_model_within_a_wrapper():
    steps, one = keras.Input((4, 2)), keras.Input((2,))
    arrays = np.random.default_rng(0).random((2, 4, 2), "float32")
    inner = keras.Model(one, layers.Dense(3, activation="softmax")(one))
    model = keras.Model(steps, layers.TimeDistributed(inner, name="each")(steps))
    with pytest.warns(UserWarning, match=r"ends in 'each' \(TimeDistributed\), whose function"):
        visualize.saliency(model, arrays, 1)


@pytest.mark.parametrize("policy", ["float32", "mixed_float16"])
def test_weights_that_are_looked_up(policy):
    words = keras.Input((3,), dtype="int32")
    embedded = layers.Embedding(5, 2, dtype=policy)(words)
    model = keras.Model(words, layers.Flatten()(embedded))
    (found,) = visualize.weight_gradients(
        model, np.array([[0, 2, 2]], "int32"), lambda y: keras.ops.sum(y)
    )
    np.testing.assert_array_equal(found, [[1, 1], [0, 0], [2, 2], [0, 0], [0, 0]])


@pytest.mark.parametrize("interpolation", ["bicubic", "lanczos3"])
@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16"])
def test_resizing_in_half_precision(interpolation, policy, pictures):
    """TensorFlow has no gradient of these in half precision: there is none, or an error."""

    def net(policy):
        image = keras.Input((6, 6, 2))
        options = {"interpolation": interpolation, "dtype": policy}
        maps = layers.UpSampling2D(2, **options)(layers.Resizing(4, 4, **options)(image))
        maps = keras.ops.image.resize(maps, (7, 7), interpolation)
        return keras.Model(image, layers.Flatten(dtype="float32")(maps))

    found, whole = (visualize.saliency(net(p), pictures, 5) for p in (policy, "float32"))
    assert whole.max() > 0.05
    np.testing.assert_allclose(found, whole, atol=0.02 * whole.max())


def test_an_operation_without_a_gradient(pictures):
    image = keras.Input((6, 6, 2))
    small = layers.Flatten()(layers.Resizing(3, 3, interpolation="area")(image))
    model = keras.Model(image, small)
    with pytest.raises(NotImplementedError, match=r"the gradient of .* ResizeArea.* occlusion, wh"):
        visualize.saliency(model, pictures, 1)


def test_a_relu_of_another_precision_than_its_input(pictures):
    """A layer in half precision casts what comes to it."""

    def net(policy):
        image = keras.Input((6, 6, 2))
        rectified = layers.ReLU(dtype=policy, name="relu")(image)
        return keras.Model(image, layers.Flatten(dtype="float32")(rectified))

    found, whole = (visualize.deconvnet(net(p), pictures, "relu") for p in ("mixed_float16", None))
    np.testing.assert_allclose(found, whole, rtol=2e-3)


def named(start):
    """A small network whose layers have names that begin so."""
    keras.utils.set_random_seed(0)
    image = keras.Input((6, 6, 2))
    maps = layers.Conv2D(3, 3, activation="relu", name=f"{start}conv")(image)
    maps = layers.TimeDistributed(layers.Dense(3, name="_within"), name=f"{start}rows")(maps)
    flat = layers.Flatten(name=f"{start}flat")(layers.ReLU(name=f"{start}relu")(maps))
    return keras.Model(image, layers.Dense(2, name=f"{start}scores")(flat))


@pytest.mark.parametrize("start", ["_", "-", "$", "한 a:#", "a\\"])
def test_layers_of_any_name(start, pictures):
    """Not every name can be that of a scope in TensorFlow."""
    model, plain = named(start), named("")
    for method in (
        visualize.saliency,
        visualize.integrated_gradients,
        visualize.grad_cam,
        visualize.occlusion,
    ):
        assert_same(method(model, pictures, 1), method(plain, pictures, 1))
    found = visualize.activations(model, pictures, "all")
    expected = visualize.activations(plain, pictures, "all")
    assert list(found) == [start + name for name in expected]
    assert_same([*found.values()], [*expected.values()])


def assert_same(found, expected):
    for a, b in zip(*map(keras.tree.flatten, (found, expected)), strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("method", [visualize.lrp, visualize.deep_lift])
def test_relevance_in_layers_of_any_name(method, pictures):
    def relevance(start):
        keras.utils.set_random_seed(0)
        image = keras.Input((6, 6, 2))
        maps = layers.Conv2D(3, 3, activation="relu", name=f"{start}conv")(image)
        scores = layers.Dense(2, name=f"{start}scores")(layers.Flatten()(maps))
        return method(keras.Model(image, scores), pictures, 1)

    assert_same(relevance("_"), relevance(""))
