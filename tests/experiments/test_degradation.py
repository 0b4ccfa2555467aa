"""Plain nets and ResNets of two depths."""

from types import SimpleNamespace

import numpy as np
import pytest

import kerascnn as kc
from kerascnn.experiments import _degradation


@pytest.fixture(scope="module")
def record():
    return kc.experiments.recorded("degradation")


@pytest.mark.slow
def test_a_small_run():
    result = kc.experiments.degradation(
        data="shapes", images=32, validation=30, depths=(20,), epochs=1, batch_size=16, seeds=(5,)
    )
    assert result["error"].shape == (2, 1, 2, 1, 1)
    assert np.all((result["error"] >= 0) & (result["error"] <= 1))


def test_each_error_has_its_place(monkeypatch):
    """Of net, depth, part, seed and epoch."""

    def trained(build, parts, *, seed, epochs, **_options):
        (name,) = build.args
        rate = {"plain20": 1, "plain56": 2, "resnet20": 3, "resnet56": 4}[name] + seed / 10
        right = 1 - rate / np.arange(10, 10 + epochs)
        return SimpleNamespace(history={"accuracy": right, "val_accuracy": right / 2})

    monkeypatch.setattr(_degradation, "trained", trained)
    error = kc.experiments.degradation(
        data="shapes", images=4, validation=4, epochs=3, seeds=(5, 6)
    )["error"]
    rates = np.add.outer([[1, 2], [3, 4]], [0.5, 0.6])  # net, depth, seed
    training = rates[..., None] / [10, 11, 12]
    np.testing.assert_allclose(error[:, :, 0], training)
    np.testing.assert_allclose(error[:, :, 1], (1 + training) / 2)


def test_the_record_has_the_shapes(record):
    settings = record.settings
    assert record["error"].shape == (2, 2, 2, len(settings["seeds"]), settings["epochs"])
    assert record["depths"].tolist() == settings["depths"]
    assert record["nets"].tolist() == ["plain", "residual"]
    assert record["parts"].tolist() == ["training", "validation"]


def test_deeper_plain_nets_learn_the_training_images_less_well(record):
    """In all epochs: the degradation that He et al. found."""
    plain20, plain56 = record["error"][0, :, 0]  # seed, epoch
    assert np.all(plain56 > plain20)
    assert np.all(plain56[:, -1] > 2 * plain20[:, -1])


def test_a_deeper_residual_net_learns_the_training_images_better_in_the_end(record):
    """It starts more slowly, as in Figure 6 of He et al. on the right."""
    shallow, deep = record["error"][1, :, 0]  # seed, epoch
    assert np.all(deep[:, :5] > shallow[:, :5])
    assert np.all(deep[:, -10:] < shallow[:, -10:])


def test_shortcuts_help_both_nets_in_every_run(record):
    plain, residual = record["error"][:, :, 0, :, -1]  # depth, seed
    assert np.all(residual < plain)


def test_shortcuts_help_the_deep_net_most(record):
    plain, residual = record["error"][:, :, 0, :, -1].mean(axis=-1)  # depth
    assert plain[1] - residual[1] > 2 * (plain[0] - residual[0])
