"""Gradients of plain and residual nets, layer by layer."""

import keras
import numpy as np
import pytest
from keras import layers

import kerascnn as kc
from kerascnn.experiments import _gradient_norms
from kerascnn.experiments._without import without


@pytest.fixture(scope="module")
def record():
    return kc.experiments.recorded("gradient_norms")


def small(*between):
    x = inputs = keras.Input((4, 4, 1))
    for layer in (
        layers.Conv2D(3, 3, use_bias=False, name="conv"),
        *between,
        layers.Flatten(name="flat"),
        layers.Dense(2, "softmax", name="dense"),
    ):
        x = layer(x)
    return keras.Model(inputs, x)


def test_norms_by_hand(rng):
    """A dense layer's gradient is the sum of x (p - y)ᵀ over the images; only kernels count."""
    keras.utils.set_random_seed(0)
    model, images, labels = small(), rng.random((3, 4, 4, 1), "float32"), np.array([0, 1, 1])
    x = model.get_layer("conv")(images).numpy().reshape(3, -1)
    error = model.predict(images, verbose=0) - np.eye(2)[labels]
    first, last = _gradient_norms.kernel_norms(model, images, labels)
    assert last == pytest.approx(np.linalg.norm(x.T @ error / 3), rel=1e-4)
    assert first > 0


def test_a_net_without_a_kind_of_layer_is_that_of_the_others(rng):
    keras.utils.set_random_seed(0)
    norm = layers.BatchNormalization(name="bn", beta_initializer="ones")
    model = small(norm, layers.ReLU(name="relu"))
    bare = without(model, layers.BatchNormalization)
    assert [layer.name for layer in bare.layers if layer.weights] == ["conv", "dense"]
    images = rng.random((2, 4, 4, 1), "float32")
    x = np.maximum(model.get_layer("conv")(images), 0).reshape(2, -1)
    expected = model.get_layer("dense")(x)
    np.testing.assert_allclose(bare(images), expected, rtol=1e-5)
    assert np.abs(model(images) - expected).max() > 1e-3


def test_the_layers_are_counted_as_in_the_name(rng):
    keras.utils.set_random_seed(0)
    model = kc.build_resnet20(width=0.25)
    images, labels = rng.random((2, 32, 32, 3), "float32"), np.array([0, 1])
    norms = _gradient_norms.kernel_norms(model, images, labels)
    assert len(norms) == 20
    assert np.all(np.array(norms) > 0)


@pytest.mark.slow
def test_a_small_run():
    result = kc.experiments.gradient_norms(
        data="shapes", depths=(20,), images=16, batch_size=8, seeds=(3,)
    )
    assert result["norm_20"].shape == (2, 3, 1, 20)
    assert result["steps"] == 2
    at_start, after, bare = result["norm_20"][0, :, 0]
    assert not np.allclose(at_start, after)
    assert not np.allclose(at_start, bare)


def test_a_seed_gives_the_same_norms(feigned, monkeypatch):
    def kernel_norms(model, images, labels):
        return model.get_weights()[0].ravel()[:20]

    build = lambda _name: small(layers.BatchNormalization(name="bn"))  # noqa: E731
    monkeypatch.setattr(_gradient_norms.models, "build", build)
    monkeypatch.setattr(_gradient_norms, "kernel_norms", kernel_norms)
    norms = kc.experiments.gradient_norms(
        data="shapes", depths=(20,), images=4, batch_size=4, seeds=(3, 3, 4)
    )["norm_20"]  # net, condition, seed, layer
    np.testing.assert_array_equal(norms[:, :, 0], norms[:, :, 1])
    assert np.all(norms[:, :, 0] != norms[:, :, 2])
    np.testing.assert_array_equal(norms[:, 0], norms[:, 2])  # one start, with and without
    assert np.all(norms[:, 0] != norms[:, 1])  # before training and after it


def test_the_record_has_the_shapes(record):
    settings = record.settings
    for depth in settings["depths"]:
        norms = record[f"norm_{depth}"]
        assert norms.shape == (2, 3, len(settings["seeds"]), depth)
        assert np.all(norms > 0)
    assert record["nets"].tolist() == ["plain", "residual"]
    assert record["conditions"].tolist() == list(_gradient_norms.CONDITIONS)
    assert record["steps"] * settings["batch_size"] == settings["images"]


def test_deep_plain_gradients_explode_at_the_start_and_residual_ones_do_not(record):
    """What the figure's title and alt text say, of every seed."""
    plain, residual = record["norm_56"][:, 0]  # (seed, layer)
    assert np.all(plain[:, 0] > 300 * plain[:, -2])
    assert np.all(residual[:, 0] < 10 * residual[:, -2])
    shallow = record["norm_20"][0, 0]
    assert np.all(shallow[:, 0] < 10 * shallow[:, -2])


def test_after_some_steps_the_deep_plain_net_has_the_smallest_first_gradients(record):
    first = np.exp(np.log(record["norm_56"][:, 1, :, :5]).mean(axis=(1, 2)))
    assert first[0] < first[1] / 10
    shallow = np.exp(np.log(record["norm_20"][:, 1, :, :5]).mean(axis=(1, 2)))
    assert first[0] < shallow.min() / 10
