"""Scores of class maps by hand, and against scikit-learn."""

import numpy as np
import pytest
from sklearn.metrics import confusion_matrix, f1_score, jaccard_score

from kerascnn import metrics

#  labels 0 0 1 1   predictions 0 1 1 1
#         2 2 2 9               2 2 1 0     9 is not counted
LABELS = np.array([[0, 0, 1, 1], [2, 2, 2, 9]])
PREDICTIONS = np.array([[0, 1, 1, 1], [2, 2, 1, 0]])


def test_by_hand():
    options = {"ignore_class": 9, "classes": 4}
    confusion = metrics.pixel_confusion(LABELS, PREDICTIONS, **options)
    assert confusion.tolist() == [[1, 1, 0, 0], [0, 2, 0, 0], [0, 1, 2, 0], [0, 0, 0, 0]]
    np.testing.assert_allclose(
        metrics.iou(LABELS, PREDICTIONS, **options), [1 / 2, 2 / 4, 2 / 3, np.nan]
    )
    np.testing.assert_allclose(
        metrics.dice(LABELS, PREDICTIONS, **options), [2 / 3, 4 / 6, 4 / 5, np.nan]
    )
    assert metrics.mean_iou(LABELS, PREDICTIONS, **options) == pytest.approx(5 / 9)
    assert metrics.pixel_accuracy(LABELS, PREDICTIONS, **options) == 5 / 7


def test_as_scikit_learn():
    rng = np.random.default_rng(0)
    labels, predictions = rng.integers(5, size=(2, 3, 20, 20))
    flat = labels.ravel(), predictions.ravel()
    found = metrics.pixel_confusion(labels, predictions)
    np.testing.assert_array_equal(found, confusion_matrix(*flat))
    np.testing.assert_allclose(metrics.iou(labels, predictions), jaccard_score(*flat, average=None))
    np.testing.assert_allclose(metrics.dice(labels, predictions), f1_score(*flat, average=None))


def test_masks_of_booleans_have_two_classes():
    mask = np.zeros((4, 4), bool)
    assert metrics.dice(mask, mask)[0] == 1
    assert np.isnan(metrics.dice(mask, mask)[1])


@pytest.mark.parametrize(
    ("labels", "predictions", "options", "words"),
    [
        (LABELS, PREDICTIONS[:, :3], {}, r"the labels, \(2, 4\); received \(2, 3\): crop"),
        (LABELS, PREDICTIONS / 9, {}, "predictions must be integers.*float64: use argmax"),
        (255 * (LABELS > 0), LABELS, {"classes": 3}, "labels must lie in 0…2.*0 to 255.*colors"),
        (-LABELS, PREDICTIONS, {}, "labels must lie in"),
        (LABELS, PREDICTIONS, {"ignore_class": 0.5}, "ignore_class must be a whole number"),
        (LABELS[:1, :2], PREDICTIONS[:1, :2], {"ignore_class": 0}, "at least one pixel"),
        (LABELS, PREDICTIONS, {"classes": 0}, "classes must be"),
    ],
)
def test_what_does_not_fit_is_one_line(labels, predictions, options, words):
    with pytest.raises(ValueError, match=words) as error:
        metrics.dice(labels, predictions, **options)
    assert "\n" not in str(error.value)
