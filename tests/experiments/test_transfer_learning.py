"""Few images: from scratch, with frozen features, fine-tuned."""

import keras
import numpy as np
import pytest

import kerascnn as kc
from kerascnn.experiments import _transfer_learning


@pytest.fixture(scope="module")
def record():
    return kc.experiments.recorded("transfer_learning")


@pytest.fixture(scope="module")
def digits():
    return kc.datasets.load("digits").train


def test_classes_are_numbered_from_0(digits):
    images, labels = _transfer_learning.of_classes(digits, range(5, 10))
    rows = np.flatnonzero(digits[1] >= 5)
    np.testing.assert_array_equal(labels, digits[1][rows] - 5)
    np.testing.assert_array_equal(images, digits[0][rows])


def test_more_images_include_the_fewer(digits):
    few = {count: _transfer_learning.few_of_each(digits, count, seed=1) for count in (2, 5)}
    for count, (images, labels) in few.items():
        np.testing.assert_array_equal(np.bincount(labels), [count] * 10)
        assert len(images) == 10 * count
    more = {image.tobytes() for image in few[5][0]}
    assert {image.tobytes() for image in few[2][0]} <= more
    other, _labels = _transfer_learning.few_of_each(digits, 2, seed=2)
    assert not {image.tobytes() for image in other} <= more


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"counts": (5, 1000)}, r"counts must be from 1 to \d+, the size .*; .*1000"),
        ({"images": 9000}, r"images must be at most \d+, the number .*; received 9000"),
        ({"tests": 9000}, r"tests must be at most \d+, the number .*; received 9000"),
    ],
)
def test_more_images_than_there_are(options, message):
    few = {"data": "digits", "counts": (2,), "images": 20, "tests": 20}
    with pytest.raises(ValueError, match=message):
        kc.experiments.transfer_learning(**few | options)


@pytest.mark.slow
def test_the_base_stays_as_it_is(digits):
    keras.utils.set_random_seed(1)  # not the learners', who would begin with the base's weights
    base = _transfer_learning.net((28, 28, 1), 5)
    before = base.get_weights()
    few = _transfer_learning.few_of_each(
        _transfer_learning.of_classes(digits, range(5, 10)), 4, seed=0
    )
    kernels = {}
    learners = _transfer_learning.learners(base, few, 5, 2, 0)
    for method, model in zip(_transfer_learning.METHODS, learners, strict=True):
        kernels[method] = model.get_weights()[0].copy()
        assert model.output_shape == (None, 5)
    for kept, had in zip(base.get_weights(), before, strict=True):
        np.testing.assert_array_equal(kept, had)
    assert all(layer.trainable for layer in base.layers)
    np.testing.assert_array_equal(kernels["frozen features"], before[0])
    assert np.abs(kernels["fine-tuned"] - before[0]).max() > 0
    assert np.abs(kernels["from scratch"] - before[0]).max() > 0.01


@pytest.mark.slow
def test_a_small_run():
    options = {"data": "shapes", "counts": (5,), "images": 60, "tests": 30, "epochs": 1}
    result = kc.experiments.transfer_learning(**options, steps=2, seeds=(4,))
    assert result["accuracy"].shape == (3, 1, 1)
    assert result["base_accuracy"].shape == (1,)
    assert set(result["base_classes"]).isdisjoint(result["classes"])


def test_the_record_has_the_shapes(record):
    counts, seeds = record.settings["counts"], record.settings["seeds"]
    assert record["methods"].tolist() == list(_transfer_learning.METHODS)
    assert record["accuracy"].shape == (3, len(counts), len(seeds))
    assert record["base_classes"].tolist() == ["airplane", "automobile", "bird", "cat", "deer"]
    assert record["classes"].tolist() == ["dog", "frog", "horse", "ship", "truck"]


def test_fine_tuning_is_best_throughout(record):
    scratch, frozen, tuned = record["accuracy"]
    assert np.all(tuned > scratch)
    assert np.all(tuned.mean(axis=-1) > frozen.mean(axis=-1))


def test_frozen_features_help_where_images_are_fewest(record):
    gain = np.diff(record["accuracy"][:2], axis=0)[0]  # count, seed
    assert np.all(gain[:2] > 0)
    assert np.all(gain.mean(axis=-1)[-2:] < 0)
