"""Which output sees which pixel: the weights are those of Keras's layers."""

import keras
import numpy as np
import pytest

from kerascnn import layers
from kerascnn.figures import connections, volumes


def kinds():
    """Keras's layers, in the order of the figure."""
    options = {"use_bias": False}
    flat = [keras.layers.Flatten(), keras.layers.Dense(4, **options)]
    local = [layers.LocallyConnected2D(1, 3, **options), keras.layers.Flatten()]
    shared = [keras.layers.Conv2D(1, 3, **options), keras.layers.Flatten()]
    return flat, local, shared


@pytest.mark.parametrize(("nth", "count"), [(0, 64), (1, 36), (2, 9)])
def test_weights_are_counted_as_keras_does(nth, count):
    drawn = list(connections.layers().values())[nth]
    model = keras.Sequential([keras.Input((4, 4, 1)), *kinds()[nth]])
    assert drawn.count == model.count_params() == count


@pytest.mark.parametrize("nth", [0, 1, 2])
def test_outputs_see_what_the_layer_sees(nth):
    """The response to a single bright pixel is a weight, or 0 where the output does not see it."""
    drawn = list(connections.layers().values())[nth]
    model = keras.Sequential([keras.Input((4, 4, 1)), *kinds()[nth]])
    pixels = np.eye(16, dtype="float32").reshape(16, 4, 4, 1)
    weights = keras.ops.convert_to_numpy(model(pixels)).T.reshape(4, 4, 4)
    numbers = np.ma.stack([drawn.weights(unit) for unit in range(4)])
    np.testing.assert_array_equal(weights != 0, ~np.ma.getmaskarray(numbers))
    for number in np.unique(numbers.compressed()):  # each number is one weight
        assert len(np.unique(weights[np.ma.filled(numbers == number, False)])) == 1
    assert len(np.unique(weights[weights != 0])) == drawn.count


def test_the_channel_view_is_a_convolution(rng):
    """By Keras, which has the channels last: (C, H, W) ∗ (FN, C, FH, FW) + bias = (FN, OH, OW)."""
    x, w, b = rng.random((3, 7, 8)), rng.standard_normal((4, 3, 3, 2)), rng.standard_normal(4)
    found = volumes.convolved(x, w, b)
    expected = keras.ops.conv(x.transpose(1, 2, 0)[None], w.transpose(2, 3, 1, 0)) + b
    assert found.shape == (4, 5, 7)
    np.testing.assert_allclose(found, keras.ops.convert_to_numpy(expected)[0].transpose(2, 0, 1))
