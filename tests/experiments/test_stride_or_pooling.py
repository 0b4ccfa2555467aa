"""Four nets that shrink their maps in other ways, for the same cost."""

import numpy as np
import pytest

import kerascnn as kc
from kerascnn.experiments import _stride_or_pooling

SAME_FILTERS = list(_stride_or_pooling.STAGES)[:3]


@pytest.fixture(scope="module")
def record():
    return kc.experiments.recorded("stride_or_pooling")


@pytest.fixture(scope="module")
def nets():
    build = _stride_or_pooling.net
    return {name: build(name, (32, 32, 3), 10) for name in _stride_or_pooling.STAGES}


def test_the_cost_by_hand(nets):
    places, taps = (32**2, 16**2, 8**2, 4**2), (27, 9 * 16, 9 * 32, 9 * 64)
    filters = (16, 32, 64, 64)
    macs = sum(map(np.prod, zip(places, taps, filters, strict=True))) + 64 * 10
    for name in SAME_FILTERS:
        assert macs == kc.describe(nets[name]).macs
    half = 32**2 * 27 * 8 + 32**2 * 72 * 16 + 16**2 * 144 * 32 + 8**2 * 288 * 32 + 32 * 10
    usual = nets["convolution, max pooling"]
    assert half == kc.describe(usual).macs
    assert half == pytest.approx(macs, rel=0.07)


def test_the_maps_shrink_alike(nets):
    for model in nets.values():
        shapes = [layer.output.shape for layer in model.layers]
        assert [shape[1] for shape in shapes if len(shape) == 4][-1] == 4
    shapes = [[w.shape for w in nets[name].get_weights()] for name in SAME_FILTERS]
    assert shapes[0] == shapes[1] == shapes[2]


@pytest.mark.slow
def test_a_small_run():
    result = kc.experiments.stride_or_pooling(
        data="shapes", images=32, tests=20, epochs=1, seeds=(5,)
    )
    assert result["accuracy"].shape == (4, 1)
    assert np.all((result["accuracy"] >= 0) & (result["accuracy"] <= 1))
    assert result["macs"][0] == result["macs"][1] == result["macs"][2]


def test_the_record_has_the_shapes(record, nets):
    assert record["nets"].tolist() == list(nets)
    assert record["accuracy"].shape == (4, len(record.settings["seeds"]))
    assert record["macs"].tolist() == [kc.describe(model).macs for model in nets.values()]
    assert record["parameters"].tolist() == [model.count_params() for model in nets.values()]


def test_max_pooling_wins_in_every_run(record):
    best = SAME_FILTERS.index("max pooling, convolution")
    np.testing.assert_array_equal(record["accuracy"].argmax(axis=0), best)
