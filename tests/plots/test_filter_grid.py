import numpy as np
import pytest

from kerascnn.plots import filter_grid


def test_rgb_filters_have_mid_grey_for_zero_and_their_own_scale():
    filters = np.zeros((2, 3, 3, 3))
    filters[0, 0, 0] = [0.1, -0.1, 0]
    filters[1, 2, 2] = [0, 0, 50]
    ax = filter_grid(filters, columns=2)
    pixels = ax.images[0].get_array()
    np.testing.assert_allclose(pixels[0, 0], [1, 0, 0.5, 1])
    np.testing.assert_allclose(pixels[1, 1], [0.5, 0.5, 0.5, 1])
    np.testing.assert_allclose(pixels[2, 6], [0.5, 0.5, 1, 1])
    assert len(ax.child_axes) == 0  # no colour bar: colours are not values here


def test_single_channel_has_symmetric_limits_and_a_colour_bar():
    filters = np.linspace(-0.2, 0.7, 6 * 25).reshape(6, 5, 5, 1)
    ax = filter_grid(filters, titles=range(6))
    image = ax.images[0]
    assert image.get_clim() == pytest.approx((-0.7, 0.7))
    assert image.get_cmap().name == "RdBu_r"
    assert [text.get_text() for text in ax.texts] == list("012345")
    (bar,) = ax.child_axes
    assert bar.get_ylabel() == "weight"


def test_all_channels_one_filter_in_each_column(rng):
    filters = rng.normal(size=(16, 5, 4, 6))
    pixels = filter_grid(filters).images[0].get_array()
    assert pixels.count() == filters.size
    column, row = 3 * (4 + 1), 2 * (5 + 1)  # a gap of one pixel
    np.testing.assert_allclose(
        pixels[row : row + 5, column : column + 4], filters[3, :, :, 2], 1e-6
    )


def test_a_large_layer_is_one_picture(rng):
    """512 x 512 filters of 3x3: seconds if each were an artist of its own."""
    ax = filter_grid(rng.normal(size=(512, 3, 3, 512)).astype("float32"))
    assert ax.images[0].get_array().count() == 512 * 9 * 512
    assert len(ax.get_children()) < 25
    assert ax.images[0].get_interpolation() != "none"  # more pixels than a screen has: averaged


def test_outlines_are_one_path(rng):
    ax = filter_grid(rng.normal(size=(6, 5, 4, 3)), rgb=False)
    (frames,) = ax.patches
    corners = frames.get_path().vertices.reshape(-1, 5, 2)
    assert len(corners) == 18
    np.testing.assert_array_equal(corners[0], [(0, 0), (4, 0), (4, 5), (0, 5), (0, 0)])
    np.testing.assert_array_equal(corners[7, 0], [5, 6])  # second filter, second channel


def test_one_channel_of_many(rng):
    filters = rng.normal(size=(4, 3, 3, 8))
    pixels = filter_grid(filters, channel=7, columns=4).images[0].get_array()
    np.testing.assert_allclose(pixels[:3, :3], filters[0, :, :, 7], rtol=1e-6)
    assert filter_grid(filters[..., :3], rgb=False).images[0].get_array().ndim == 2


def test_filters_of_zeros_are_drawn():
    assert filter_grid(np.zeros((2, 3, 3))).images[0].get_clim() == (-1, 1)
    pixels = filter_grid(np.zeros((2, 3, 3, 3))).images[0].get_array()
    assert pixels[0, 0].tolist() == [0.5, 0.5, 0.5, 1]


@pytest.mark.parametrize(
    ("filters", "options", "message"),
    [
        (np.zeros((3, 3)), {}, r"\(K, h, w, C\)"),
        (np.full((1, 3, 3, 1), np.inf), {}, "infinite"),
        (np.zeros((2, 3, 3, 4)), {"channel": 4}, "channel must be 0 … 3"),
        (np.zeros((2, 3, 3, 4)), {"titles": ["a", "b"]}, "channel=0"),
        (np.zeros((2, 3, 3, 1)), {"titles": ["a"]}, "titles"),
    ],
)
def test_bad_input(filters, options, message):
    with pytest.raises(ValueError, match=message):
        filter_grid(filters, **options)
