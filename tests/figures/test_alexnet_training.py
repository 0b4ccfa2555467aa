"""What the figures of AlexNet's training compute."""

import numpy as np
import pytest

from kerascnn.figures import alexnet_training


def test_dropout_drops_half_doubles_the_rest_and_keeps_the_mean():
    values, masks, dropped = alexnet_training.thinned()
    assert masks.mean() == pytest.approx(0.5, abs=0.01)
    assert np.any(masks[0] != masks[1])
    np.testing.assert_allclose(dropped, 2 * values * masks, rtol=1e-6)
    # The mean of 1000 draws of 0 or 2v is v, give or take v / sqrt(1000).
    np.testing.assert_array_less(abs(dropped.mean(axis=0) - values), 0.15 * values + 1e-6)


def test_normalization_is_the_formula_of_the_paper():
    maps, small, large = alexnet_training.normalized()
    squares = np.pad(np.square(maps, dtype=np.float64), [(0, 0), (0, 0), (2, 2)])
    sums = sum(squares[..., i : i + maps.shape[-1]] for i in range(5))
    np.testing.assert_allclose(small, maps / (2 + 1e-4 * sums) ** 0.75, rtol=1e-4)
    np.testing.assert_allclose(large, 255 * maps / (2 + 1e-4 * 255**2 * sums) ** 0.75, rtol=1e-4)


def test_small_numbers_are_only_scaled_and_large_ones_dampened():
    """What the figure's title and alt text say."""
    maps, small, large = alexnet_training.normalized()
    strong = maps > np.quantile(maps, 0.9)
    unchanged = 2**-0.75  # nothing but k in the denominator
    np.testing.assert_allclose(small[strong], unchanged * maps[strong], rtol=0.01)
    assert np.all(large[strong] < 0.6 * unchanged * 255 * maps[strong])
