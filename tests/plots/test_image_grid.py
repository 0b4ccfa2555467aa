import matplotlib.pyplot as plt
import numpy as np
import pytest

from kerascnn import plots
from kerascnn.plots import image_grid
from kerascnn.plots._mosaic import lay_out


@pytest.mark.parametrize("count", [1, 2, 5, 7, 23])
@pytest.mark.parametrize("columns", [None, 1, 3, 100])
@pytest.mark.parametrize("channels", [(), (3,)])
def test_no_image_is_lost(rng, count, columns, channels):
    images = rng.random((count, 6, 4, *channels), np.float32)
    mosaic = lay_out(images, columns, titles=True)
    assert len(set(mosaic.corners)) == count
    for image, (row, column) in zip(images, mosaic.corners, strict=True):
        shown = mosaic.pixels[row : row + 6, column : column + 4]
        np.testing.assert_array_equal(shown[..., :3] if channels else shown, image)


def test_images_are_read_row_by_row_and_gaps_are_clear():
    mosaic = lay_out(np.ones((3, 4, 4)), columns=2, titles=False)
    assert mosaic.corners == [(0, 0), (0, 5), (5, 0)]
    assert mosaic.pixels.count() == 3 * 16  # all else is masked
    mosaic = lay_out(np.ones((3, 4, 4, 3)), columns=2, titles=False)
    assert mosaic.pixels[..., 3].sum() == 3 * 16


def test_titles_stand_above_their_images():
    ax = image_grid(np.zeros((3, 10, 20)), titles=["a", "b", "c"], columns=2)
    ax.figure.canvas.draw()
    a, b, c = (text.get_window_extent() for text in ax.texts)
    assert a.y0 == pytest.approx(b.y0, abs=3)
    assert a.x1 < b.x0
    assert c.y1 < a.y0
    # the middle of the first title is the middle of the first image, of 20 pixels
    middle = ax.transData.inverted().transform(((a.x0 + a.x1) / 2, a.y0))
    assert middle[0] == pytest.approx(10, abs=0.2)
    assert middle[1] < lay_out(np.zeros((3, 10, 20)), 2, titles=True).corners[0][0]


@pytest.mark.parametrize("count", [6, 10])
def test_titles_of_a_single_row_can_be_read_on_a_slide(count):
    with plots.style("slides"):
        fig, ax = plt.subplots(figsize=(13.3, 1.5))
        image_grid(np.zeros((count, 32, 32)), columns=count, titles=["automobile"] * count, ax=ax)
        fig.canvas.draw()
        assert min(text.get_fontsize() for text in ax.texts) >= 9


def test_long_titles_do_not_overlap():
    ax = image_grid(np.zeros((6, 8, 8)), titles=[f"a rather long title {i}" for i in range(6)])
    ax.figure.canvas.draw()
    boxes = [text.get_window_extent() for text in ax.texts]
    assert not any(a.overlaps(b) for i, a in enumerate(boxes) for b in boxes[i + 1 :])


def test_uint8_and_floats_show_the_same():
    images = np.array([[[0, 255], [51, 102]]], np.uint8)
    a, b = image_grid(images), image_grid(images[..., None] / 255)
    np.testing.assert_allclose(a.images[0].get_array(), b.images[0].get_array(), rtol=1e-6)
    assert a.images[0].get_clim() == (0, 1)


def test_booleans_are_black_and_white():
    shown = image_grid(np.array([[[True, False]]])).images[0].get_array()
    assert shown.tolist() == [[1, 0]]


@pytest.mark.parametrize("style", ["slides", "gray"])
def test_print_has_no_colours(style, rng):
    with plots.style(style):
        pixels = image_grid(rng.random((1, 4, 4, 3))).images[0].get_array()
    grey = np.allclose(pixels[..., 0], pixels[..., 1]) and np.allclose(
        pixels[..., 0], pixels[..., 2]
    )
    assert grey == (style == "gray")
    assert np.all(pixels[..., 3] == 1)


def test_normalize_each_or_all():
    images = np.stack([np.full((2, 2), 5.0), np.full((2, 2), -5.0)])
    images[:, 0, 0] += 10  # ranges [5, 15] and [-5, 5]
    each = image_grid(images, normalize="each", columns=2).images[0].get_array()
    assert (each[0, 0], each[0, 3], each[1, 1], each[1, 4]) == (1, 1, 0, 0)
    every = image_grid(images, normalize="all", columns=2).images[0].get_array()
    assert (every[0, 0], every[0, 3], every[1, 1], every[1, 4]) == (1, 0.5, 0.5, 0)
    assert not image_grid(np.full((1, 2, 2), 7.0), normalize="each").images[0].get_array().any()


def test_small_images_are_crisp_and_draws_on_the_axes_given():
    _figure, axes = plt.subplots(1, 2)
    assert image_grid(np.zeros((2, 28, 28)), ax=axes[1]) is axes[1]
    assert axes[1].images[0].get_interpolation() == "none"
    assert not axes[0].images


@pytest.mark.parametrize(
    ("images", "options", "error", "message"),
    [
        (np.zeros((4, 4)), {}, ValueError, r"pass images\[None\]"),
        (np.zeros((2, 4, 4, 2)), {}, ValueError, "1 or 3 channels"),
        (np.zeros((0, 4, 4)), {}, ValueError, "empty"),
        (np.full((1, 2, 2), np.nan), {}, ValueError, "NaN"),
        (np.full((1, 2, 2), 255.0), {}, ValueError, "divide by 255"),
        (np.array([[["a"]]]), {}, TypeError, "numbers"),
        (np.zeros((2, 2, 2)), {"titles": ["a"]}, ValueError, "titles"),
        (np.zeros((2, 2, 2)), {"columns": 0}, ValueError, "columns"),
        (np.zeros((2, 2, 2)), {"normalize": "eech"}, ValueError, "Did you mean 'each'"),
    ],
)
def test_bad_input(images, options, error, message):
    with pytest.raises(error, match=message):
        image_grid(images, **options)


def test_classes_are_written_by_their_names():
    images = np.zeros((2, 4, 4))
    ax = image_grid(images, titles=np.array([1, 0]), class_names=["cat", "dog"])
    assert [text.get_text() for text in ax.texts] == ["dog", "cat"]
    with pytest.raises(ValueError, match=r"titles must be class indices below 2, .* received 2"):
        image_grid(images, titles=[1, 2], class_names=["cat", "dog"])
