"""Cells and filters: their responses by hand, in closed form, and by the network itself."""

import numpy as np
import pytest
from scipy.signal import correlate2d

from kerascnn import visualize
from kerascnn.figures import visual_cortex
from kerascnn.figures._material import trained

SPOT, RING, DARK, UNIFORM = range(4)


@pytest.fixture(scope="module")
def filters():
    return visualize.filters(trained("alexnet", "cifar10"))


@pytest.fixture(scope="module")
def curves(filters):
    return visual_cortex.tuning(filters)


@pytest.fixture(scope="module")
def ganglion():
    """The responses of an on-center and an off-center cell to the four stimuli: (2, 4)."""
    field = visual_cortex.centre_surround()
    shown = visual_cortex.spots().values()
    return np.array([[visual_cortex.response(f, s) for s in shown] for f in (field, -field)])


def volume(radius, sigma):
    """How much of a two-dimensional Gaussian lies within a radius."""
    return 1 - np.exp(-(radius**2) / (2 * sigma**2))


def test_centre_and_surround_weigh_the_same_at_the_radius_of_the_centre():
    centre, surround = visual_cortex.CENTRE, visual_cortex.SURROUND
    radius = visual_cortex.centre_radius()
    density = [np.exp(-(radius**2) / (2 * s**2)) / s**2 for s in (centre, surround)]
    assert density[0] == pytest.approx(density[1])


def test_a_ganglion_cell_responds_as_the_gaussians_say(ganglion):
    centre, surround = visual_cortex.CENTRE, visual_cortex.SURROUND
    inner, outer = visual_cortex.centre_radius(), 2 * surround
    spot = volume(inner, centre) - volume(inner, surround)
    ring = spot - (volume(outer, centre) - volume(outer, surround))
    assert ganglion[0, SPOT] == pytest.approx(spot, rel=0.02)  # pixels are squares
    assert ganglion[1, DARK] == pytest.approx(spot, rel=0.02)
    assert ganglion[1, RING] == pytest.approx(ring, rel=0.02)


def test_a_ganglion_cell_does_not_respond_to_uniform_light(ganglion):
    np.testing.assert_allclose(ganglion[:, UNIFORM], 0, atol=1e-12)
    assert ganglion[0, RING] == ganglion[0, DARK] == ganglion[1, SPOT] == 0


def test_a_bar_turns_counter_clockwise_and_moves_across():
    horizontal, rising, vertical = (visual_cortex.bar(a, 0, 5, 1) for a in (0, 45, 90))
    np.testing.assert_allclose(horizontal, np.eye(5)[2][:, None] * np.ones(5), atol=1e-12)
    np.testing.assert_allclose(vertical, horizontal.T, atol=1e-12)
    np.testing.assert_allclose([rising[0, 4], rising[4, 0], rising[0, 0]], [1, 1, 0], atol=1e-12)
    np.testing.assert_allclose(
        visual_cortex.bar(90, 1, 5, 1), np.roll(vertical, 1, axis=1), atol=1e-12
    )


def test_simple_cells_are_a_convolution_and_a_relu():
    picture = visual_cortex.bar(70, 3)
    expected = np.maximum(correlate2d(picture, visual_cortex.gabor(), "valid"), 0)
    np.testing.assert_allclose(visual_cortex.simple_cells(picture), expected, atol=1e-12)
    assert visual_cortex.complex_cell(picture) == pytest.approx(expected.max())


def test_both_cells_are_tuned_to_the_preferred_orientation():
    for cell in (visual_cortex.simple_cell, visual_cortex.complex_cell):
        curve = np.array([cell(picture) for picture in visual_cortex.rotated_bars()])
        assert visual_cortex.ANGLES[curve.argmax()] == visual_cortex.PREFERRED
        far = np.abs(visual_cortex.ANGLES - visual_cortex.PREFERRED) >= 45
        assert curve[far].max() < 0.1 * curve.max()


def test_only_the_complex_cell_tolerates_shifts():
    bars = visual_cortex.shifted_bars()
    simple = np.array([visual_cortex.simple_cell(picture) for picture in bars])
    pooled = np.array([visual_cortex.complex_cell(picture) for picture in bars])
    near = np.abs(visual_cortex.OFFSETS) <= visual_cortex.POOLED
    np.testing.assert_allclose(pooled[near], simple.max(), rtol=1e-9)
    assert pooled[~near].min() < 0.1 * pooled.max()
    assert (simple[np.abs(visual_cortex.OFFSETS) >= 3] < 0.1 * simple.max()).all()


def test_learned_filters_respond_in_the_network_as_their_curves_say(filters, curves):
    """A light bar on a gray ground: the network's own sums, less those of the ground."""
    import keras

    model = trained("alexnet", "cifar10")
    layer = model.get_layer("conv1")
    side, unit, nth = filters.shape[1], 7, 9
    angle = int(visual_cortex.LEARNED_ANGLES[nth])
    bars = [visual_cortex.bar(angle, at / 2, side, 2) for at in range(-2 * side, 2 * side + 1)]
    pictures = np.repeat(np.array(bars, "float32")[..., None], 3, axis=-1)
    ground = np.full_like(pictures[:1], 0.25)
    sums, none = (
        keras.ops.convert_to_numpy(keras.ops.conv(x, layer.kernel))[:, 0, 0, unit]
        for x in (ground + 0.5 * pictures, ground)
    )
    assert angle == 45
    assert 2 * (sums - none).max() == pytest.approx(curves[unit, nth], rel=1e-4)


def test_most_learned_filters_are_tuned(curves):
    """By a loop: the response at the best angle against that at a right angle to it."""
    tuned = 0
    for curve in curves:
        best = int(curve.argmax())
        tuned += curve[best] >= 2 * curve[(best + 18) % 36]  # steps of 5 degrees
    assert tuned == 43


def test_selectivity_of_a_peak_and_of_a_flat_curve():
    flat, peak = np.ones(36), np.eye(36)[4]
    np.testing.assert_allclose(visual_cortex.selectivity(np.stack([flat, peak])), [0, 1], atol=1e-9)


def test_the_filters_shown_prefer_the_four_orientations(curves):
    *oriented, flat = visual_cortex.examples(curves)
    preferred = visual_cortex.LEARNED_ANGLES[curves[oriented].argmax(axis=1)]
    away = np.abs((preferred - np.array(visual_cortex.TARGETS) + 90) % 180 - 90)
    assert away.max() <= 10
    assert visual_cortex.selectivity(curves[oriented]).min() > 0.5
    assert curves[flat].max() < 0.25 * curves[oriented].max()
