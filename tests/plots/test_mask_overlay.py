import numpy as np
import pytest
from matplotlib import pyplot as plt
from matplotlib.colors import to_rgb

from kerascnn import plots
from kerascnn.plots import error_map, mask_overlay, slices, window_colors

IMAGE = np.full((4, 5), 0.5)
MASK = np.zeros((4, 5), int)
MASK[1:3, 1:3] = 1
MASK[3, 4] = 2


@pytest.fixture(autouse=True)
def close():
    yield
    plt.close("all")


def segments(ax):
    """All pieces of outlines, by colour."""
    return {tuple(c.get_colors()[0][:3].round(3)): len(c.get_segments()) for c in ax.collections}


def test_pixels_of_a_class_are_coloured_and_others_are_not():
    ax = mask_overlay(IMAGE, MASK, alpha=0.4, class_names=["a", "b", "c"])
    pixels = ax.images[0].get_array()
    first, second = (np.array(to_rgb(color)) for color in window_colors(2))
    np.testing.assert_allclose(pixels[0, 0], 0.5)
    np.testing.assert_allclose(pixels[1, 1], 0.3 + 0.4 * first)
    np.testing.assert_allclose(pixels[3, 4], 0.3 + 0.4 * second)
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["b", "c"]
    assert sorted(segments(ax).values()) == [2, 8]  # a square of 2x2; the corner pixel


def test_an_outline_runs_between_pixels():
    ax = mask_overlay(IMAGE, (MASK == 1).astype(int), fill=False)
    (lines,) = ax.collections
    ends = {tuple(map(tuple, segment)) for segment in lines.get_segments()}
    assert ((1, 1), (2, 1)) in ends  # above the pixel (1, 1)
    assert ((3, 1), (3, 2)) in ends  # to the right of the pixel (1, 2)
    np.testing.assert_allclose(ax.images[0].get_array(), 0.5)


def test_many_instances_share_a_colour_and_touching_ones_are_told_apart():
    instances = np.arange(20).reshape(4, 5)
    ax = mask_overlay(IMAGE, instances)
    assert ax.get_legend() is None
    assert list(segments(ax).values()) == [4 * 4 + 3 * 5]


def test_errors_are_counted():
    predictions = np.zeros((4, 5), int)
    predictions[1, 1:4] = 1
    ax = error_map(IMAGE, MASK, predictions)
    words = [text.get_text() for text in ax.get_legend().get_texts()]
    assert words == ["found: 2", "missed: 2", "false: 1"]
    pixels = ax.images[0].get_array()
    false, missed = (np.array(to_rgb(color)) for color in window_colors(2))
    np.testing.assert_allclose(pixels[2, 1], 0.03 + 0.9 * missed, atol=1e-6)
    np.testing.assert_allclose(pixels[1, 3], 0.03 + 0.9 * false, atol=1e-6)
    np.testing.assert_allclose(pixels[0, 0], 0.3, atol=1e-6)
    with plots.style("slides", lang="es"):
        ax = error_map(IMAGE, MASK, predictions)
    assert ax.get_legend().get_texts()[1].get_text() == "omitidos: 2"


def test_slices_are_evenly_spaced_and_coloured():
    volume = np.linspace(0, 1, 9)[:, None, None] * np.ones((9, 4, 4))
    mask = np.zeros((9, 4, 4), int)
    mask[8] = 1
    ax = slices(volume, mask=mask, count=3, columns=3)
    assert [text.get_text() for text in ax.texts] == ["0", "4", "8"]
    pixels = ax.images[0].get_array()
    middle = pixels[-1, pixels.shape[1] // 2]
    np.testing.assert_allclose(middle[:3], 0.5)
    last = pixels[-1, -1][:3]
    np.testing.assert_allclose(last, 0.6 + 0.4 * np.array(to_rgb(window_colors(1)[0])), rtol=1e-5)
    ax = slices(np.zeros((4, 4, 9)), axis=2, count=2)
    assert [text.get_text() for text in ax.texts] == ["0", "8"]


def test_every_look(look):
    mask_overlay(IMAGE, MASK, class_names=["a", "b", "c"]).figure.canvas.draw()
    error_map(IMAGE, MASK, MASK).figure.canvas.draw()


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: mask_overlay(IMAGE, MASK[:3]), r"mask must have the size of the image, \(4, 5\)"),
        (lambda: mask_overlay(IMAGE, MASK / 4), "whole numbers"),
        (lambda: mask_overlay(IMAGE, MASK - 1), "at least 0; received -1: use 0 where"),
        (lambda: mask_overlay(IMAGE, MASK, class_names=["a"]), "name each class, up to 2"),
        (lambda: mask_overlay(IMAGE, MASK, alpha=2), "alpha"),
        (lambda: mask_overlay(IMAGE * 200, MASK), "before preprocessing"),
        (lambda: error_map(IMAGE, MASK, MASK.T), "predictions must have the size"),
        (lambda: slices(IMAGE), r"volume must be \(D, H, W\)"),
        (lambda: slices(np.zeros((3, 4, 5)), axis=3), "axis must be one of"),
        (lambda: slices(np.zeros((3, 4, 5)), mask=np.zeros((3, 4, 4))), "size of the volume"),
        (lambda: slices(np.zeros((3, 4, 5)), mask=np.full((3, 4, 5), 0.7)), "whole numbers"),
        (
            lambda: slices(np.zeros((3, 4, 5)), count=0),
            "count must be a whole number of",
        ),
    ],
)
def test_bad_input(call, words):
    with pytest.raises(ValueError, match=words):
        call()
