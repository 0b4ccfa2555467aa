"""Digits in place and with all pixels shuffled: A11."""

import numpy as np
import pytest

import kerascnn as kc
from kerascnn.experiments._permuted_pixels import shuffled


def test_pixels_move_together():
    images = np.arange(2 * 6, dtype="float32").reshape(2, 2, 3, 1)
    order = [5, 0, 4, 1, 3, 2]
    moved = shuffled(images, order)
    np.testing.assert_array_equal(moved[0, ..., 0], [[5, 0, 4], [1, 3, 2]])
    np.testing.assert_array_equal(moved[1], moved[0] + 6)  # the same for every image
    np.testing.assert_array_equal(shuffled(moved, np.argsort(order)), images)


@pytest.mark.slow
def test_a_small_run():
    result = kc.experiments.permuted_pixels(data="digits", images=300, epochs=8, seeds=(4,))
    assert result["accuracy"].shape == (2, 2, 1)
    assert np.all(result["accuracy"] > 0.5)
    mlp = result["accuracy"][0, :, 0]
    assert abs(mlp[0] - mlp[1]) < 0.06


def test_more_images_than_there_are():
    with pytest.raises(ValueError, match=r"images must be from 1 to 719.*; received 10000"):
        kc.experiments.permuted_pixels(data="digits")


def test_the_mlp_does_not_notice_and_lenet5_does():
    record = kc.experiments.recorded("permuted_pixels")
    assert record["nets"].tolist() == ["MLP", "LeNet-5"]
    assert record["pixels"].tolist() == ["in place", "permuted"]
    mlp, lenet5 = record["accuracy"]  # pixels, seed
    assert abs(mlp[0].mean() - mlp[1].mean()) < np.ptp(mlp, axis=1).max()  # less than the spread
    assert np.all(lenet5[0] > mlp[0])
    assert np.all(lenet5[1] < mlp[1] - 0.03)
    assert np.all(lenet5[1] < lenet5[0] - 0.05)
