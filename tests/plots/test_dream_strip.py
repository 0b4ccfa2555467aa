import numpy as np
import pytest

from kerascnn.plots import dream_strip

STAGES = np.linspace(0, 1, 5)[:, None, None, None] * np.ones((5, 6, 8, 3))


def words(ax):
    return [text.get_text() for text in ax.texts]


def test_stages_stand_in_their_order():
    ax = dream_strip(STAGES, labels=["photo", 10, 20, 30, "end"])
    assert words(ax) == ["photo", "step 10", "step 20", "step 30", "end"]
    lefts = [image.get_extent()[0] for image in ax.images]
    assert lefts == sorted(lefts)
    for stage, image in zip(STAGES, ax.images, strict=True):
        np.testing.assert_allclose(image.get_array(), stage)
    assert not words(dream_strip(STAGES))


def test_long_strips_are_broken_into_rows_of_about_equal_length():
    def rows(count, columns=None):
        ax = dream_strip(np.zeros((count, 4, 4, 1)), columns=columns)
        tops = [round(image.get_extent()[3], 6) for image in ax.images]
        return [tops.count(top) for top in sorted(set(tops))]

    assert rows(6) == [6]
    assert rows(8) == [4, 4]
    assert rows(13) == [5, 5, 3]
    assert rows(5, columns=3) == [3, 2]


def test_octaves_of_several_sizes_are_drawn_equally_large():
    ax = dream_strip([np.zeros((6, 8, 3)), np.zeros((60, 80, 3)), np.zeros((30, 30))])
    sizes = [(round(r - x, 6), round(b - t, 6)) for x, r, b, t in map(_extent, ax.images)]
    assert sizes == [(1, 0.75), (1, 0.75), (0.75, 0.75)]  # undistorted


def _extent(image):
    return image.get_extent()


def test_no_word_covers_another(look, overlapping):
    ax = dream_strip(np.zeros((8, 6, 8, 3)), labels=["the photo as it was", *range(100, 800, 100)])
    assert list(overlapping(ax.figure)) == []


@pytest.mark.parametrize(
    ("images", "options", "error", "message"),
    [
        (np.zeros((6, 8, 3)), {}, ValueError, r"\(S, H, W, C\).*pass images\[None\]"),
        (STAGES * 255, {}, ValueError, "divide by 255"),
        ([STAGES[0], STAGES[1] - 1], {}, ValueError, r"images\[1\] must be uint8"),
        ([], {}, ValueError, "at least one"),
        (5, {}, TypeError, "list of images"),
        (STAGES, {"labels": ["a"]}, ValueError, "labels must be one for each of 5"),
        (STAGES, {"columns": 0}, ValueError, "columns"),
    ],
)
def test_bad_input(images, options, error, message):
    with pytest.raises(error, match=message):
        dream_strip(images, **options)
