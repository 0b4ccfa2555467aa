import matplotlib.pyplot as plt
import numpy as np
import pytest

from kerascnn import plots
from kerascnn.plots import deconvnet_panel

SIDE = 5
GAP = 1  # pixels between patches of 5x5: 8 % of the side, at least one
BETWEEN = 2


def words(ax):
    return [text.get_text() for text in ax.texts]


@pytest.fixture
def patches(rng):
    return rng.random((4, 9, SIDE, SIDE, 3))


def test_reconstructions_left_patches_right(patches):
    ax = deconvnet_panel(patches, np.zeros_like(patches), columns=2)
    assert len(ax.images) == 4
    for unit, image in enumerate(ax.images):
        pixels = image.get_array()
        half = 3 * SIDE + 2 * GAP
        assert pixels.shape == (half, 2 * half + BETWEEN, 4)
        for nth in range(9):
            row, column = (nth // 3) * (SIDE + GAP), (nth % 3) * (SIDE + GAP)
            left = pixels[row : row + SIDE, column : column + SIDE]
            np.testing.assert_array_equal(left[..., :3], 0.5)  # nothing excites: grey
            column += half + BETWEEN
            right = pixels[row : row + SIDE, column : column + SIDE]
            np.testing.assert_allclose(right[..., :3], patches[unit, nth], atol=1e-6)
        assert not pixels[:, half : half + BETWEEN, 3].any()  # the gap is clear


def test_units_are_read_row_by_row(patches):
    ax = deconvnet_panel(patches, patches, units=[7, 8, 9, "ten"], columns=2)
    assert words(ax)[:4] == ["unit 7", "unit 8", "unit 9", "ten"]
    places = [text.get_position() for text in ax.texts[:4]]
    assert places[0][1] == places[1][1] < places[2][1]
    assert places[0][0] == places[2][0] < places[1][0]
    for (x, y), image in zip(places, ax.images, strict=True):
        left, right, _bottom, top = image.get_extent()
        assert x == pytest.approx((left + right) / 2)
        assert y < top


def test_each_reconstruction_has_a_scale_of_its_own(patches):
    reconstructions = np.zeros_like(patches)
    reconstructions[0, 0, 0, 0] = [1e-3, -1e-3, 5e-4]
    reconstructions[0, 1, 0, 0] = [0, 400, 0]
    pixels = deconvnet_panel(patches, reconstructions).images[0].get_array()
    np.testing.assert_allclose(pixels[0, 0, :3], [1, 0, 0.75])
    np.testing.assert_allclose(pixels[0, SIDE + GAP, :3], [0.5, 1, 0.5])


def test_grey_patches_beside_coloured_reconstructions(patches):
    pixels = deconvnet_panel(patches[..., :1], patches).images[0].get_array()
    right = pixels[:SIDE, -SIDE:, :3]
    np.testing.assert_allclose(right, patches[0, 2][..., :1].repeat(3, axis=-1), atol=1e-6)


def test_any_count_and_title(patches):
    ax = deconvnet_panel(patches[:, :4], patches[:, :4], title="conv3", legend=False)
    assert ax.get_title() == "conv3"
    assert words(ax) == []
    assert ax.images[0].get_array().shape[0] == 2 * SIDE + GAP


def test_says_which_is_which_in_each_language(patches, look, overlapping):
    ax = deconvnet_panel(patches, patches, units=[3, 14, 15, 92], title="block3_conv1")
    note = words(ax)[-1]
    assert (
        note
        == {
            "en": "left: reconstructions, right: image patches",
            "ko": "왼쪽: 재구성, 오른쪽: 이미지 패치",
            "es": "izquierda: reconstrucciones; derecha: parches de imagen",
        }[look[1]]
    )
    assert list(overlapping(ax.figure)) == []


def test_print_has_no_colours(patches):
    with plots.style("gray"):
        pixels = deconvnet_panel(patches, patches).images[0].get_array()
    np.testing.assert_allclose(pixels[..., 0], pixels[..., 2])


def test_draws_on_the_axes_given(patches):
    ax = plt.figure().subfigures(1, 2)[1].subplots()
    assert deconvnet_panel(patches, patches, ax=ax) is ax


@pytest.mark.parametrize(
    ("change", "options", "message"),
    [
        (lambda p: (p[0], p), {}, "same units"),
        (lambda p: (p * 255, p), {}, "divide by 255"),
        (lambda p: (p, p[:, :4]), {}, "same units, count and size"),
        (lambda p: (p, p * np.inf), {}, "infinite"),
        (lambda p: (p, p), {"units": [1]}, "units must be one for each of 4"),
        (lambda p: (p, p), {"columns": 0}, "columns must be 1 or more"),
    ],
)
def test_bad_input(patches, change, options, message):
    with pytest.raises(ValueError, match=message):
        deconvnet_panel(*change(patches), **options)
