"""A model has an order of axes of its own, not that of Keras's setting, and no memory."""

import keras
import numpy as np
import pytest
from keras import layers

from kerascnn import visualize


@pytest.fixture
def channels_first():
    keras.config.set_image_data_format("channels_first")
    yield
    keras.config.set_image_data_format("channels_last")


def net():
    return keras.Sequential(
        [
            keras.Input((12, 8, 3)),
            layers.Conv2D(4, 3, padding="same", activation="relu", data_format="channels_last"),
            layers.MaxPooling2D(data_format="channels_last"),
            layers.Conv2D(4, 3, activation="relu", name="last", data_format="channels_last"),
            layers.GlobalAveragePooling2D(data_format="channels_last"),
            layers.Dense(3),
        ]
    )


METHODS = {
    "guided_grad_cam": lambda model, x: visualize.guided_grad_cam(model, x, 1),
    "score_cam": lambda model, x: visualize.score_cam(model, x, 1),
    "occlusion": lambda model, x: visualize.occlusion(model, x, 1, size=4),
    "maximize_activation": lambda model, _x: visualize.maximize_activation(model, 1, steps=2),
    "deep_dream": lambda model, x: visualize.deep_dream(model, x, "last", octaves=1, steps=2),
    "style_transfer": lambda model, x: visualize.style_transfer(
        model, x[:1], x[1:], content_layers="last", style_layers="last", steps=2
    ),
}


def test_the_setting_of_keras_changes_nothing(rng, channels_first):
    images = rng.random((2, 12, 8, 3), "float32")
    model, twin = net(), net()
    twin.set_weights(model.get_weights())
    under_it = {name: method(model, images) for name, method in METHODS.items()}
    keras.config.set_image_data_format("channels_last")
    for name, method in METHODS.items():
        np.testing.assert_allclose(under_it[name], method(twin, images), atol=1e-5, err_msg=name)


@pytest.mark.parametrize(
    "move",
    [
        layers.Permute((2, 3, 1)),
        lambda x: keras.ops.transpose(x, (0, 2, 3, 1)),
        lambda x: layers.Permute((2, 3, 1))(layers.Rescaling(2.0)(x)),
        lambda x: layers.Permute((2, 3, 1))(2 * x - 0.5),
        lambda x: keras.ops.moveaxis(x, 1, -1),
        lambda x: keras.ops.swapaxes(x, 1, 3),
        lambda x: keras.ops.einsum("nchw->nhwc", x),
        layers.Lambda(lambda x: keras.ops.transpose(x, (0, 2, 3, 1))),
    ],
)
def test_permuted_images_are_refused_where_channels_count(move, rng):
    inputs = keras.Input((3, 8, 9))
    maps = layers.Conv2D(4, 3, activation="relu")(move(inputs))
    model = keras.Model(inputs, layers.Dense(2)(layers.GlobalAveragePooling2D()(maps)))
    images = rng.random((2, 3, 8, 9), "float32")
    for method in (visualize.saliency, visualize.smooth_grad, visualize.occlusion):
        with pytest.raises(ValueError, match="must take its channels on the last axis; '"):
            method(model, images, 0)
    assert visualize.grad_cam(model, images, 0).shape == (2, *maps.shape[1:3])
    assert visualize.saliency(model, images, 0, reduce=None).shape == images.shape


@pytest.mark.parametrize("first", [[], [layers.Rescaling(2.0)]], ids=["as they are", "rescaled"])
def test_images_without_channels_keep_their_width(first, rng):
    """(N, H, W) is no sequence where the pixels get an axis for channels."""
    model = keras.Sequential(
        [keras.Input((6, 5)), *first, layers.Reshape((6, 5, 1)), layers.Flatten(), layers.Dense(2)]
    )
    assert visualize.saliency(model, rng.random((2, 6, 5), "float32"), 0).shape == (2, 6, 5)


def test_a_vector_may_be_reshaped_and_permuted(rng):
    """The axes of the maps are the model's own; those of its input stay in place."""
    model = keras.Sequential(
        [
            keras.Input((24,)),
            layers.Reshape((3, 4, 2)),
            layers.Permute((2, 3, 1)),
            layers.Flatten(),
            layers.Dense(2, kernel_initializer="ones"),
        ]
    )
    vectors = rng.random((2, 24), "float32")
    np.testing.assert_array_equal(visualize.saliency(model, vectors, 0), np.ones((2, 24)))


def lstm(stateful):
    steps = keras.Input(batch_shape=(2, 6, 4))
    within = layers.Bidirectional(layers.LSTM(3, return_sequences=True, stateful=stateful))
    return keras.Model(steps, layers.Dense(2)(layers.LSTM(3)(within(steps))))


@pytest.mark.parametrize(
    "method",
    [
        visualize.saliency,
        lambda model, x, _target: visualize.activations(model, x, "lstm"),
        lambda model, _x, target: visualize.maximize_activation(model, target, steps=1),
    ],
)
def test_a_state_that_is_carried_on_is_refused(method, rng):
    """Two equal calls would differ, and the method would modify the model."""
    sequences = rng.random((2, 6, 4), "float32")
    with pytest.raises(ValueError, match="carries its state on") as told:
        method(lstm(stateful=True), sequences, 0)
    assert "'bidirectional" in str(told.value)
    assert "\n" not in str(told.value)
    stateful, model = lstm(stateful=True), lstm(stateful=False)
    model.set_weights(stateful.get_weights())  # as the message says
    np.testing.assert_allclose(model(sequences), stateful(sequences), rtol=1e-6)
    assert visualize.saliency(model, sequences, 0).max() > 0
