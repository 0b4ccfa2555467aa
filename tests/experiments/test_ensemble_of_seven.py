"""Networks alone and averaged: E5."""

import keras
import numpy as np
import pytest

import kerascnn as kc
from kerascnn.experiments import _ensemble_of_seven
from kerascnn.experiments._ensemble_of_seven import averaged, right
from kerascnn.experiments._handwriting import probabilities, sample


@pytest.fixture(scope="module")
def record():
    return kc.experiments.recorded("ensemble_of_seven")


def test_two_wrong_networks_can_be_right_together():
    scores = np.array([[0.6, 0.4, 0.0], [0.0, 0.4, 0.6], [0.1, 0.5, 0.4]])  # net, class
    scores = scores[None, :, None]
    np.testing.assert_allclose(averaged(scores)[0, 1, 0], [0.3, 0.4, 0.3])
    labels = np.array([1])
    np.testing.assert_array_equal(right(scores, labels), [[0, 0, 1]])
    np.testing.assert_array_equal(right(averaged(scores), labels), [[0, 1, 1]])


def test_it_averages_as_the_training_utility(rng):
    images = rng.random((5, 28, 28, 1), dtype=np.float32)
    models = []
    for seed in range(3):
        keras.utils.set_random_seed(seed)
        models.append(kc.build_mlp(hidden=16))
    scores = np.stack([probabilities(model, images) for model in models])[None]
    for count, expected in enumerate(averaged(scores)[0], start=1):
        together = kc.training.ensemble(models[:count])
        np.testing.assert_allclose(probabilities(together, images), expected, atol=1e-6)


def test_a_sample_has_no_image_twice():
    images, labels = np.arange(50)[:, None], np.arange(50)
    drawn, theirs = sample((images, labels), 40, seed=1)
    np.testing.assert_array_equal(drawn[:, 0], theirs)
    assert len(set(theirs)) == 40
    np.testing.assert_array_equal(sample((images, labels), 20, seed=1)[1], theirs[:20])
    assert sample((images, labels), 40, seed=2)[1].tolist() != theirs.tolist()


@pytest.mark.slow
def test_a_small_run():
    result = kc.experiments.ensemble_of_seven(
        data="digits", images=100, epochs=2, nets=2, seeds=(0,)
    )
    assert result["alone"].shape == result["together"].shape == (1, 2)
    assert result["alone"][:, 0] == result["together"][:, 0]


def test_each_net_starts_from_its_own_weights(feigned, monkeypatch):
    kernels = []

    def asked(model, images):
        kernels.append(model.get_weights()[0].tobytes())
        return probabilities(model, images)

    monkeypatch.setattr(_ensemble_of_seven, "probabilities", asked)
    result = kc.experiments.ensemble_of_seven(
        data="digits", images=20, epochs=1, nets=2, seeds=(0, 0, 1)
    )
    np.testing.assert_array_equal(result["alone"][:, 0], result["together"][:, 0])
    assert kernels[:2] == kernels[2:4]  # of one seed
    assert len(set(kernels)) == 4


def test_the_record_has_its_shape(record):
    assert record["alone"].shape == record["together"].shape == (3, 7)
    np.testing.assert_array_equal(record["alone"][:, 0], record["together"][:, 0])


def test_seven_err_less_than_each(record):
    alone, together = 1 - record["alone"], 1 - record["together"][:, -1]
    assert np.all(together < alone.min(axis=1))
    assert np.all(together < 0.9 * alone.mean(axis=1))
