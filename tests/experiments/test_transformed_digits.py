"""Digits that are moved, turned, scaled and bent: A12."""

import numpy as np
import pytest

import kerascnn as kc
from kerascnn.experiments._transformed_digits import (
    CHANGES,
    distorted,
    rotated,
    scaled,
    shifted,
)


@pytest.fixture(scope="module")
def record():
    return kc.experiments.recorded("transformed_digits")


@pytest.fixture(scope="module")
def digits():
    return kc.datasets.load("digits").test[0][:40]


def test_shifts_by_hand():
    image = np.zeros((5, 5, 1), "float32")
    image[1:3, 2] = [[1], [0.5]]
    images = np.repeat(image[None], 30, axis=0)
    moved = shifted(images, 2)
    sides = {tuple(np.argwhere(m[..., 0] == 1).ravel()) for m in moved}
    assert sides <= {(1, 0), (1, 4), (3, 2), ()}  # left, right, down; up it leaves the image
    assert len(sides) == 4
    to_the_left = next(m for m in moved if m[1, 0, 0] == 1)
    np.testing.assert_array_equal(to_the_left[:, :3], image[:, 2:])
    assert not to_the_left[:, 3:].any()


def test_half_a_pixel_is_between_two():
    image = np.zeros((1, 3, 3, 1), "float32")
    image[0, 1, 1] = 1
    moved = shifted(image, 0.5)[..., 0]
    assert sorted(moved.ravel())[-2:] == [0.5, 0.5]
    assert moved.sum() == 1


def test_a_quarter_turn_is_exact(digits):
    turned = rotated(digits, 90)
    for image, theirs in zip(digits, turned, strict=True):
        ways = [np.rot90(image, k) for k in (1, -1)]
        assert min(np.abs(way - theirs).max() for way in ways) < 1e-5
    to_the_left = [
        np.allclose(np.rot90(i), t, atol=1e-5) for i, t in zip(digits, turned, strict=True)
    ]
    assert 0.2 < np.mean(to_the_left) < 0.8


def test_scales_by_hand():
    image = np.zeros((8, 8), "float32")
    image[2:6, 2:6] = 1
    large, small = (scaled(image[None, ..., None], factor)[0, ..., 0] for factor in (1.5, 0.5))
    np.testing.assert_allclose(large.sum(), 1.5**2 * image.sum(), rtol=0.02)
    np.testing.assert_allclose(small.sum(), 0.5**2 * image.sum(), rtol=0.02)
    np.testing.assert_allclose(large, large[::-1, ::-1], atol=1e-6)  # about the middle


def test_distortions_are_as_long_as_said(digits):
    """Slopes of brightness show how far each pixel came from."""
    for axis in (0, 1):
        slope = np.indices((1, 28, 28))[1 + axis][..., None].astype("float64")
        slopes = np.repeat(slope, 20, axis=0)
        inner = np.s_[:, 6:-6, 6:-6]  # what comes from beyond the edge is black
        moved = (distorted(slopes, 1.0) - slopes)[inner]
        if axis == 0:
            squares = moved**2
    length = np.sqrt(np.mean(squares + moved**2))
    assert 0.8 < length < 1.2
    steps = np.abs(np.diff(moved, axis=1)).mean() / np.abs(moved).mean()
    assert steps < 0.35  # smooth: neighbours go together


@pytest.mark.parametrize("change", CHANGES)
def test_no_change_is_no_change(change, digits):
    nothing = 1 if change == "scale" else 0
    same = CHANGES[change](digits, nothing)
    assert same.dtype == digits.dtype
    np.testing.assert_allclose(same, digits, atol=1e-6)


@pytest.mark.parametrize(
    ("change", "amount"), [("shift", 3), ("rotation", 30), ("scale", 1.3), ("distortion", 2)]
)
def test_changes_are_pictures_and_repeat(change, amount, digits):
    changed = CHANGES[change](digits, amount)
    assert changed.shape == digits.shape
    assert changed.min() >= 0
    assert changed.max() <= 1
    assert np.abs(changed - digits).mean() > 0.01
    np.testing.assert_array_equal(CHANGES[change](digits, amount), changed)


@pytest.mark.slow
def test_a_small_run():
    amounts = {"shifts": (0, 8), "rotations": (0,), "scales": (1,), "distortions": (0, 1, 2)}
    options = {"data": "digits", "images": 300, "tested": 200, "epochs": 15, "seeds": (0,)}
    result = kc.experiments.transformed_digits(**options, **amounts)
    assert result["shift"].shape == (2, 1, 2)
    assert result["distortion"].shape == (2, 1, 3)
    np.testing.assert_array_equal(result["shift"][..., 0], result["rotation"][..., 0])
    assert np.all(result["shift"][..., 0] > 0.8)
    assert np.all(result["shift"][..., 1] < 0.5)


def test_the_record_has_its_shape(record):
    for change in CHANGES:
        amounts = record[f"{change}_amounts"]
        assert record[change].shape == (2, 3, len(amounts))
        unchanged = np.flatnonzero(amounts == (change == "scale"))
        np.testing.assert_array_equal(record[change][..., unchanged], record["shift"][..., :1])
    assert record["example"].shape == (28, 28)
    assert record["shift_amounts"].tolist() == list(range(9))


def test_lenet5_holds_out_longer_but_for_rotations(record):
    gain = {change: record[change][1] - record[change][0].mean(axis=0) for change in CHANGES}
    spread = np.ptp(record["shift"], axis=1).max()
    for change in ("shift", "scale", "distortion"):
        assert gain[change].mean(axis=0).min() > 0  # at every amount
        assert gain[change].max() > 0.12 > 2 * spread
    means = {change: values.mean() for change, values in gain.items()}
    assert means["rotation"] < 0.5 * min(means[c] for c in ("shift", "scale", "distortion"))
    two = record["shift"][..., record["shift_amounts"] == 2]
    assert two[1].min() > two[0].max() + 0.15
