"""Distances of outlines by hand, and against scikit-image."""

import numpy as np
import pytest
from scipy import ndimage
from scipy.spatial import cKDTree
from skimage.metrics import hausdorff_distance

from kerascnn import metrics


def square(top, left, side, size=16):
    mask = np.zeros((size, size), bool)
    mask[top : top + side, left : left + side] = True
    return mask


def test_squares_by_hand():
    one, moved = square(2, 2, 5), square(2, 5, 5)  # by 3 to the right
    assert metrics.hausdorff(one, moved) == 3
    assert metrics.hausdorff(one, moved, spacing=(1, 0.5)) == 1.5
    assert metrics.hausdorff(one, one) == metrics.surface_distance(one, one) == 0


def test_only_the_outline_counts():
    outer, inner = square(1, 1, 13), square(5, 5, 5)
    assert metrics.hausdorff(outer, inner) == pytest.approx(4 * np.sqrt(2))  # corner to corner
    line = np.zeros((1, 10), bool)
    line[0, :4] = True
    assert metrics.surface_distance(line, np.roll(line, 1)) == pytest.approx(2 / 8)


def test_against_scikit_image_and_a_tree():
    rng = np.random.default_rng(0)
    one, other = (ndimage.gaussian_filter(rng.normal(size=(3, 20, 24)), 2) > 0.02 for _ in "ab")
    outlines = [mask & ~ndimage.binary_erosion(mask) for mask in (one, other)]
    assert metrics.hausdorff(one, other) == pytest.approx(hausdorff_distance(*outlines))
    spacing = np.array([3, 0.5, 0.7])
    first, second = (np.argwhere(outline) * spacing for outline in outlines)
    there, back = cKDTree(second).query(first)[0], cKDTree(first).query(second)[0]
    mean = np.concatenate([there, back]).mean()
    assert metrics.surface_distance(one, other, spacing=spacing) == pytest.approx(mean)
    most = max(np.percentile(there, 95), np.percentile(back, 95))
    assert metrics.hausdorff(one, other, spacing=spacing, percentile=95) == pytest.approx(most)


@pytest.mark.parametrize(
    ("labels", "predictions", "options", "words"),
    [
        (square(1, 1, 3), square(1, 1, 0), {}, "predictions must contain .* empty mask"),
        (square(1, 1, 3), square(1, 1, 3, 8), {}, "must have the shape of the labels"),
        (square(1, 1, 3) * 255, square(1, 1, 3), {}, "labels must be a mask.* 0 to 255"),
        (square(1, 1, 3), square(1, 1, 3), {"percentile": 0}, "percentile must be more than 0"),
        (square(1, 1, 3), square(1, 1, 3), {"spacing": (1, 2, 3)}, "each of the 2 axes"),
        (square(1, 1, 3), square(1, 1, 3), {"spacing": 0}, "spacing must be a number above 0"),
    ],
)
def test_what_does_not_fit_is_one_line(labels, predictions, options, words):
    with pytest.raises(ValueError, match=words):
        metrics.hausdorff(labels, predictions, **options)
