"""The weights of a linear model, after many and after few images: A3."""

import numpy as np

import kerascnn as kc
from kerascnn.experiments._training_set_size import total_variation


def test_total_variation_by_hand():
    step = [[0, 0, 3], [0, 0, 3]]  # two differences of 3 across, none down; weights of 6 in all
    board = [[1, -1, 1], [-1, 1, -1]]  # seven pairs of neighbours that differ by 2; weights of 6
    np.testing.assert_allclose(total_variation(np.array([step, board])), [1, 14 / 6])


def test_total_variation_has_no_scale(rng):
    pictures = rng.normal(size=(3, 5, 4))
    np.testing.assert_allclose(total_variation(-7 * pictures), total_variation(pictures))


def test_smooth_pictures_vary_less(rng):
    rough = rng.normal(size=(1, 12, 12))
    smooth = rough + np.roll(rough, 1, axis=1) + np.roll(rough, 1, axis=2)
    assert total_variation(smooth) < total_variation(rough)


def test_a_small_run():
    result = kc.experiments.training_set_size(
        data="digits", images=400, epochs=2, seeds=(3,), shown=0
    )
    assert result["images"].tolist() == [400, 100]
    assert result["total_variation"].shape == (2, 1, 10)
    assert result["pictures"].shape == (2, 28, 28)
    pixels = kc.datasets.load("digits").train[0].max(axis=0)[..., 0]
    assert not result["pictures"][:, pixels == 0].any()  # starts from zero: no noise of its own
    assert np.all(result["accuracy"] > 0.5)


def test_fewer_images_make_noisier_weights():
    record = kc.experiments.recorded("training_set_size")
    assert record["images"].tolist() == [4000, 1000]
    many, few = record["accuracy"]
    assert np.all(few < many - 0.02)
    many, few = record["total_variation"]  # seed, class
    assert np.all(few > many)
    assert np.all(few.mean(axis=1) > 1.1 * many.mean(axis=1))
    np.testing.assert_allclose(
        total_variation(record["pictures"]),  # they are rounded
        record["total_variation"][:, 0, record.settings["shown"]],
        rtol=0.01,
    )
