"""Winograd's minimal filtering, against the convolution itself."""

import keras
import numpy as np
import pytest
from keras import layers, ops

import kerascnn as kc
from kerascnn._graph import flatten, run
from kerascnn.visualize._fast import convolutions, winograd


def test_the_matrices_are_those_of_a_correlation(rng):
    """One row of a tile: Aᵀ [(G g) ⊙ (Bᵀ d)] is the correlation of six numbers with three."""
    row, taps = rng.normal(size=6), rng.normal(size=3)
    at, g, bt = (np.array(it, float) for it in (winograd.A_T, winograd.G, winograd.B_T))
    np.testing.assert_allclose(
        at @ ((g @ taps) * (bt @ row)), np.correlate(row, taps, "valid"), rtol=1e-12
    )


@pytest.mark.parametrize("size", [(4, 4), (3, 5), (8, 6), (1, 13)])
def test_tiles_are_the_convolution(size, rng):
    maps = ops.convert_to_tensor(rng.normal(size=(3, *size, 5)), "float32")
    kernel = rng.normal(size=(3, 3, 5, 7)).astype("float32")
    tiled = winograd.convolve_tiles(maps, kernel)
    expected = ops.conv(maps, kernel, padding="same")
    assert tiled.shape == expected.shape
    np.testing.assert_allclose(tiled, expected, atol=2e-5 * np.abs(expected).max())


@pytest.fixture
def in_tiles(monkeypatch):
    """Every 3x3 convolution gains; gives the list of the shapes that were computed in tiles."""
    shapes = []

    def recorded(maps, kernel):
        shapes.append(tuple(kernel.shape))
        return winograd.convolve_tiles(maps, kernel)

    monkeypatch.setattr(convolutions, "PAIRS", 1)
    monkeypatch.setattr(convolutions, "on_gpu", lambda: False)
    monkeypatch.setattr(convolutions, "convolve_tiles", recorded)
    return shapes


@pytest.mark.parametrize(
    ("options", "shape", "tiled"),
    [
        ({}, (2, 8, 8, 4), True),
        ({"use_bias": False, "activation": "relu"}, (2, 7, 12, 4), True),
        ({"padding": "valid"}, (2, 8, 8, 4), False),
        ({"strides": 2}, (2, 8, 8, 4), False),
        ({"dilation_rate": 2}, (2, 8, 8, 4), False),
        ({"groups": 2}, (2, 8, 8, 4), False),
        ({"kernel_size": 5}, (2, 8, 8, 4), False),
        ({}, (2, 5, 5, 4), False),  # 64 pixels for 25
        ({"dtype": "mixed_bfloat16"}, (2, 8, 8, 4), False),
    ],
)
def test_which_convolutions_are_computed_in_tiles(options, shape, tiled, rng, in_tiles):
    layer = layers.Conv2D(6, **{"kernel_size": 3, "padding": "same", **options})
    model = keras.Sequential([keras.Input(shape[1:]), layer])
    node = flatten(model).nodes[-1]
    maps = ops.cast(rng.normal(size=shape), layer.compute_dtype)
    fast, exact = (np.array(call(node, (maps,), {})) for call in (convolutions.run_forward, run))
    assert len(in_tiles) == tiled
    np.testing.assert_allclose(fast, exact, atol=2e-5)


@pytest.mark.parametrize(
    ("name", "value"),
    [("PAIRS", 4 * 6 + 1), ("PAIRS", convolutions.PAIRS), ("on_gpu", lambda: True)],
)
def test_where_nothing_is_gained_convolutions_are_left_alone(
    name, value, rng, in_tiles, monkeypatch
):
    """Of too few channels and filters; or where cuDNN does the same."""
    monkeypatch.setattr(convolutions, name, value)
    layer = layers.Conv2D(6, 3, padding="same")
    model = keras.Sequential([keras.Input((8, 8, 4)), layer])
    maps = ops.convert_to_tensor(rng.normal(size=(1, 8, 8, 4)), "float32")
    node = flatten(model).nodes[-1]
    np.testing.assert_array_equal(
        convolutions.run_forward(node, (maps,), {}), run(node, (maps,), {})
    )
    assert not in_tiles


@pytest.mark.parametrize("method", ["score_cam", "occlusion"])
def test_methods_of_many_passes_compute_in_tiles(method, rng, in_tiles, monkeypatch):
    """VGG11 with few filters: the same maps, to the rounding of float32."""
    model = kc.build_vgg11(width=1 / 16, input_shape=(32, 32, 3), classes=4)
    copy = keras.models.clone_model(model)  # for which nothing is compiled
    copy.set_weights(model.get_weights())
    call, images = getattr(kc.visualize, method), rng.random((2, 32, 32, 3))
    tiled = call(model, images, 1)
    assert len(in_tiles) == 6  # of 8: the last two put out maps of 2x2
    in_tiles.clear()
    monkeypatch.setattr(convolutions, "PAIRS", 10**9)
    exact = call(copy, images, 1)
    assert not in_tiles
    np.testing.assert_allclose(tiled, exact, atol=1e-4 * np.abs(exact).max())
