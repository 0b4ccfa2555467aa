"""Nothing warns of the way in which arrays are made of weights; `visualize` has its own test."""

import warnings

import numpy as np
import pytest
from keras import Input, Sequential, layers

import kerascnn as kc


def small():
    return Sequential(
        [
            Input((8, 8, 1)),
            layers.Normalization(mean=[0.1], variance=[1.0]),
            layers.Conv2D(3, 3, activation="relu"),
            layers.BatchNormalization(),
            layers.Flatten(),
            layers.Dense(3, activation="softmax"),
        ]
    )


def trained(tmp_path):
    images = np.random.default_rng(0).random((4, 8, 8, 1), "float32")
    kc.train(small(), (images, [0, 1, 2, 0]), epochs=1, batch_size=2, run_dir=tmp_path, verbose=0)
    return kc.trained.load(tmp_path)


@pytest.fixture
def weights(tmp_path):
    path = tmp_path / "small.weights.h5"
    small().save_weights(path)
    return path


CALLS = {
    "weights": lambda weights: kc.weights.load(small(), weights),
    "training": lambda weights: trained(weights.parent / "run"),
    "convolutions": lambda _: kc.models.convolutionalize(
        kc.build_vgg11(width=1 / 64, input_shape=(32, 32, 3), classes=2)
    ),
    "explorer": lambda weights: kc.explorer.export(
        small(), weights.parent / "page.html", class_names=["a", "b", "c"]
    ),
}


@pytest.mark.parametrize("call", CALLS)
def test_numpy_has_nothing_to_warn_of(call, weights):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        CALLS[call](weights)
