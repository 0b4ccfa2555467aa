"""How the gradients of several runs are averaged."""

import numpy as np

from kerascnn.figures import gradient_flow


def test_the_geometric_mean():
    np.testing.assert_allclose(gradient_flow.geometric_mean(np.array([[1, 2], [4, 8]])), [2, 4])
