"""Hand-made features and learned ones."""

import numpy as np
import pytest
from matplotlib import pyplot as plt
from skimage.feature import hog

from kerascnn.figures import classical_and_deep


@pytest.fixture(scope="module")
def through():
    return classical_and_deep.paths()


@pytest.mark.slow
def test_histograms_are_scikit_images(through):
    """7×7 cells of 4×4 pixels with 8 directions each."""
    options = {"orientations": 8, "pixels_per_cell": (4, 4), "cells_per_block": (1, 1)}
    np.testing.assert_array_equal(through.histograms.ravel(), hog(through.digit[..., 0], **options))
    assert through.histograms.shape == (7, 7, 8)


@pytest.mark.parametrize("degrees", [15, 60, 100, 150])
def test_stars_lie_along_the_edges(degrees):
    """A ramp is level at an angle, counter-clockwise from the right: so is the longest line."""
    row, column = np.mgrid[:28, :28] - 13.5
    along = np.radians(degrees)
    digit = (0.5 + (np.cos(along) * row + np.sin(along) * column) / 40)[..., None]
    ax = plt.figure().subplots()
    classical_and_deep.draw_hog(ax, digit, classical_and_deep.hog(digit))
    ends = np.array([line.get_xydata() for line in ax.lines])
    middle = ends[(np.abs(ends.mean(axis=1) - 14) < 0.1).all(axis=1)]
    right, down = max((b - a for a, b in middle), key=np.hypot.reduce)
    drawn = np.degrees(np.arctan2(-down, right)) % 180
    assert abs((drawn - degrees + 90) % 180 - 90) <= 180 / 8 / 2


def test_both_paths_end_in_the_class_of_the_digit(through):
    for scores in through.scores:
        assert scores.shape == (10,)
        assert scores.sum() == pytest.approx(1, abs=1e-5)
        assert scores.argmax() == classical_and_deep.SHOWN
    assert [maps.shape for maps in through.maps] == [(28, 28, 6), (10, 10, 16)]


def test_both_read_most_test_digits(through):
    by_hog, by_lenet = through.accuracy
    assert by_hog > 0.93
    assert by_lenet > 0.96
