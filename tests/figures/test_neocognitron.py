"""S-cells and C-cells with the equations of Fukushima 1980, and how well they tolerate a shift."""

import numpy as np
import pytest

from kerascnn.figures import neocognitron


@pytest.fixture(scope="module")
def rows():
    return neocognitron.before_and_after()


def test_a_cell_responds_to_its_own_line_with_about_one():
    """(1 + e) / (1 + r / (1 + r) · e) − 1, times r, for e = q · Σ c·u², by hand for each plane."""
    lines = np.moveaxis(neocognitron.lines(), -1, 0)
    s_cells, _c_cells = neocognitron.layers()
    responses = neocognitron.responses(np.pad(lines, ((0, 0), (4, 4), (4, 4), (0, 0))))[0]
    r, middle = neocognitron.SELECTIVITY, responses.shape[1] // 2
    for plane, line in enumerate(lines):
        excitation = neocognitron.REINFORCEMENT * (s_cells.c[..., 0] * line**2).sum()
        expected = r * ((1 + excitation) / (1 + r / (1 + r) * excitation) - 1)
        own = responses[plane, middle, middle]
        assert own[plane] == pytest.approx(expected, rel=1e-4)
        assert own.argmax() == plane
    assert 0.8 < own.max() < 1


def test_s_cells_move_with_the_digit(rows):
    (_here, before, _pooled), (_there, after, _pooled_after) = rows
    np.testing.assert_allclose(after, np.roll(before, 2, axis=2), atol=1e-5)


def test_similarity_is_the_cosine():
    one, other = np.array([[1.0, 0], [1, 1]]), np.array([[0.0, 2], [2, 2]])
    np.testing.assert_allclose(neocognitron.similarity(one, other), [0, 1], atol=1e-12)


def test_c_cells_hardly_notice_the_shift(rows):
    """For the digit that is drawn, and for the mean of 200."""
    given, s, c = (neocognitron.similarity(*pair) for pair in zip(*rows, strict=True))
    assert s[0] < given[0] < c[0]
    assert [x[1:].mean() for x in (given, s, c)] == pytest.approx([0.69, 0.50, 0.87], abs=0.01)
    assert len(c) == 201
