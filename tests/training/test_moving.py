"""Augmentations that move what is in the images, however they are wrapped."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from kerascnn.training import train
from kerascnn.training._moving import moves

layers = keras.layers
UNIT = {"value_range": (0, 1)}


class Mirror(layers.RandomFlip):
    pass


class Sometimes(keras.Layer):
    """A layer of the user's that wraps another."""

    def __init__(self, layer):
        super().__init__()
        self.layer = layer

    def call(self, images, training=False):
        return self.layer(images, training=training)


class Mirrors(keras.Layer):
    """A layer of the user's that moves by itself, when it trains."""

    def call(self, images, training=False):
        return tf.image.random_flip_left_right(images, seed=1) if training else images


def functional():
    image = keras.Input((12, 10, 3))
    return keras.Model(image, layers.RandomFlip("horizontal")(image))


MOVING = {
    "nested": lambda: keras.Sequential([keras.Sequential([layers.RandomFlip()])]),
    "functional": functional,
    "subclass": Mirror,
    "wrapped": lambda: Sometimes(layers.RandomTranslation(0.1, 0.1)),
    "method": lambda: layers.RandomZoom(0.1).__call__,
    "custom": Mirrors,
    "flip": lambda: lambda images: images[:, :, ::-1],
    "random flip": lambda: lambda images: tf.image.random_flip_up_down(images, seed=1),
    "roll": lambda: lambda images: tf.roll(images, 4, axis=1),
}
for name in ("Pipeline", "RandAugment", "AugMix"):  # not in all versions of Keras
    if kind := getattr(layers, name, None):
        arguments = {"layers": [layers.RandomFlip()]} if name == "Pipeline" else UNIT
        MOVING[name] = lambda kind=kind, arguments=arguments: kind(**arguments)
STILL = {
    "noise": lambda: layers.GaussianNoise(1.0, seed=0),
    "dropout": lambda: layers.Dropout(0.8, seed=0),
    "brightness": lambda: keras.Sequential([layers.RandomBrightness(0.5, **UNIT)]),
    "inverted": lambda: lambda images: 1 - images,
    "black": lambda: lambda images: images * 0,
    "edges": lambda: lambda images: tf.image.sobel_edges(images)[..., 0],
    "standardized": lambda: tf.image.per_image_standardization,
    "dark to the right": lambda: lambda images: images * np.linspace(1, 0, 10)[:, None],
}


@pytest.fixture(scope="module")
def pixels():
    images = np.random.default_rng(0).random((20, 12, 10, 3), dtype=np.float32)
    return images, (images[..., 0] > 0.5).astype(int)


@pytest.mark.parametrize("make", MOVING.values(), ids=MOVING)
def test_what_moves_is_found(pixels, make):
    net = keras.Sequential([keras.Input((12, 10, 3)), layers.Conv2D(2, 1, activation="softmax")])
    with pytest.raises(ValueError, match=r"augment must be .*moves only the images") as error:
        train(net, pixels, augment=make(), epochs=1, batch_size=10, verbose=0)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("make", STILL.values(), ids=STILL)
def test_what_changes_colors_alone_is_accepted(pixels, make):
    augment = make()
    assert not any(moves(augment, pixels[0]) for _ in range(3))


@pytest.mark.parametrize("name", ["MixUp", "CutMix"])
def test_images_are_not_mixed_without_their_labels(bars, make_model, name):
    if not hasattr(layers, name):
        pytest.skip(f"this Keras has no {name}")
    with pytest.raises(ValueError, match=rf"augment must not mix images.* received '{name}'"):
        train(make_model(), bars, augment=getattr(layers, name)(), epochs=1, batch_size=5)
