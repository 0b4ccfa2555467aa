"""Heatmaps of a model whose evidence is known."""

import numpy as np
import pytest

from kerascnn.figures import known_truth


@pytest.fixture(scope="module")
def graded():
    return known_truth.graded(rng=np.random.default_rng(0))


def test_the_evidence_is_an_ellipse():
    inside = known_truth.evidence()
    (row, column), (height, width) = known_truth.CENTER, known_truth.RADII
    assert inside.sum() == pytest.approx(np.pi * height * width, rel=0.02)
    assert inside[row, column + width]
    assert not inside[row, column + width + 1]
    assert inside[row - height, column]
    assert not inside[row - height - 1, column]


def test_gradient_times_input_is_the_truth(graded):
    """Its sum is the score, the mean in the ellipse, and each pixel's part is that of its value."""
    photo, maps, _mass = graded
    inside = known_truth.evidence()
    truth = np.where(inside, photo.mean(axis=-1) / inside.sum(), 0)
    np.testing.assert_allclose(maps["gradient_times_input"], truth, rtol=1e-5)


def test_the_grades_of_the_figure(graded):
    _photo, _maps, mass = graded
    assert mass["gradient_times_input"] == 1
    assert 1 > mass["small"] > mass["rise"] > mass["large"] > mass["random"]
    assert mass["random"] == pytest.approx(known_truth.evidence().mean(), abs=0.02)
