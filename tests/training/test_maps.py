"""Which labels belong to the pixels of a map."""

import keras
import numpy as np
import pytest

from kerascnn.training import evaluate, train
from kerascnn.training._maps import is_dense

layers = keras.layers
ONCE = {"epochs": 1, "batch_size": 3, "learning_rate": 0.0, "verbose": 0, "augment": "none"}
BLOCKS = np.random.default_rng(0).integers(0, 2, (3, 4, 4))
MASKS = BLOCKS.repeat(2, 1).repeat(2, 2)
IMAGES = MASKS[..., None].astype("float32")


def net(*stack, size=(8, 8)):
    return keras.Sequential([keras.Input((*size, 1)), *stack])


def reader(classes=2):
    """A net that names the class of each block of 2x2 pixels, which are all alike."""
    last = layers.Conv2D(classes, 2, strides=2, activation="softmax" if classes > 1 else "sigmoid")
    model = net(last)
    kernel = np.zeros((2, 2, 1, classes), "float32")
    kernel[..., -1] = 5
    last.set_weights([kernel, np.array([10, 0] if classes > 1 else [-10], "float32")])
    return model


def brief(loss):
    return getattr(loss, "__name__", loss)


def distance(true, scores):
    return keras.ops.mean((true - scores) ** 2, axis=-1)


@pytest.mark.parametrize(
    ("classes", "loss"),
    [(2, None), (1, None), (2, "categorical_crossentropy"), (2, distance)],
    ids=brief,
)
def test_a_coarse_map_does_not_learn_the_middle(classes, loss):
    model, one_hot = reader(classes), loss is not None
    form = np.eye(2)[..., :] if one_hot else np.arange(2)
    message = r"size of the output, 4x4, .*\(3, 8, 8.*labels\[:, ::2, ::2\].*Resizing\(8, 8\)"
    with pytest.raises(ValueError, match=message):
        train(model, (IMAGES, form[MASKS]), loss=loss, **ONCE)
    few = form[MASKS[:, ::2, ::2]]
    history = train(model, (IMAGES, few), loss=loss, **ONCE).history
    assert history["loss"][0] < 0.01
    if not one_hot:
        with pytest.raises(ValueError, match=message):
            evaluate(model, (IMAGES, MASKS))
        assert evaluate(model, (IMAGES, few)).accuracy == 1


@pytest.mark.parametrize(
    ("stack", "size", "dense"),
    [
        ([layers.Conv2D(2, 3)], (8, 8), True),
        ([layers.Conv2D(2, 2)], (8, 7), True),  # the rest is larger at the bottom
        ([layers.MaxPooling2D(3), layers.UpSampling2D(3), layers.Conv2D(2, 3)], (12, 9), True),
        ([layers.Conv2D(2, 3, dilation_rate=2)], (8, 8), True),
        ([layers.Conv2D(2, 3), layers.MaxPooling2D((1, 2))], (8, 8), False),
        ([layers.AveragePooling2D(7)], (8, 8), False),
        ([layers.Resizing(4, 4), layers.Conv2D(2, 1)], (8, 8), False),
        ([layers.Flatten(), layers.Dense(8), layers.Reshape((2, 2, 2))], (8, 8), False),
    ],
)
def test_maps_of_stride_1(stack, size, dense):
    model = net(*stack, size=size)
    assert is_dense(model, (*size, 1)) == dense
    of_one_size = layers.Dense(2)(layers.Flatten()(model.inputs[0]))
    twice = keras.Model(model.inputs, [of_one_size, *model.outputs])
    assert is_dense(twice, (*size, 1), 1) == dense

    class Own(keras.Model):
        def __init__(self):
            super().__init__()
            self.stack = [layer.__class__.from_config(layer.get_config()) for layer in stack]

        def call(self, images):
            for layer in self.stack:
                images = layer(images)
            return images

    assert is_dense(Own(), (*size, 1)) == dense


def test_masks_of_another_size_than_their_images():
    model = net(layers.Conv2D(2, 3, activation="softmax"))
    larger = MASKS.repeat(2, 1).repeat(2, 2)
    for call in (train, evaluate):
        options = ONCE if call is train else {}
        with pytest.raises(ValueError, match=r"images, 8x8, or of the output, 6x6; .*16, 16"):
            call(model, (IMAGES, larger), **options)
    middle = train(model, (IMAGES, MASKS[:, 1:-1, 1:-1]), **ONCE).history["loss"]
    assert train(model, (IMAGES, MASKS), **ONCE).history["loss"] == middle


def test_larger_validation_images_are_cropped_with_their_masks():
    model = net(layers.Conv2D(2, 3, activation="softmax"))
    wide = [(2, 2)] * 2
    images = np.pad(IMAGES, [(0, 0), *wide, (0, 0)])
    masks = np.pad(MASKS, [(0, 0), *wide])
    weights = np.random.default_rng(1).random(masks.shape)
    inner = slice(2, -2), slice(2, -2)
    options = ONCE | {"augment": lambda images: images}
    validation = images, masks, weights
    cropped = IMAGES, MASKS, weights[:, *inner]
    losses = [
        train(model, ((IMAGES, MASKS), part), **options).history["val_loss"][0]
        for part in (validation, cropped)
    ]
    assert losses[0] == losses[1]


def test_ten_crops_of_a_map_show_different_places():
    model = net(layers.Conv2D(2, 3, activation="softmax"), size=(6, 6))
    with pytest.raises(ValueError, match="ten_crop must be False for a class per pixel"):
        evaluate(model, (IMAGES, MASKS), ten_crop=True)
