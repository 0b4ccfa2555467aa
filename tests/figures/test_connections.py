"""Which output sees which pixel: the weights are those of Keras's layers."""

import keras
import numpy as np
import pytest

import kerascnn as kc
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
    drawn = connections.layers(4, 3)[nth]
    model = keras.Sequential([keras.Input((4, 4, 1)), *kinds()[nth]])
    assert drawn.count == model.count_params() == count


@pytest.mark.parametrize("nth", [0, 1, 2])
def test_outputs_see_what_the_layer_sees(nth):
    """The response to a single bright pixel is a weight, or 0 where the output does not see it."""
    drawn = connections.layers(4, 3)[nth]
    model = keras.Sequential([keras.Input((4, 4, 1)), *kinds()[nth]])
    pixels = np.eye(16, dtype="float32").reshape(16, 4, 4, 1)
    weights = keras.ops.convert_to_numpy(model(pixels)).T.reshape(4, 4, 4)
    numbers = np.ma.stack([drawn.weights(unit) for unit in range(4)])
    np.testing.assert_array_equal(weights != 0, ~np.ma.getmaskarray(numbers))
    for number in np.unique(numbers.compressed()):  # each number is one weight
        assert len(np.unique(weights[np.ma.filled(numbers == number, False)])) == 1
    assert len(np.unique(weights[weights != 0])) == drawn.count


@pytest.mark.parametrize(("stride", "padding"), [(1, 0), (2, 1)])
def test_the_channel_view_is_a_convolution(stride, padding, rng):
    """By Keras, which has the channels last: (C, H, W) ∗ (FN, C, FH, FW) + bias = (FN, OH, OW)."""
    x, w, b = rng.random((3, 7, 8)), rng.standard_normal((4, 3, 3, 2)), rng.standard_normal(4)
    found = volumes.convolved(x, w, b, stride, padding)
    framed = np.pad(x.transpose(1, 2, 0), ((padding,) * 2, (padding,) * 2, (0, 0)))
    sums = keras.ops.conv(framed[None], w.transpose(2, 3, 1, 0), stride)
    expected = keras.ops.convert_to_numpy(sums + b)[0].transpose(2, 0, 1)
    assert found.shape == ((4, 5, 7) if stride == 1 else (4, 4, 5))
    np.testing.assert_allclose(found, expected, atol=1e-12)


def test_the_lecturers_own_numbers():
    """5 × 5 pixels and 2 × 2 windows have 4 × 4 outputs: 25 · 16, 4 · 16 and 4 weights."""
    one = kc.figures.lecture_figures()["connections-of-three-layers"]
    title, alt = one.words(size=5, kernel=2)
    assert "400 weights become 4" in title
    assert "5×5 picture" in alt
    assert "64 in a locally connected one" in alt
    view = kc.figures.lecture_figures()["channel-view"]
    assert "is 4×24×32" in view.words(stride=2, padding=1)[1]


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("connections-of-three-layers", {"size": 6}, "size must be at most 5.* received size 6"),
        ("connections-of-three-layers", {"kernel": 4}, "larger than kernel.* kernel 4"),
        ("channel-view", {"padding": 2}, "padding must be 0 or 1 .* received 2"),
    ],
)
def test_numbers_that_do_not_fit_are_refused(name, options, message):
    with pytest.raises(ValueError, match=message):
        kc.figures.render(name, **options)
