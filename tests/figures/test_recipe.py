"""What the figures of AlexNet's recipe and of the residual block compute."""

import numpy as np
import pytest

from kerascnn.figures import gradient_flow, recipe


def test_zero_weights_give_the_identity():
    x, inner, y = gradient_flow.through_zero_weights("resnet20")
    assert x.max() > 0
    assert not inner.any()
    np.testing.assert_array_equal(y, x)


def test_a_plain_block_of_zero_weights_erases():
    x, inner, y = gradient_flow.through_zero_weights("plain20")
    assert x.max() > 0
    assert not inner.any()
    assert not y.any()


def test_the_geometric_mean():
    np.testing.assert_allclose(gradient_flow.geometric_mean(np.array([[1, 2], [4, 8]])), [2, 4])


def test_dropout_drops_half_doubles_the_rest_and_keeps_the_mean():
    values, masks, dropped = recipe.thinned()
    assert masks.mean() == pytest.approx(0.5, abs=0.01)
    assert np.any(masks[0] != masks[1])
    np.testing.assert_allclose(dropped, 2 * values * masks, rtol=1e-6)
    # The mean of 1000 draws of 0 or 2v is v, give or take v / sqrt(1000).
    np.testing.assert_array_less(abs(dropped.mean(axis=0) - values), 0.15 * values + 1e-6)


def test_normalization_is_the_formula_of_the_paper():
    maps, small, large = recipe.normalized()
    squares = np.pad(np.square(maps, dtype=np.float64), [(0, 0), (0, 0), (2, 2)])
    sums = sum(squares[..., i : i + maps.shape[-1]] for i in range(5))
    np.testing.assert_allclose(small, maps / (2 + 1e-4 * sums) ** 0.75, rtol=1e-4)
    np.testing.assert_allclose(large, 255 * maps / (2 + 1e-4 * 255**2 * sums) ** 0.75, rtol=1e-4)


def test_small_numbers_are_only_scaled_and_large_ones_dampened():
    """What the figure's title and alt text say."""
    maps, small, large = recipe.normalized()
    strong = maps > np.quantile(maps, 0.9)
    unchanged = 2**-0.75  # nothing but k in the denominator
    np.testing.assert_allclose(small[strong], unchanged * maps[strong], rtol=0.01)
    assert np.all(large[strong] < 0.6 * unchanged * 255 * maps[strong])
