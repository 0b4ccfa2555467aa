"""The pixel values of a photo, of the package's and of a lecturer's own."""

import numpy as np
import pytest
from PIL import Image

import kerascnn as kc
from kerascnn.figures import pixels


def numbers(figure):
    """The numbers of the grid, row by row."""
    return [int(text.get_text()) for text in figure.axes[1].texts]


def test_grey_levels_of_pure_colours():
    """By hand, with the luma of ITU-R BT.601: 0.299·255, 0.587·255, 0.114·255."""
    photo = np.zeros((10, 10, 3), "float32")
    for row, color in enumerate(([1, 0, 0], [0, 1, 0], [0, 0, 1], [1, 1, 1])):
        photo[row] = color
    assert pixels.grey_levels(photo)[:5, 0].tolist() == [76, 150, 29, 255, 0]


def test_the_numbers_are_those_of_the_middle_of_a_photo(rng):
    """As Pillow turns it into grey, up to rounding."""
    photo = rng.integers(0, 256, (20, 16, 3), dtype=np.uint8)
    shown = numbers(kc.figures.render("pixel-values", photo=photo))
    expected = np.asarray(Image.fromarray(photo).convert("L"))[5:15, 3:13]
    np.testing.assert_allclose(np.reshape(shown, (10, 10)), expected, atol=1)


def test_the_patch_is_marked_where_its_numbers_are(rng):
    photo = rng.integers(0, 256, (20, 16, 3), dtype=np.uint8)
    figure = kc.figures.render("pixel-values", photo=photo, row=11, column=1)
    (mark,) = figure.axes[0].patches
    whole, part = (figure.axes[n].images[0].get_array() for n in (0, 2))
    assert mark.get_xy() == (-0.5, 9.5)  # the edges of column 1 and row 11, counted from 1
    np.testing.assert_array_equal(whole[10:20, :10], part)
    assert numbers(figure) == np.ravel(part).tolist()


@pytest.mark.parametrize(
    ("shape", "size"),
    [((300, 600), (32, 64)), ((30, 40), (30, 40)), ((20, 900), (10, 450))],
)
def test_photos_are_reduced_and_never_enlarged(shape, size):
    """To 64 pixels, unless a patch of 10 rows would not fit."""
    assert pixels.grey_levels(np.zeros((*shape, 3))).shape == size


@pytest.mark.parametrize(
    ("options", "line"),
    [
        ({"photo": np.zeros((9, 30, 3))}, r"photo must have at least 10 rows .*\(9, 30, 3\)"),
        ({"row": 35}, "row must be at most 34: the photo is shown with 43 rows .* received 35"),
        ({"column": 56}, "column must be at most 55: the photo is shown with 64 columns"),
        ({"row": 0}, "row must be a whole number of at least 1"),
    ],
)
def test_what_does_not_fit_is_refused(options, line):
    with pytest.raises(ValueError, match=line):
        kc.figures.render("pixel-values", **options)


def test_the_alt_text_is_of_the_photo(rng):
    figure = kc.figures.lecture_figures()["pixel-values"]
    assert "a cat" in figure.alt
    assert "cat" not in figure.words(photo=rng.random((20, 20, 3)))[1]
