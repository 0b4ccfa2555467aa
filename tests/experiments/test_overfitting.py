"""Few digits learnt by heart: E1."""

import numpy as np
import pytest

import kerascnn as kc


@pytest.fixture(scope="module")
def record():
    return kc.experiments.recorded("overfitting")


@pytest.mark.slow
def test_a_small_run_of_a_seed_gives_the_same():
    """What trains on digits repeats."""
    result = kc.experiments.overfitting(images=64, epochs=2, seeds=(7, 7))
    assert result["loss"].shape == result["accuracy"].shape == (2, 2, 2)
    assert result["images"].tolist() == [64, 180]
    assert np.all(result["loss"] > 0)
    np.testing.assert_array_equal(*result["loss"].transpose(1, 0, 2))


def test_another_seed_gives_another_run(feigned):
    result = kc.experiments.overfitting(images=20, epochs=1, seeds=(7, 8))
    assert np.all(result["loss"][:, 0] != result["loss"][:, 1])


def test_the_record_has_its_shape(record):
    assert record["loss"].shape == record["accuracy"].shape == (2, 5, 40)
    assert record["parts"].tolist() == ["training", "validation"]
    assert record["images"].tolist() == [150, 180]


def test_the_training_images_are_learnt_by_heart(record):
    training, validation = record["accuracy"][:, :, -1]
    np.testing.assert_array_equal(training, 1)
    assert np.all(validation < training - 0.2)


def test_the_validation_loss_turns(record):
    training, validation = record["loss"]
    lowest = validation.argmin(axis=1)
    assert np.all(lowest < validation.shape[1] / 2)
    assert np.all(validation[:, -1] > validation.min(axis=1) * 1.1)
    assert np.all(training[:, -1] < 0.2 * training[range(len(lowest)), lowest])  # falls on
