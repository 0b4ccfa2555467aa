"""Accuracy on images that were changed a little."""

import numpy as np
import pytest

import kerascnn as kc


@pytest.fixture(scope="module")
def record():
    return kc.experiments.recorded("adversarial_images")


def test_a_small_run(monkeypatch):
    digits = kc.datasets.load("digits")  # which LeNet-5 reads, as it does MNIST's
    monkeypatch.setattr(kc.datasets, "load", lambda *_given, **_options: digits)
    result = kc.experiments.adversarial_images(
        data="mnist", net="lenet5", images=50, epsilons=(0, 64), steps=5, seeds=(0, 0, 1)
    )
    accuracy = result["accuracy"]
    assert accuracy.shape == (3, 2, 3)
    assert np.ptp(accuracy[:, 0]) == 0  # without a change, all attacks see the same images
    np.testing.assert_array_equal(accuracy[..., 1], accuracy[..., 0])
    noise, fgsm, pgd = accuracy[:, 1].mean(axis=-1)
    assert noise > fgsm > pgd


@pytest.mark.parametrize(
    ("change", "line"),
    [
        ({"epsilons": (-1,)}, "epsilons must be at least 0; received -1"),
        ({"net": "vgg17"}, "Did you mean"),
        ({"steps": 0}, "steps must be a whole number of at least 1"),
    ],
)
def test_wrong_arguments(change, line):
    with pytest.raises(ValueError, match=line):
        kc.experiments.adversarial_images(**change)


def test_noise_of_the_same_size_changes_little(record):
    accuracy, epsilons = record["accuracy"].mean(axis=-1), record["epsilons"].tolist()
    clean, two = epsilons.index(0), epsilons.index(2)
    noise, fgsm, pgd = accuracy[:, two]
    assert abs(noise - accuracy[0, clean]) < 0.05
    assert pgd <= fgsm < noise / 2
