"""GoogLeNet's gradients with and without its auxiliary losses."""

import keras
import numpy as np
import pytest
from keras import layers

import kerascnn as kc
from kerascnn.experiments import _auxiliary_gradients
from kerascnn.figures import gradient_flow


@pytest.fixture(scope="module")
def record():
    return kc.experiments.recorded("auxiliary_gradients")


def test_photos_are_what_the_net_takes():
    images, labels = _auxiliary_gradients.labeled_photos(9, 100, seed=0)
    assert images.shape == (9, 100, 100, 3)
    assert -124 <= images.min() < 0 < images.max() <= 152  # bytes minus ImageNet's mean color
    assert labels.shape == (9,)
    assert set(labels) <= set(range(1000))
    again, _labels = _auxiliary_gradients.labeled_photos(9, 100, seed=0)
    np.testing.assert_array_equal(again, images)


def test_losses_count_as_much_as_is_said(rng):
    keras.utils.set_random_seed(0)
    inputs = keras.Input((2, 2, 1))
    flat = layers.Flatten()(inputs)
    names = ("predictions", "loss1_classifier", "loss2_classifier")
    shared = layers.Dense(3, name="conv1_shared")(flat)
    outputs = [layers.Dense(2, "softmax", name=name)(shared) for name in names]
    model = keras.Model(inputs, outputs)
    images, labels = rng.random((4, 2, 2, 1), "float32"), np.array([0, 1, 1, 0])

    def norms(*weights):
        return _auxiliary_gradients.kernel_norms(model, images, labels, weights)

    assert list(norms(1, 0, 0)) == ["conv1_shared", "predictions"]
    assert norms(1, 0.3, 0.3)["predictions"] == pytest.approx(norms(1, 0, 0)["predictions"])
    assert norms(0, 0.3, 0)["conv1_shared"] == pytest.approx(
        0.3 * norms(0, 1, 0)["conv1_shared"], rel=1e-5
    )


@pytest.mark.slow
def test_runs():
    result = kc.experiments.auxiliary_gradients(images=1, size=80, seeds=(1,))
    assert result["norm"].shape == (2, 1, 58)
    assert np.all(result["norm"] > 0)


def test_the_record_has_the_shapes(record):
    layers, modules = record["layers"].tolist(), record["modules"].tolist()
    assert record["norm"].shape == (2, len(record.settings["seeds"]), len(layers))
    assert len(layers) == 57 + 1  # convolutions of Table 1, and the classifier
    assert modules == [_auxiliary_gradients.module_of(layer) for layer in layers]


def test_modules_add_up_squares(record):
    modules, norms = gradient_flow.by_module(record)
    assert modules[:4] == ["conv1", "conv2", "3a", "3b"]
    assert modules[-2:] == ["5b", "predictions"]
    np.testing.assert_allclose((norms**2).sum(axis=-1), (record["norm"] ** 2).sum(axis=-1))
    np.testing.assert_allclose(norms[..., 0], record["norm"][..., 0])


def test_below_the_heads_there_is_more_gradient(record):
    """What the figure's title and alt text say, of every seed."""
    modules, (main, both) = gradient_flow.by_module(record)
    above = [modules.index(name) for name in ("4e", "5a", "5b", "predictions")]
    between = [modules.index(name) for name in ("4b", "4c", "4d")]
    below = [modules.index(name) for name in ("conv1", "conv2", "3a", "3b", "4a")]
    np.testing.assert_allclose(both[:, above], main[:, above], rtol=1e-3)
    assert np.all(both[:, between] > main[:, between])
    assert np.all(both[:, below] > 2.5 * main[:, below])
