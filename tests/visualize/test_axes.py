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
        lambda x: keras.ops.swapaxes(keras.ops.swapaxes(x, 1, 3), 1, 2),
        lambda x: keras.ops.einsum("nchw->nhwc", x),
        layers.Lambda(lambda x: keras.ops.transpose(x, (0, 2, 3, 1))),
        lambda x: layers.Permute((2, 3, 1))(layers.BatchNormalization(axis=1)(x)),
        lambda x: layers.Permute((2, 3, 1))(layers.LayerNormalization(axis=1)(x)),
        lambda x: layers.Permute((2, 3, 1))(layers.UnitNormalization(axis=1)(x)),
        lambda x: keras.ops.stack([x[:, 0], x[:, 1], x[:, 2]], -1),
        lambda x: keras.ops.stack(keras.ops.unstack(x, axis=1), -1),
    ],
)
def test_permuted_images_are_refused_where_channels_count(move, rng):
    inputs = keras.Input((3, 8, 9))
    maps = layers.Conv2D(4, 3, activation="relu")(move(inputs))
    model = keras.Model(inputs, layers.Dense(2)(layers.GlobalAveragePooling2D()(maps)))
    images = rng.random((2, 3, 8, 9), "float32")
    refusing = ("saliency", "smooth_grad", "occlusion", "score_cam", "guided_grad_cam")
    for method in (getattr(visualize, name) for name in refusing):
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


def add_axis(x):
    return keras.ops.expand_dims(x, -1)


class AddAxis(layers.Layer):
    def call(self, x):
        return add_axis(x)


WITHOUT_CHANNELS = {
    "index": lambda x: x[..., None],
    "stack": lambda x: keras.ops.stack([x, x, x], -1),
    "lambda": layers.Lambda(add_axis),
    "custom layer": AddAxis(),
    "batch normalization": lambda x: add_axis(layers.BatchNormalization()(x)),
    "layer normalization": lambda x: add_axis(layers.LayerNormalization()(x)),
    "padding": lambda x: add_axis(keras.ops.pad(x, [[0, 0], *(len(x.shape) - 1) * [[1, 1]]])),
}


def convolved(shape, begin):
    """A convolution of what is begun with, of its rank."""
    inputs = keras.Input(shape)
    begun = begin(inputs)
    kind = {3: layers.Conv1D, 4: layers.Conv2D, 5: layers.Conv3D}[len(begun.shape)]
    maps = kind(2, 3, activation="relu", name="conv")(begun)
    return keras.Model(inputs, layers.Dense(2)(layers.Flatten()(maps)))


@pytest.mark.parametrize("shape", [(6, 5), (4, 6, 5)], ids=["images", "volumes"])
@pytest.mark.parametrize("begin", WITHOUT_CHANNELS)
def test_maps_of_what_has_no_channels_have_its_shape(shape, begin, rng):
    model, x = convolved(shape, WITHOUT_CHANNELS[begin]), rng.random((2, *shape), "float32")
    signed = visualize.saliency(model, x, 1, reduce=None)
    np.testing.assert_array_equal(visualize.saliency(model, x, 1), np.abs(signed))
    assert visualize.effective_receptive_field(model, x, "conv").shape == x.shape


@pytest.mark.parametrize("name", ["occlusion", "rise", "maximize_activation"])
def test_volumes_without_channels_have_no_colors(name):
    model, x = convolved((4, 6, 5), add_axis), np.ones((2, 4, 6, 5), "float32")
    images = () if name == "maximize_activation" else (x,)
    with pytest.raises(ValueError, match=r"must take images, \(N, H, W, C\); .* volumes"):
        getattr(visualize, name)(model, *images, 1)


@pytest.mark.parametrize(
    ("shape", "begin"),
    [
        ((8, 3), lambda x: x),
        ((16, 3), layers.Reshape((4, 4, 3))),
        ((6, 6, 3), lambda x: keras.ops.mean(x, -1, keepdims=True)),
        ((6, 6, 3), lambda x: add_axis(keras.ops.mean(x, -1))),
        ((6, 6, 3), lambda x: keras.ops.stack([x[..., 2], x[..., 1], x[..., 0]], -1)),
        ((6, 6, 3), lambda x: layers.LayerNormalization()(x)),
        ((8, 3), lambda x: layers.Reshape((6, 4, 1))(layers.Conv1D(4, 3)(x))),
        ((9, 6, 1), layers.Reshape((3, 6, 3, 1))),
    ],
    ids=[
        "sequence", "patches", "gray", "gray with an axis", "BGR", "normalized", "two kinds",
        "a channel that is folded",
    ],
)  # fmt: skip
def test_channels_are_reduced_where_the_input_has_them(shape, begin, rng):
    model, x = convolved(shape, begin), rng.random((2, *shape), "float32")
    signed = visualize.saliency(model, x, 1, reduce=None)
    np.testing.assert_array_equal(visualize.saliency(model, x, 1), np.abs(signed).max(-1))
    assert visualize.effective_receptive_field(model, x, "conv").shape == x.shape[:-1]


class Stem(layers.Layer):
    """Weights that give images an axis: what becomes of the others is not known."""

    def __init__(self):
        super().__init__()
        self.conv = layers.Conv2D(2, 3)

    def build(self, shape):
        self.conv.build((*shape, 1))

    def call(self, x):
        return self.conv(add_axis(x))


def test_doubtful_channels_are_told(rng):
    model, x = convolved((6, 6), Stem()), rng.random((2, 6, 6), "float32")
    with pytest.warns(UserWarning, match="whether the last axis of the input .* before 'conv'"):
        assert visualize.saliency(model, x, 1).shape == (2, 6, 6)


class Holder(layers.Layer):
    def __init__(self, layer):
        super().__init__()
        self.held = layer

    def call(self, x):
        return self.held(x)


@pytest.mark.parametrize("wrapper", [layers.SpectralNormalization, layers.TimeDistributed, Holder])
def test_channels_first_is_refused_inside_layers(wrapper, rng):
    inner = wrapper(layers.Conv2D(4, 3, data_format="channels_first"))
    shape = (2, 3, 6, 7) if wrapper is layers.TimeDistributed else (3, 6, 7)
    inputs = keras.Input(shape)
    if wrapper is Holder:
        inner.held.build((None, *shape))
    model = keras.Model(inputs, layers.Dense(2)(layers.Flatten()(inner(inputs))))
    with pytest.raises(ValueError, match=f"layer '{inner.name}', which is 'channels_first'"):
        visualize.saliency(model, rng.random((2, *shape), "float32"), 1)


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
