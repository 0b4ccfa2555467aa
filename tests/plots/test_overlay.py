import numpy as np
import pytest
from matplotlib.colors import to_rgb

from kerascnn import plots
from kerascnn.plots import overlay


def rendered(ax):
    """Return the picture as (H, W, 3) in [0, 1], at the image's own resolution."""
    ax.set_position([0, 0, 1, 1])
    height, width = ax.images[0].get_array().shape[:2]
    ax.figure.set_layout_engine("none")
    ax.figure.set_size_inches(width / 100, height / 100)
    ax.figure.set_dpi(100)
    ax.figure.canvas.draw()
    return np.asarray(ax.figure.canvas.buffer_rgba())[..., :3] / 255


def test_each_cell_covers_its_share_of_a_picture_that_is_not_square():
    heatmap = np.zeros((2, 3))
    heatmap[1, 2] = 4.0  # lower right
    picture = rendered(overlay(np.zeros((60, 150)), heatmap, colorbar=False, alpha=1))
    assert picture.shape == (60, 150, 3)
    rows, columns = np.nonzero(picture.sum(axis=-1) > 1.5)
    assert rows.min() >= 25
    assert columns.min() >= 95
    # full heat from the cell's centre to the corner, none in the other corners
    bright = picture.sum(axis=-1)
    assert bright[48, 130] == pytest.approx(bright.max(), abs=0.05)
    assert bright[0, 0] == bright[59, 0] == bright[0, 149] == 0


def test_no_heat_leaves_the_picture_as_it_is():
    image = np.zeros((20, 30, 3))
    image[...] = [0.2, 0.6, 0.4]
    ax = overlay(image, np.zeros((3, 3)), colorbar=False)
    np.testing.assert_allclose(rendered(ax)[10, 15], [0.2, 0.6, 0.4], atol=0.01)


def test_between_the_cells_heat_goes_over_evenly():
    heat = overlay(np.zeros((100, 40)), [[0.0, 1.0]], colorbar=False, alpha=1, cmap="gray")
    row = rendered(heat)[50].mean(axis=-1)
    assert np.all(np.diff(row) >= -0.01)
    assert row[20] == pytest.approx(0.25, abs=0.05)  # half the heat, half as opaque


def test_raw_range_does_not_matter():
    heat = np.array([[0.0, 1.0], [0.5, 0.25]])
    small = rendered(overlay(np.full((8, 8), 0.5), heat * 1e-6, colorbar=False))
    large = rendered(overlay(np.full((8, 8), 0.5), heat * 1e6, colorbar=False))
    np.testing.assert_allclose(small, large, atol=0.01)


def test_signed_maps_are_centred_on_zero():
    heat = overlay(np.zeros((8, 8, 1)), [[-0.5, 0.2]]).images[1]
    assert heat.get_clim() == (-0.5, 0.5)
    assert heat.get_cmap().name == "RdBu_r"
    np.testing.assert_allclose(heat.get_alpha(), [[0.75, 0.3]])
    assert overlay(np.zeros((8, 8)), [[0.5, 0.2]]).images[1].get_clim() == (0, 0.5)


def test_no_colour_bar_if_unwanted():
    assert overlay(np.zeros((8, 8)), np.eye(2)).child_axes
    assert not overlay(np.zeros((8, 8)), np.eye(2), colorbar=False).child_axes


def test_print_is_grey():
    with plots.style("gray"):
        picture = rendered(overlay(np.full((8, 8, 3), [0.9, 0.1, 0.1]), np.eye(2), colorbar=False))
    np.testing.assert_allclose(picture.max(axis=-1), picture.min(axis=-1), atol=0.01)
    assert to_rgb("white") == (1, 1, 1)


@pytest.mark.parametrize(
    ("image", "heatmap", "options", "message"),
    [
        (np.zeros((1, 8, 8, 3)), np.zeros((2, 2)), {}, r"pass image\[0\]"),
        (np.zeros((8, 8, 4)), np.zeros((2, 2)), {}, "1 or 3 channels"),
        (
            np.full((8, 8), 120.0),
            np.zeros((2, 2)),
            {},
            "divide by 255, or pass .* before",
        ),
        (np.full((8, 8), -2.0), np.zeros((2, 2)), {}, r"\[-2, -2\]: pass the image from before"),
        (np.zeros((8, 8)), np.zeros((1, 2, 2)), {}, r"pass heatmap\[0\]"),
        (np.zeros((8, 8)), [[np.nan]], {}, "NaN"),
        (np.zeros((8, 8)), [[1]], {"alpha": 2}, "alpha"),
    ],
)
def test_bad_input(image, heatmap, options, message):
    with pytest.raises(ValueError, match=message):
        overlay(image, heatmap, **options)
