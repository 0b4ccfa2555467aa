"""Channels on the first axis, of images and of maps."""

import keras
import numpy as np
import pytest
from tensorflow.python.framework.test_util import IsMklEnabled

from kerascnn._graph import flatten
from kerascnn.training import DiceLoss, PadCropFlip, evaluate, train, transfer
from kerascnn.training._channels import channels_of_images, channels_of_output

layers = keras.layers
SHAPE = (3, 8, 7)  # channels first
ONCE = {"epochs": 1, "batch_size": 4, "learning_rate": 0.0, "verbose": 0}
LAST, FIRST = (layers.Permute(axes) for axes in ((2, 3, 1), (3, 1, 2)))

computed = pytest.mark.skipif(
    not IsMklEnabled(), reason="TensorFlow only computes channels first with oneDNN"
)


def to_last(x):
    return keras.ops.transpose(x, (0, 2, 3, 1))


def sized_to_last(x):
    """Take images of one size only."""
    return to_last(keras.ops.reshape(x, (-1, *SHAPE)))


def conv(filters=2, first=True, **options):
    return layers.Conv2D(
        filters, 3, data_format=f"channels_{'first' if first else 'last'}", **options
    )


def net(*stack, shape=SHAPE):
    return keras.Sequential([keras.Input(shape), *stack])


def places(model):
    graph = flatten(model)
    image, output = channels_of_images(model), channels_of_output(graph, graph.outputs[0])
    return image and image.axis, output and output.axis


@pytest.mark.parametrize(
    ("stack", "expected"),
    [
        ([conv()], (1, 1)),
        ([conv(), layers.BatchNormalization(axis=1), layers.ReLU(), layers.Dropout(0.1)], (1, 1)),
        ([layers.ReLU(), layers.MaxPooling2D(data_format="channels_first")], (1, 1)),
        ([conv(), LAST], (1, None)),
        ([conv(), layers.Permute((2, 1, 3))], (1, 2)),
        ([LAST, conv(first=False)], (1, None)),
        ([LAST, conv(first=False), FIRST], (1, 1)),
        ([conv(), layers.Dense(2)], (1, None)),
        ([net(conv(), layers.ReLU()), layers.ReLU()], (1, 1)),
        ([layers.Lambda(to_last), conv(2, False)], (1, None)),
        ([layers.Lambda(sized_to_last), conv(2, False)], (1, None)),
        ([conv(first=False)], (None, None)),
        ([FIRST, conv()], (None, 1)),
        ([FIRST, conv(), LAST], (None, None)),
        ([layers.Permute((2, 1, 3)), conv(first=False)], (None, None)),
        ([conv(), layers.Flatten(), layers.Dense(2)], (1, None)),
        ([conv(), layers.GlobalAveragePooling2D("channels_first")], (1, None)),
        ([layers.Flatten(), layers.Dense(9), layers.Reshape((3, 3, 1))], (None, None)),
    ],
)
def test_the_axis_of_the_channels(stack, expected):
    assert places(net(*stack)) == expected


def test_the_state_of_a_layer_stays():
    class Counting(layers.Layer):
        def build(self, shape):
            self.count = self.add_weight(initializer="zeros", trainable=False)

        def call(self, x):
            self.count.assign_add(1.0)
            return to_last(x)

    layer = Counting()
    model = net(layer, conv(first=False))
    assert places(model) == (1, None)
    assert layer.count.numpy() == 0


def test_sequences_with_their_channels_first():
    model = net(layers.Conv1D(2, 3, data_format="channels_first"), shape=(3, 8))
    assert places(model) == (1, 1)


@pytest.fixture
def images():
    return np.random.default_rng(0).random((4, *SHAPE), "float32")


MASKS = np.random.default_rng(1).integers(0, 2, (4, 8, 7))


@pytest.mark.parametrize("loss", [None, DiceLoss(), "categorical_crossentropy"])
def test_the_width_is_not_taken_for_the_classes(images, loss):
    model = net(conv(padding="same"), layers.Softmax(axis=1))
    masks = np.moveaxis(np.eye(2)[MASKS], -1, 1) if isinstance(loss, str) else MASKS
    message = r"last axis of the output; .*\(None, 2, 8, 7\).*Permute\(\(2, 3, 1\)\)"
    with pytest.raises(ValueError, match=message):
        train(model, (images, masks), loss=loss, **ONCE)
    with pytest.raises(ValueError, match=message):
        evaluate(model, (images, MASKS))


@computed
@pytest.mark.parametrize("padding", ["same", "valid"])
def test_moved_to_the_end_the_classes_are_learned(images, padding):
    model = net(conv(padding=padding), LAST)
    logits = np.asarray(model(images), "float64")
    cut = (8 - logits.shape[1]) // 2
    masks = MASKS[:, cut : 8 - cut, cut : 7 - cut]
    chances = np.exp(logits) / np.exp(logits).sum(axis=-1, keepdims=True)
    expected = -np.log(np.take_along_axis(chances, masks[..., None], axis=-1)).mean()
    history = train(model, (images, MASKS), augment="none", **ONCE).history
    assert history["loss"][0] == pytest.approx(expected, rel=1e-5)
    result = evaluate(model, (images, MASKS))
    assert result.confusion.shape == (2, 2)
    assert result.loss == pytest.approx(expected, rel=1e-5)


@computed
def test_numbers_may_have_any_axes(images):
    model = net(conv(3, padding="same"))
    expected = np.mean((np.asarray(model(images)) - images) ** 2)
    history = train(model, (images, images), loss="mse", augment="none", **ONCE).history
    assert history["loss"][0] == pytest.approx(expected, rel=1e-5)


@computed
@pytest.mark.parametrize("options", [{"recipe": "resnet"}, {"augment": PadCropFlip(1)}])
def test_channels_are_not_cropped_or_mirrored(images, options):
    head = [layers.GlobalAveragePooling2D("channels_first"), layers.Softmax()]
    part = images, np.arange(4) % 2
    with pytest.raises(ValueError, match=r"augment must be 'none' .* \(N, H, W, C\)"):
        train(net(conv(), *head), part, **ONCE | options)
    train(net(conv(), *head), part, augment="none", **ONCE)
    turned = np.moveaxis(images, 1, -1)
    train(net(FIRST, conv(), *head, shape=(8, 7, 3)), (turned, part[1]), **ONCE | options)


def test_ten_crops_are_those_of_the_image(images):
    model = net(conv(), layers.GlobalAveragePooling2D("channels_first"), layers.Softmax())
    with pytest.raises(ValueError, match="ten_crop must be False for images with their channels"):
        evaluate(model, (images, np.arange(4) % 2), ten_crop=True)


@computed
@pytest.mark.parametrize("default", ["channels_first", "channels_last"])
@pytest.mark.parametrize("first", [True, False])
def test_transfer_pools_the_axes_of_the_base(default, first):
    base = net(conv(4, first), layers.ReLU(), shape=(3, 8, 7) if first else (8, 7, 3))
    images = np.random.default_rng(0).random((2, *base.input_shape[1:]), "float32")
    before = keras.config.image_data_format()
    keras.config.set_image_data_format(default)
    try:
        model = transfer(base, 5)
    finally:
        keras.config.set_image_data_format(before)
    pooled = keras.Model(model.input, model.get_layer("pool").output)
    expected = np.asarray(base(images)).mean(axis=(2, 3) if first else (1, 2))
    np.testing.assert_allclose(pooled(images), expected, rtol=1e-5)
