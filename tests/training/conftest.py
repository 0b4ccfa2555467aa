import keras
import numpy as np
import pytest

LEFT_OR_RIGHT = 2


@pytest.fixture
def bars():
    """Two parts of 6x6 images: a bar in the left half (class 0) or in the right half (class 1)."""
    rng = np.random.default_rng(0)

    def part(count):
        labels = rng.integers(0, LEFT_OR_RIGHT, count)
        images = 0.3 * rng.random((count, 6, 6, 1), dtype=np.float32)
        for image, label in zip(images, labels, strict=True):
            image[:, rng.integers(0, 3) + 3 * label] += 0.7
        return images, labels

    return part(50), part(20)


@pytest.fixture
def make_model():
    """A small network with dropout; equal weights at each call, whatever ran before."""

    def make(classes=LEFT_OR_RIGHT, activation="softmax", dropout=0.3):
        layers = keras.layers
        model = keras.Sequential(
            [
                keras.Input((6, 6, 1)),
                layers.Conv2D(3, 3, activation="relu"),
                layers.Flatten(),
                layers.Dropout(dropout),
                layers.Dense(classes, activation=activation),
            ]
        )
        rng = np.random.default_rng(7)
        model.set_weights([rng.normal(0, 0.2, w.shape) for w in model.get_weights()])
        return model

    return make
