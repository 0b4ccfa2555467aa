"""Moves: where pixels go."""

import numpy as np
from keras import ops

from kerascnn.visualize._engine.transforms import Moves


def moved(picture, moves, rng, count=1):
    matrices = moves.draw(rng, count, picture.shape[:2])
    pictures = ops.convert_to_tensor(np.repeat(picture[None], count, axis=0))
    return np.array(moves(pictures, ops.convert_to_tensor(matrices))), matrices


def test_jitter_moves_by_whole_pixels_and_lets_grey_in(rng):
    picture = rng.random((7, 9, 3), "float32")
    pictures, matrices = moved(picture, Moves(2, 0.0, 0.0), rng, 40)
    shifts = matrices[:, [5, 2]].astype(int)  # rows, columns
    assert len(set(map(tuple, shifts))) > 15  # of 25
    assert np.abs(shifts).max() == 2
    for result, (dy, dx) in zip(pictures, shifts, strict=True):
        padded = np.pad(picture, [(2, 2), (2, 2), (0, 0)], constant_values=0.5)
        np.testing.assert_allclose(result, padded[2 + dy :, 2 + dx :][:7, :9], atol=1e-6)


def test_no_move_is_no_change(rng):
    picture = rng.random((6, 8, 1), "float32")
    assert not Moves(0, 0.0, 0.0)
    pictures, _ = moved(picture, Moves(0, 0.0, 0.0), rng)
    np.testing.assert_allclose(pictures[0], picture, atol=1e-6)


def test_rotation_and_scale_are_about_the_middle(rng):
    """The middle of an odd picture stays; a dot beside it stays as far or changes by the scale."""
    for moves, low, high in ((Moves(0, 0.0, 90.0), 10, 10), (Moves(0, 0.4, 0.0), 6, 14)):
        matrices = moves.draw(rng, 50, (41, 31))
        a = matrices[:, :6].reshape(-1, 2, 3)
        middle = np.array([15, 20, 1])  # column, row
        np.testing.assert_allclose(a @ middle, np.tile([15, 20], (50, 1)), atol=1e-4)
        # Where is the pixel now that was 10 to the right of the middle? Solve a · x = there.
        there = np.linalg.solve(a[:, :, :2], (np.array([25, 20]) - a[:, :, 2])[..., None])[..., 0]
        distance = np.linalg.norm(there - [15, 20], axis=1)
        assert low - 0.01 <= distance.min() <= distance.max() <= high + 0.01
        assert np.ptp(there, axis=0).max() > 5


def test_angles_are_in_degrees(rng):
    matrices = Moves(0, 0.0, 30.0).draw(rng, 500, (9, 9))
    angles = np.rad2deg(np.arctan2(matrices[:, 3], matrices[:, 0]))
    assert 28 < angles.max() <= 30
    assert -30 <= angles.min() < -28
