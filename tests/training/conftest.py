import keras
import numpy as np
import pytest

from kerascnn.training import train

LEFT_OR_RIGHT = 2

FORMS = {  # of labels of two classes, which training and evaluation take
    "a last axis": lambda labels: labels[..., None],
    "bytes": lambda labels: labels[..., None].astype("uint8"),
    "floats": lambda labels: labels.astype("float32"),
    "floats with a last axis": lambda labels: labels[..., None].astype("float64"),
    "truth values": lambda labels: labels.astype(bool),
}


class Begun(BaseException):
    """Nothing but `begin` catches it."""


class AtOnce(keras.callbacks.Callback):
    """Stop when all is ready for the first step, which would be compiled for a second."""

    def on_train_begin(self, logs=None):
        raise Begun


@pytest.fixture(scope="session")
def begin():
    """The function that goes as `train` does up to the first step."""

    def start(*arguments, callbacks=(), **options):
        with pytest.raises(Begun):
            train(*arguments, **{"verbose": 0, **options, "callbacks": [*callbacks, AtOnce()]})

    return start


@pytest.fixture(params=FORMS.values(), ids=FORMS)
def in_a_form(request):
    """A function that converts class indices to another form."""
    return request.param


@pytest.fixture(scope="session")
def bars():
    """Two parts of 6x6 images: a bar in the left half (class 0) or in the right half (class 1)."""
    rng = np.random.default_rng(0)

    def part(count):
        labels = rng.integers(0, LEFT_OR_RIGHT, count)
        images = 0.3 * rng.random((count, 6, 6, 1), dtype=np.float32)
        for image, label in zip(images, labels, strict=True):
            image[:, rng.integers(0, 3) + 3 * label] += 0.7
        for array in (images, labels):
            array.flags.writeable = False  # all tests share them
        return images, labels

    return part(50), part(20)


@pytest.fixture(scope="session")
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
