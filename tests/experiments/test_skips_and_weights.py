"""A U-Net with copied, added and no skips, with and without its weight map."""

import numpy as np
import pytest

import kerascnn as kc
from kerascnn.experiments import _skips_and_weights as module


@pytest.fixture(scope="module")
def record():
    return kc.experiments.recorded("skips_and_weights")


def test_skips_are_copied_added_or_absent():
    nets = {skips: module.net(skips, (48, 48, 1)) for skips in ("copied", "added", "none")}
    joins = {
        skips: [layer.name for layer in net.layers if "concat" in layer.name or "add" in layer.name]
        for skips, net in nets.items()
    }
    assert [len(each) for each in joins.values()] == [4, 4, 0]
    assert nets["added"].count_params() == nets["none"].count_params()
    more = sum(9 * filters**2 for filters in module.FILTERS)  # of 3x3 kernels that see copies
    assert nets["copied"].count_params() == nets["added"].count_params() + more


def test_mean_distance_by_hand():
    one = np.zeros((3, 8, 8), int)
    one[:2, 2:5, 2:5] = 1
    other = one.copy()
    other[1] = np.roll(one[1], 1, axis=1)
    assert module.mean_distance(one[:1], other[:1]) == 0
    twice = kc.metrics.surface_distance(one[1], other[1])
    assert module.mean_distance(one, other) == pytest.approx(twice / 2)  # the empty one is left out
    assert np.isnan(module.mean_distance(one[2:], other[2:]))


@pytest.mark.slow
def test_a_small_run(feigned, monkeypatch):
    monkeypatch.setattr(module, "FILTERS", (2, 4))
    monkeypatch.setattr(module, "BRIDGE", 4)
    nets = ("copied", "none, weight map")
    result = kc.experiments.skips_and_weights(nets=nets, images=5, size=48, epochs=1, seeds=(0, 0))
    for key in ("dice", "f1", "distance"):
        assert result[key].shape == (2, 2)
        np.testing.assert_array_equal(result[key][:, 1], result[key][:, 0])
    assert result["masks"].shape == (2, 48)
    assert {len(line) for line in result["masks"].flat} == {48}
    assert result["nets"].tolist() == list(nets)


def test_the_weight_map_separates_cells_in_every_run(record):
    order = record["nets"].tolist()
    plain, weighted = (record["f1"][order.index(n)] for n in ("copied", "copied, weight map"))
    assert weighted.min() > plain.max()


def test_outlines_are_coarse_without_skips_in_every_run(record):
    order = record["nets"].tolist()
    rows = [f"{skips}, weight map" for skips in ("copied", "added", "none")]
    copied, added, none = (record["distance"][order.index(row)] for row in rows)
    assert none.min() > max(copied.max(), added.max())
    assert record["dice"].min() > 0.5  # all of them have learned
