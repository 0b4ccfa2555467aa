"""The Gini index, by hand and as half the mean difference over the mean."""

import numpy as np
import pytest

from kerascnn.visualize.metrics import sparseness


def test_by_hand():
    maps = np.zeros((3, 2, 2))
    maps[0] = [[0, 1], [2, 3]]  # mean difference of all pairs: 20 / 16; mean 3 / 2
    maps[1, 1, 1] = -4  # one of four has everything: 1 - 1/4
    maps[2] = 5
    np.testing.assert_allclose(sparseness(maps), [20 / 16 / 3, 0.75, 0], atol=1e-7)


def test_half_the_relative_mean_difference(rng):
    maps = rng.normal(size=(3, 5, 7))
    sizes = np.abs(maps).reshape(3, -1)
    differences = np.abs(sizes[:, :, None] - sizes[:, None]).mean(axis=(1, 2))
    expected = differences / (2 * sizes.mean(axis=1))
    np.testing.assert_allclose(sparseness(maps), expected, rtol=1e-6)
    np.testing.assert_allclose(sparseness(-1e-6 * maps), expected, rtol=1e-5)


def test_nothing_has_no_sparseness():
    assert np.isnan(sparseness(np.zeros((1, 2, 2)))).all()
    with pytest.raises(ValueError, match=r"heatmaps must have the shape \(N, h, w\)"):
        sparseness(np.zeros(3))
