"""Pixels and spectra: what pictures they make."""

import numpy as np
import pytest
from keras import ops

from kerascnn.visualize._engine.image_parameters import COLORS, Fourier, Pixels, frequency_scale


def test_lucids_constants():
    """Its scale of frequencies and its colour matrix, divided by the longest column."""
    scale = frequency_scale(6, 8)
    root = np.sqrt(48)
    assert scale.shape == (6, 8)
    assert scale[0, 0] == pytest.approx(root * 8)  # frequency 0 counts as 1 / max(6, 8)
    assert scale[0, 1] == pytest.approx(root * 8)  # 1/8 cycles per pixel
    assert scale[3, 4] == pytest.approx(root / np.hypot(0.5, 0.5))
    longest = np.sqrt(0.26**2 + 0.27**2 + 0.27**2)
    np.testing.assert_allclose(COLORS[0], np.array([0.26, 0.09, 0.02]) / longest, rtol=1e-6)
    np.testing.assert_allclose(COLORS[:, 0], np.array([0.26, 0.27, 0.27]) / longest, rtol=1e-6)


@pytest.mark.parametrize(
    ("direction", "colour"),
    [(0, [0.26, 0.27, 0.27]), (1, [0.09, 0.0, -0.09]), (2, [0.02, -0.05, 0.03])],
)
def test_one_direction_of_colour(direction, colour):
    """The first changes the light, the second red against blue: a column of the matrix each."""
    spectrum = np.zeros((1, 2, 3, 4, 6), "float32")
    spectrum[0, 0, direction, 0, 0] = 1  # frequency 0 alone: a flat picture
    picture = np.array(Fourier().pictures(ops.convert_to_tensor(spectrum)))[0]
    assert np.ptp(picture, axis=(0, 1)).max() < 1e-6
    logits = np.log(picture[0, 0] / (1 - picture[0, 0]))
    value = frequency_scale(4, 6)[0, 0] / 24 / 4  # the inverse transform's 1/HW, lucid's 1/4
    expected = value * np.array(colour) / np.linalg.norm([0.26, 0.27, 0.27])
    np.testing.assert_allclose(logits, expected, atol=1e-5)


def test_a_frequency_is_a_wave():
    """Rows and columns are not swapped: one cycle across makes columns."""
    spectrum = np.zeros((1, 2, 1, 6, 8), "float32")
    spectrum[0, 0, 0, 0, 1] = 1
    picture = np.array(Fourier().pictures(ops.convert_to_tensor(spectrum)))[0, :, :, 0]
    assert picture.shape == (6, 8)
    assert np.ptp(picture, axis=0).max() < 1e-6
    wave = np.log(picture[0] / (1 - picture[0]))
    np.testing.assert_allclose(wave / wave[0], np.cos(2 * np.pi * np.arange(8) / 8), atol=1e-5)


@pytest.mark.parametrize("kind", [Pixels(), Fourier()])
def test_the_start_is_nearly_grey(kind, rng):
    noise = rng.standard_normal((2, 12, 8, 3))
    pictures = np.array(kind.pictures(kind.start(noise)))
    assert pictures.shape == (2, 12, 8, 3)
    assert 0.35 < pictures.min() < 0.5 < pictures.max() < 0.65
    alone = np.array(kind.pictures(kind.start(noise[1:])))
    np.testing.assert_allclose(alone[0], pictures[1], atol=1e-6)


def test_pixels_stay_in_range_and_are_blurred_every_fourth_step(rng):
    point = ops.convert_to_tensor(rng.normal(size=(1, 6, 6, 1)), "float32")
    sharp = np.clip(point, 0, 1)
    slope = ops.zeros_like(point)
    np.testing.assert_array_equal(Pixels(1.0).project(point, 3, slope), sharp)
    np.testing.assert_array_equal(Pixels().project(point, 4, slope), sharp)
    assert np.std(Pixels(1.0).project(point, 4, slope)) < 0.8 * sharp.std()


def test_pixels_of_small_norm_become_grey():
    """Yosinski et al. 2015, section 3, by hand: of each picture by itself, over its colours."""
    far = np.array([0.1, 0.2, 0.3, 0.4])  # from grey, in one colour; in the other not at all
    pictures = 0.5 + np.stack([far, far[::-1] / 2]).reshape(2, 2, 2, 1) * [1, 0]
    point = ops.convert_to_tensor(pictures, "float32")
    found = np.array(Pixels(small_norm=50).project(point, 1, ops.zeros_like(point)))
    expected = 0.5 + np.array([[0, 0, 0.3, 0.4], [0.2, 0.15, 0, 0]])
    np.testing.assert_allclose(found[..., 0].reshape(2, 4), expected, atol=1e-6)
    np.testing.assert_allclose(found[..., 1], 0.5)


def test_pixels_of_small_contribution_become_grey():
    """|Σ_c x_c g_c|, by hand: 0.2·3 - 0.2·3 = 0, -0.1·1, 0.3·1, 0.1·5 + 0.1·1 = 0.6."""
    x = np.array([[0.2, 0.2], [-0.1, 0.0], [0.3, 0.0], [0.1, 0.1]])
    g = np.array([[3.0, -3.0], [1.0, 9.0], [1.0, 9.0], [5.0, 1.0]])
    point, slope = (ops.convert_to_tensor(v.reshape(1, 2, 2, 2), "float32") for v in (0.5 + x, g))
    found = np.array(Pixels(small_contribution=50).project(point, 1, slope)).reshape(4, 2)
    np.testing.assert_allclose(found, 0.5 + x * [[0], [0], [1], [1]], atol=1e-6)
