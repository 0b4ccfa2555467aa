"""The same net with zeros around its maps, and without."""

from itertools import pairwise

import numpy as np
import pytest

import kerascnn as kc
from kerascnn.experiments import _zero_padding


@pytest.fixture(scope="module")
def record():
    return kc.experiments.recorded("zero_padding")


def test_the_maps_without_padding_run_out():
    padded, bare = (_zero_padding.net(6, how, (32, 32, 3), 10) for how in ("same", "valid"))
    assert bare.get_layer("conv6").output.shape[1:3] == (1, 1)
    assert padded.get_layer("conv6").output.shape[1:3] == (8, 8)
    assert padded.count_params() == bare.count_params()
    channels = (3, 12, 12, 24, 24, 48, 48)  # kernels, 4 numbers a map to normalize, dense layer
    by_hand = sum(9 * c * k + 4 * k for c, k in pairwise(channels)) + 48 * 10 + 10
    assert padded.count_params() == by_hand


@pytest.mark.slow
def test_a_small_run():
    result = kc.experiments.zero_padding(
        data="digits", depths=(4,), images=64, tests=20, epochs=1, seeds=(0,)
    )
    assert result["accuracy"].shape == result["learnt"].shape == (1, 2, 1)
    assert np.all((result["learnt"] > 0) & (result["learnt"] < 1))


def test_runs_on_other_images(feigned):
    result = kc.experiments.zero_padding(
        data="digits", depths=(4,), images=20, tests=5, epochs=1, seeds=(0, 0, 1)
    )
    for key in ("accuracy", "learnt"):
        assert result[key].shape == (1, 2, 3)
        np.testing.assert_array_equal(result[key][..., 1], result[key][..., 0])
        assert np.all(result[key][..., 2] != result[key][..., 0])
    assert result["sizes"].tolist() == [
        [28, 28, 28, 14, 14, 14],
        [28, 26, 24, 12, 10, 8],
    ]
    assert result["layers"].tolist() == ["image", "conv1", "conv2", "pool2", "conv3", "conv4"]
    padded, bare = result["macs"][0]
    taps = (9 * 12, 9 * 12 * 12, 9 * 12 * 24, 9 * 24 * 24)
    assert padded == np.dot((28**2, 28**2, 14**2, 14**2), taps) + 24 * 10
    assert bare == np.dot((26**2, 24**2, 10**2, 8**2), taps) + 24 * 10


@pytest.mark.parametrize("depths", [(0,), (6, 7)])
def test_other_depths(depths):
    with pytest.raises(ValueError, match="depths must be from 1 to 6; received"):
        kc.experiments.zero_padding(data="digits", depths=depths)


def test_the_record_has_the_shapes(record):
    depths, seeds = record.settings["depths"], record.settings["seeds"]
    assert record["accuracy"].shape == record["learnt"].shape == (len(depths), 2, len(seeds))
    assert record["parameters"][:, 0].tolist() == record["parameters"][:, 1].tolist()
    assert np.all(record["macs"][:, 0] > record["macs"][:, 1])
    assert record["sizes"][:, -1].tolist() == [8, 1]


def test_padding_pays_in_every_run_once_the_maps_run_out(record):
    padded, bare = record["accuracy"].transpose(1, 0, 2)
    assert record["depths"].tolist() == [4, 5, 6]
    assert np.all(padded[:2] < bare[:2])
    assert padded[2].min() > bare[2].max()
