from types import SimpleNamespace

import matplotlib.pyplot as plt
import numpy as np
import pytest

from kerascnn import plots
from kerascnn.plots import compare_methods

IMAGES = np.zeros((2, 10, 20, 3))
COARSE = np.ones((2, 2, 4))
FULL = np.ones((2, 10, 20))


def words(ax):
    return [text.get_text() for text in ax.texts]


def drawn(ax):
    """(image, left, top) of each picture, row by row."""
    found = [(im, im.get_extent()[0], im.get_extent()[3]) for im in ax.images]
    return sorted(found, key=lambda one: (round(one[2], 6), one[1]))


def test_a_row_for_each_image_a_column_for_each_method():
    maps = {"grad_cam": COARSE, "saliency": FULL, "my_method": FULL}
    ax = compare_methods(IMAGES, maps, labels=["cat", "dog"])
    assert words(ax) == ["input", "Grad-CAM", "saliency", "my method", "cat", "dog"]
    tops = {round(top, 6) for _im, _left, top in drawn(ax)}
    lefts = {round(left, 6) for _im, left, _top in drawn(ax)}
    assert (len(tops), len(lefts)) == (2, 4)
    height, width = 0.5, 1  # of images of 10 x 20; the unit is the longer side
    left, right, bottom, top = ax.images[0].get_extent()
    assert (right - left, bottom - top) == pytest.approx((width, height))
    cat = next(text for text in ax.texts if text.get_text() == "cat")
    assert cat.get_position()[0] < 0
    assert cat.get_position()[1] == pytest.approx((top + bottom) / 2)


def test_each_row_shows_its_own_maps():
    maps = np.zeros((2, 10, 20))
    maps[1, 3, 4] = 5
    ax = compare_methods(IMAGES, {"m": maps})
    shown = [im.get_array() for im, _left, _top in drawn(ax)]
    assert not shown[1].any()
    assert np.argwhere(shown[3]).tolist() == [[3, 4]]


def test_coarse_maps_lie_over_the_image_and_others_stand_alone():
    assert len(compare_methods(IMAGES, {"m": COARSE}).images) == 2 + 2 * 2
    assert len(compare_methods(IMAGES, {"m": FULL}).images) == 2 + 2
    assert len(compare_methods(IMAGES, {"m": COARSE}, overlay=False).images) == 2 + 2
    both = {"a": FULL, "b": FULL}
    assert len(compare_methods(IMAGES, both, overlay="b").images) == 2 + 2 + 2 * 2
    ax = compare_methods(IMAGES, {"m": COARSE})
    assert ax.images[-1].get_interpolation() == "bilinear"
    assert ax.images[-1].get_cmap().name == "inferno"
    assert ax.images[-1].get_extent() == ax.images[-2].get_extent()


def test_signed_maps_are_centred_on_zero_in_the_whole_column():
    maps = np.stack([np.full((10, 20), 3.0), np.full((10, 20), -4.0)])
    ax = compare_methods(IMAGES, {"m": maps})
    for image, limit in zip(ax.images[2:], (3, 4), strict=True):
        assert image.get_cmap().name == "RdBu_r"
        assert image.get_clim() == (-limit, limit)
    assert len(ax.patches) == 2  # white could be taken for the paper
    assert compare_methods(IMAGES, {"m": FULL}).images[-1].get_cmap().name == "gray"


def test_a_map_of_zeros_in_a_signed_column_is_white():
    maps = np.stack([np.zeros((10, 20)), np.full((10, 20), -4.0)])
    zero = compare_methods(IMAGES, {"m": maps}).images[2]
    assert zero.get_clim() == (-1, 1)


def test_strongest_values_are_clipped():
    maps = np.tile(np.arange(200.0).reshape(10, 20), (2, 1, 1))
    maps[:, 0, 0] = 1e6
    limits = compare_methods(IMAGES, {"m": maps}, clip=99).images[-1].get_clim()
    assert limits == (0, pytest.approx(np.percentile(maps[0], 99)))
    assert compare_methods(IMAGES, {"m": maps}, clip=100).images[-1].get_clim() == (0, 1e6)
    rare = np.zeros((2, 10, 20))
    rare[:, 5, 5] = 7  # the 99th percentile is 0
    assert compare_methods(IMAGES, {"m": rare}).images[-1].get_clim() == (0, 7)


def test_normalize_each_or_all():
    maps = FULL * [[[1]], [[8]]]
    limits = [im.get_clim()[1] for im in compare_methods(IMAGES, {"m": maps}).images[2:]]
    assert limits == [1, 8]
    ax = compare_methods(IMAGES, {"m": maps, "n": FULL}, normalize="all")
    assert [im.get_clim()[1] for im in ax.images[2:]] == [8, 8, 1, 1]


def test_gradients_are_pictures_around_grey():
    grads = np.zeros((2, 10, 20, 3))
    grads[0, 0, 0] = [2, -2, 1]
    first, second = compare_methods(IMAGES, {"m": grads}, clip=100).images[2:]
    np.testing.assert_allclose(first.get_array()[0, 0], [1, 0, 0.75])
    np.testing.assert_allclose(first.get_array()[5, 5], 0.5)
    np.testing.assert_allclose(second.get_array(), 0.5)  # no gradient, no warning
    one = compare_methods(IMAGES, {"m": grads[..., 1:2]}, clip=100).images[2]
    assert one.get_array().shape == (10, 20)
    assert one.get_array()[0, 0] == 0
    gray = compare_methods(IMAGES, {"m": grads}, clip=100, gray=True).images[2]
    assert gray.get_array()[0, 0] == 2  # the largest absolute value over the channels
    assert gray.get_clim() == (0, 2)


def test_small_figures_are_as_usual_and_large_ones_grow():
    with plots.style("slides"):
        usual = compare_methods(IMAGES, {"m": FULL}).figure.get_size_inches()
        assert usual.tolist() == [10, 5.625]
        many = compare_methods(
            np.zeros((12, 8, 8)), {str(i): np.ones((12, 8, 8)) for i in range(19)}
        )
        width, height = many.figure.get_size_inches()
    assert width / 20 == pytest.approx(5.5 * 14 / 72)  # a picture of 5.5 ems
    assert height / 12 == pytest.approx(5.5 * 14 / 72)


def test_no_word_covers_another(look, overlapping):
    names = ["saliency", "integrated_gradients", "guided_backprop", "deconvnet", "occlusion"]
    maps = {"grad_cam_plus_plus": COARSE, **dict.fromkeys(names, FULL)}
    ax = compare_methods(IMAGES, maps, labels=["Egyptian cat\n98.2 %", "dog"])
    assert list(overlapping(ax.figure)) == []


def test_draws_on_the_axes_given():
    _figure, axes = plt.subplots(1, 2)
    assert compare_methods(IMAGES, {"m": FULL}, ax=axes[1]) is axes[1]
    assert not axes[0].images


@pytest.mark.parametrize(
    ("images", "maps", "options", "error", "message"),
    [
        (IMAGES + 200, {"m": FULL}, {}, ValueError, "before preprocessing"),
        (IMAGES, FULL, {}, TypeError, r"pass \{'grad_cam': maps\}"),
        (IMAGES, {}, {}, ValueError, "at least one method"),
        (IMAGES, {"m": FULL[:1]}, {}, ValueError, "one map for each of 2 images; received 1"),
        (IMAGES, {"m": FULL * np.nan}, {}, ValueError, r"maps\['m'\].*NaN"),
        (IMAGES, {"m": np.ones((2, 3, 3, 5))}, {}, ValueError, "1 or 3 channels"),
        (IMAGES, {"m": FULL}, {"labels": ["a"]}, ValueError, "labels"),
        (IMAGES, {"m": FULL}, {"normalize": "al"}, ValueError, "Did you mean 'all'"),
        (IMAGES, {"m": FULL}, {"clip": 0}, ValueError, "percentile"),
        (IMAGES, {"grad": FULL}, {"overlay": ["gard"]}, ValueError, "Did you mean 'grad'"),
    ],
)
def test_bad_input(images, maps, options, error, message):
    with pytest.raises(error, match=message):
        compare_methods(images, maps, **options)


def test_labels_may_be_classes_with_names():
    images, maps = np.zeros((2, 8, 8)), {"grad_cam": np.ones((2, 2, 2))}
    ax = compare_methods(images, maps, labels=[1, 0], class_names=["dent", "none"])
    assert [text.get_text() for text in ax.texts][2:] == ["none", "dent"]
    assert "1" in [t.get_text() for t in compare_methods(images, maps, labels=[1, 0]).texts]


def test_what_integrated_gradients_returns_is_taken():
    result = SimpleNamespace(attributions=np.ones((1, 4, 4, 1)), gap=np.zeros(1))
    ax = compare_methods(np.zeros((1, 4, 4)), {"integrated_gradients": result})
    assert [text.get_text() for text in ax.texts] == ["input", "integrated gradients"]
    plt.close(ax.figure)
