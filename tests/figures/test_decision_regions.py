"""What a perceptron and MLPs learn to separate."""

from itertools import pairwise, product

import numpy as np
import pytest

from kerascnn.figures import decision_regions as regions

INPUTS = np.column_stack([regions.CORNERS, np.ones(4)])


@pytest.fixture(scope="module")
def decided():
    return regions.regions()


def test_targets_are_and_and_xor():
    truth = {
        (a, b): (1 if a == b == 1 else -1, 1 if a != b else -1)
        for a, b in product((-1, 1), (-1, 1))
    }
    expected = np.array([truth[tuple(corner)] for corner in regions.CORNERS])
    np.testing.assert_array_equal(np.column_stack([regions.AND, regions.XOR]), expected)


def test_the_perceptron_learns_and():
    """By hand, from w = 0: (1, −1) and then (1, 1) and (−1, 1) are wrong."""
    learned = regions.learn(regions.AND)
    assert learned.converged
    assert learned.weights.tolist() == [[0, 0, 0], [1, -1, -1], [2, 0, 0], [1, 1, -1]]
    np.testing.assert_array_equal(regions.output(learned.weights[-1], INPUTS), regions.AND)


def test_xor_comes_back_to_the_start():
    learned = regions.learn(regions.XOR)
    assert not learned.converged
    expected = [[0, 0, 0], [-1, -1, -1], [0, -2, 0], [1, -1, -1], [0, 0, 0]]
    assert learned.weights.tolist() == expected
    for weights in learned.weights:
        assert (regions.output(weights, INPUTS) != regions.XOR).any()


def test_each_update_adds_a_corner_that_was_wrong():
    for targets in (regions.AND, regions.XOR):
        weights = regions.learn(targets).weights
        for before, after in pairwise(weights):
            (nth,) = np.flatnonzero((targets[:, None] * INPUTS == after - before).all(axis=1))
            assert regions.output(before, INPUTS[nth]) != targets[nth]


def test_one_hidden_unit_divides_by_a_line(decided):
    """The score depends on one direction only: its slopes are all parallel."""
    inner = decided[0].probability.clip(1e-9, 1 - 1e-9)
    down, across = np.gradient(np.log(inner / (1 - inner)))
    steep = np.hypot(down, across) > 1e-3
    angles = np.arctan2(down[steep], across[steep])
    assert np.abs(np.sin(angles - angles[0])).max() < 0.05


def test_more_hidden_units_separate_more(decided):
    one, three, ten = (each.accuracy for each in decided)
    assert one < 0.78
    assert one + 0.03 < three < ten
    assert ten > 0.97


def test_the_drawn_regions_have_the_accuracy_that_is_told(decided):
    points, labels = regions.spirals()
    rows, columns = (
        np.abs(regions.ACROSS[:, None] - points[:, axis]).argmin(axis=0) for axis in (1, 0)
    )
    for each in decided:
        drawn = (each.probability[rows, columns] > 0.5) == labels
        assert drawn.mean() == pytest.approx(each.accuracy, abs=0.03)
