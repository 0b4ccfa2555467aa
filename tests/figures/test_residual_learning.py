"""What comes out of a block whose weights are zero."""

import numpy as np

from kerascnn.figures import residual_learning


def test_zero_weights_give_the_identity():
    x, inner, y = residual_learning.through_zero_weights("resnet20")
    assert x.max() > 0
    assert not inner.any()
    np.testing.assert_array_equal(y, x)


def test_a_plain_block_of_zero_weights_erases():
    x, inner, y = residual_learning.through_zero_weights("plain20")
    assert x.max() > 0
    assert not inner.any()
    assert not y.any()
