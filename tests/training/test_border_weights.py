import numpy as np
import pytest

from kerascnn.training import border_weights


def test_equation_2_by_hand():
    mask = np.zeros((1, 5, 12), int)
    mask[0, :, :3] = mask[0, :, 6:9] = 1  # gaps: columns 3, 4, 5, and 9, 10, 11
    weights = border_weights(mask, w0=8, sigma=2)[0]
    # as many pixels in cells as beside them: wc = 1
    np.testing.assert_allclose(weights[:, :3], 1)
    for column, distances in {3: (1, 3), 4: (2, 2), 5: (3, 1), 9: (1, 7), 11: (3, 9)}.items():
        expected = 1 + 8 * np.exp(-(sum(distances) ** 2) / (2 * 2**2))
        np.testing.assert_allclose(weights[:, column], expected, rtol=1e-5)


def test_classes_count_the_same_in_all():
    mask = np.zeros((2, 4, 4), int)
    mask[0, 0, 0] = 1
    weights = border_weights(mask)  # one cell: no border
    assert weights[mask == 1].sum() == pytest.approx(weights[mask == 0].sum(), rel=1e-5)
    assert weights.mean() == pytest.approx(1)
    np.testing.assert_allclose(border_weights(np.zeros((1, 3, 3), int)), 1)
