"""Plain nets and ResNets of two depths."""

import numpy as np
import pytest

import kerascnn as kc


@pytest.fixture(scope="module")
def record():
    return kc.experiments.recorded("degradation")


@pytest.mark.slow
def test_runs_and_repeats():
    options = {
        "data": "shapes", "images": 64, "validation": 30, "epochs": 2, "batch_size": 32,
        "seeds": (5,),
    }  # fmt: skip
    result = kc.experiments.degradation(**options)
    assert result["error"].shape == (2, 2, 2, 1, 2)
    assert np.all((result["error"] >= 0) & (result["error"] <= 1))
    again = kc.experiments.degradation(**options)
    np.testing.assert_array_equal(again["error"], result["error"])


def test_the_record_has_the_shapes(record):
    settings = record.settings
    assert record["error"].shape == (2, 2, 2, len(settings["seeds"]), settings["epochs"])
    assert record["depths"].tolist() == settings["depths"]
    assert record["nets"].tolist() == ["plain", "residual"]
    assert record["parts"].tolist() == ["training", "validation"]


def test_deeper_plain_nets_learn_the_training_images_less_well(record):
    """In every run, from the first epochs on: the degradation that He et al. found."""
    plain20, plain56 = record["error"][0, :, 0]  # seed, epoch
    assert np.all(plain56[:, 1:] > plain20[:, 1:])


def test_shortcuts_help_both_nets_in_every_run(record):
    plain, residual = record["error"][:, :, 0, :, -1]  # depth, seed
    assert np.all(residual < plain)


def test_shortcuts_help_the_deep_net_most(record):
    """So that less of the degradation is left."""
    plain, residual = record["error"][:, :, 0, :, -1].mean(axis=-1)  # depth
    assert plain[1] - residual[1] > 2 * (plain[0] - residual[0])
