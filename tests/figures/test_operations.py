"""Convolution and pooling on arrays compute what Keras computes."""

import keras
import numpy as np
import pytest

from kerascnn.figures import _operations


def batch(array):
    array = np.asarray(array, "float32")
    return array[None, :, :, None] if array.ndim == 2 else array[None]


def by_keras(layer, image, kernel=None):
    x = batch(image)
    if kernel is not None:
        layer.build(x.shape)
        layer.set_weights([np.asarray(kernel, "float32")[:, :, None, None]])
    return np.squeeze(keras.ops.convert_to_numpy(layer(x))[0])


@pytest.mark.parametrize(
    ("stride", "padding", "dilation"), [(1, 0, 1), (2, 0, 1), (3, 1, 1), (1, 2, 2), (1, 0, 3)]
)
def test_correlation(stride, padding, dilation, rng):
    image, kernel = rng.integers(-9, 9, (8, 11)), rng.integers(-9, 9, (2, 3))
    layer = keras.layers.Conv2D(
        1, kernel.shape, strides=stride, dilation_rate=dilation, use_bias=False
    )
    ours = _operations.correlate(image, kernel, stride, padding=padding, dilation=dilation)
    assert ours.dtype.kind == "i"
    np.testing.assert_allclose(ours, by_keras(layer, np.pad(image, padding), kernel))


@pytest.mark.parametrize(("window", "stride"), [(2, None), (3, 2), (3, 1), (2, 3)])
@pytest.mark.parametrize("mode", ["max", "mean"])
def test_pooling(window, stride, mode, rng):
    maps = rng.integers(-9, 9, (7, 8, 3))
    kind = {"max": keras.layers.MaxPooling2D, "mean": keras.layers.AveragePooling2D}[mode]
    ours = _operations.pool(maps, mode, window, stride)
    np.testing.assert_allclose(ours, by_keras(kind(window, stride), maps), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("padding", ["valid", "same"])
@pytest.mark.parametrize(("side", "stride"), [(3, 1), (3, 2), (4, 2), (2, 2), (2, 3), (5, 3)])
def test_transposed_convolution(side, stride, padding, rng):
    image, kernel = rng.integers(-9, 9, (3, 4)), rng.integers(-9, 9, (side, side))
    layer = keras.layers.Conv2DTranspose(1, side, stride, padding, use_bias=False)
    x = batch(image)
    layer.build(x.shape)
    layer.set_weights([np.asarray(kernel, "float32")[:, :, None, None]])
    theirs = keras.ops.convert_to_numpy(layer(x))[0, :, :, 0]
    ours = _operations.transposed(image, kernel, stride, padding=padding)
    if padding == "valid" and side < stride:  # Keras adds the pixels that no stamp reaches
        theirs = theirs[: ours.shape[0], : ours.shape[1]]
    np.testing.assert_allclose(ours, theirs)


def test_windows_must_fit():
    with pytest.raises(ValueError, match="kernel must fit into the input"):
        _operations.correlate(np.ones((3, 3)), np.ones((4, 4)))
    with pytest.raises(ValueError, match="kernel must fit into the input"):
        _operations.pool(np.ones((3, 3)), "max", 4)
