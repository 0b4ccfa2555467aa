"""Metrics that compare a heatmap with the mask of an object, by hand."""

import numpy as np
import pytest

from kerascnn.visualize.metrics import attribution_mass, pointing_game, rank_accuracy

MASK = np.array([[[0, 1, 1, 0], [0, 0, 0, 0], [0, 0, 0, 0]]])
HEATMAP = np.array([[[1.0, 5, 2, 0], [4, -3, 0, 0], [0, 3, 0, 6]]])


def test_the_pointing_game_by_hand():
    assert pointing_game(HEATMAP, MASK).tolist() == [0]  # 6 is at (2, 3)
    # From (2, 3) to the nearest pixel of the object, (0, 2): the root of 5.
    assert pointing_game(HEATMAP, MASK, tolerance=2.23).tolist() == [0]
    assert pointing_game(HEATMAP, MASK, tolerance=2.24).tolist() == [1]
    assert pointing_game(-HEATMAP, MASK).tolist() == [0]
    assert pointing_game(HEATMAP * MASK, MASK).tolist() == [1]


def test_equal_maxima_share_the_point():
    assert pointing_game(np.ones((1, 3, 4)), MASK)[0] == pytest.approx(2 / 12)
    two = np.zeros((1, 3, 4))
    two[0, 0, 1] = two[0, 2, 0] = 7
    assert pointing_game(two, MASK).tolist() == [0.5]


def test_mass_by_hand():
    # 5 + 2 of 1 + 5 + 2 + 4 + 3 + 6; what is negative counts nowhere.
    assert attribution_mass(HEATMAP, MASK)[0] == pytest.approx(7 / 21)
    assert attribution_mass(3 * HEATMAP, MASK)[0] == pytest.approx(7 / 21)
    assert np.isnan(attribution_mass(-np.abs(HEATMAP), MASK)).all()


def test_ranks_by_hand():
    # The two highest are 6, outside, and 5, inside.
    assert rank_accuracy(HEATMAP, MASK).tolist() == [0.5]
    assert rank_accuracy(100 * HEATMAP - 7, MASK).tolist() == [0.5]
    assert rank_accuracy(-HEATMAP, MASK).tolist() == [0]


def test_equal_pixels_count_as_if_drawn():
    assert rank_accuracy(np.zeros((1, 3, 4)), MASK)[0] == pytest.approx(2 / 12)
    # 9 is inside; of the other eleven, which are equal, one is drawn and one is inside.
    one = np.zeros((1, 3, 4))
    one[0, 0, 1] = 9
    assert rank_accuracy(one, MASK)[0] == pytest.approx((1 + 1 / 11) / 2)


def test_channels_are_summed_and_small_heatmaps_enlarged():
    channels = np.stack([HEATMAP + 1, np.full_like(HEATMAP, -1)], axis=-1)
    for metric in (pointing_game, attribution_mass, rank_accuracy):
        np.testing.assert_allclose(metric(channels, MASK), metric(HEATMAP, MASK), rtol=1e-6)
    mask = np.zeros((1, 4, 4), bool)
    mask[0, :, :2] = True
    small = np.array([[[1.0, 0.0]]])  # bilinear: 1, 0.75, 0.25, 0
    assert attribution_mass(small, mask)[0] == pytest.approx(1.75 / 2)
    assert rank_accuracy(small, mask).tolist() == [1]


def test_each_image_has_its_own_mask(rng):
    heatmaps, masks = rng.normal(size=(5, 6, 4)), rng.random((5, 6, 4)) < 0.3
    for metric in (pointing_game, attribution_mass, rank_accuracy):
        alone = [metric(h[None], m[None])[0] for h, m in zip(heatmaps, masks, strict=True)]
        np.testing.assert_array_equal(metric(heatmaps, masks), alone)


@pytest.mark.parametrize("metric", [pointing_game, attribution_mass, rank_accuracy])
@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"heatmaps": np.ones((3, 4))}, r"heatmaps must have the shape \(N, h, w\)"),
        ({"heatmaps": np.full((1, 3, 4), np.inf)}, "heatmaps must be finite"),
        ({"masks": MASK[0]}, r"masks must have the shape \(1, H, W\).*received \(3, 4\)"),
        ({"masks": 0 * MASK}, "that of image 0 is empty"),
        ({"masks": 3 * MASK}, r"masks must be booleans, or 0 and 1.*labels == klass"),
        ({"masks": np.concatenate([MASK, MASK])}, r"received \(2, 3, 4\)"),
    ],
)
def test_errors_teach(metric, change, message):
    with pytest.raises(ValueError, match=message) as caught:
        metric(**{"heatmaps": HEATMAP, "masks": MASK, **change})
    assert "\n" not in str(caught.value)
