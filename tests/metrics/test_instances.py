"""Instances by hand, and against scikit-image."""

import numpy as np
import pytest
from scipy import ndimage
from skimage.measure import label
from skimage.metrics import contingency_table

from kerascnn import metrics


def blobs(seed, shape=(2, 40, 40)):
    noise = np.random.default_rng(seed).normal(size=shape)
    return np.stack([ndimage.gaussian_filter(image, 2) > 0.05 for image in noise])


def test_components_as_scikit_image():
    mask = blobs(0)
    for ours, image in zip(metrics.instances(mask), mask, strict=True):
        np.testing.assert_array_equal(ours, label(image, connectivity=2))


def test_small_components_become_background():
    found = metrics.instances([[1, 0, 1, 1, 0, 1, 1, 1]], least=2)
    assert found.tolist() == [[0, 0, 1, 1, 0, 2, 2, 2]]


def test_f1_by_hand():
    labels = np.array([[1, 1, 1, 0, 2, 2, 2, 2, 0, 3]])
    found = np.array([[4, 4, 0, 0, 5, 0, 0, 0, 6, 6]])  # IoU 2/3, 1/4, 1/2
    assert metrics.instance_f1(labels, found) == pytest.approx(2 * 2 / 6)
    assert metrics.instance_f1(labels, found, overlap=0.6) == pytest.approx(2 / 6)
    assert metrics.instance_f1(labels, found, overlap=0.25) == 1
    assert np.isnan(metrics.instance_f1(labels * 0, found * 0))
    assert metrics.instance_f1(labels, found * 0) == 0


def test_f1_against_scikit_image():
    """Above an overlap of 0.5, each instance has at most one match."""
    labels = metrics.instances(blobs(0))
    found = metrics.instances(np.roll(blobs(0), 2, axis=2))
    right = total = 0
    for one, other in zip(labels, found, strict=True):
        table = contingency_table(one, other).toarray()
        either = table.sum(axis=1, keepdims=True) + table.sum(axis=0) - table
        overlaps = (table / either)[1:, 1:]
        right += (overlaps > 0.55).sum()
        total += sum(overlaps.shape)
    assert 0 < right < total / 2
    assert metrics.instance_f1(labels, found, overlap=0.55) == pytest.approx(2 * right / total)


def test_each_instance_is_matched_once_and_as_many_as_can_be():
    labels = np.array([[1, 1, 1, 2, 2, 2]])
    found = np.array([[3, 3, 3, 3, 4, 4]])  # 3 overlaps both
    assert metrics.instance_f1(labels, found, overlap=0.2) == 1


@pytest.mark.parametrize(
    ("labels", "found", "words"),
    [
        (np.zeros((4, 4), bool), np.zeros((4, 4), bool), "kerascnn.metrics.instances"),
        (np.zeros((4, 4), int), np.zeros((4, 5), int), "shape of the labels"),
        (-np.ones((4, 4), int), np.zeros((4, 4), int), "labels must be instances"),
    ],
)
def test_what_does_not_fit_is_one_line(labels, found, words):
    with pytest.raises(ValueError, match=words):
        metrics.instance_f1(labels, found)
