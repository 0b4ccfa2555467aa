"""Overlaps and suppression of boxes, by hand and against TensorFlow."""

import numpy as np
import pytest
import tensorflow as tf

from kerascnn import metrics


def random_boxes(count, seed=0):
    rng = np.random.default_rng(seed)
    boxes = np.column_stack([rng.random((count, 2)), rng.uniform(0.02, 0.3, (count, 2))])
    return boxes.astype("float32"), rng.permutation(count).astype("float32") / count


def test_overlaps_by_hand():
    overlaps = metrics.box_iou(
        [[2, 2, 4, 4], [0, 0, 0, 0]],
        [[3, 2, 4, 4], [6, 2, 4, 4], [2, 2, 2, 2], [0, 0, 0, 0]],
    )
    np.testing.assert_allclose(overlaps, [[12 / 20, 0, 4 / 16, 0], [0, 0, 0, 0]])


def test_as_tensorflow_suppresses():
    boxes, scores = random_boxes(400)
    y, x, half_h, half_w = boxes[:, 1], boxes[:, 0], boxes[:, 3] / 2, boxes[:, 2] / 2
    corners = np.stack([y - half_h, x - half_w, y + half_h, x + half_w], axis=1)
    for overlap in (0.0, 0.3, 0.7):
        expected = tf.image.non_max_suppression(corners, scores, 400, iou_threshold=overlap)
        ours = metrics.non_maximum_suppression(boxes, scores, overlap=overlap)
        np.testing.assert_array_equal(ours, expected)
    few = metrics.non_maximum_suppression(boxes, scores, overlap=0.7, limit=5)
    np.testing.assert_array_equal(few, expected[:5])


def test_classes_suppress_only_themselves():
    boxes = [[0.5, 0.5, 1, 1]] * 3
    kept = metrics.non_maximum_suppression(boxes, [0.1, 0.9, 0.5], classes=[0, 1, 1])
    assert kept.tolist() == [1, 0]


def test_equal_scores_keep_the_first_and_equal_overlap_both():
    touching = [[1, 1, 2, 2], [1, 1, 2, 2], [2, 1, 2, 2]]  # the last overlaps by 2 of 6
    assert metrics.non_maximum_suppression(touching, [1, 1, 1], overlap=1 / 3).tolist() == [0, 2]
    assert metrics.non_maximum_suppression(touching, [1, 1, 1], overlap=0.33).tolist() == [0]


def test_no_boxes():
    assert metrics.non_maximum_suppression([], []).shape == (0,)
    assert metrics.box_iou([], [[0, 0, 1, 1]]).shape == (0, 1)


@pytest.mark.parametrize(
    ("boxes", "scores", "options", "words"),
    [
        ([[0, 0, 1]], [1], {}, r"boxes must be \(n, 4\)"),
        ([[0, 0, -1, 1]], [1], {}, "width and height of at least 0"),
        ([[0, 0, 1, np.nan]], [1], {}, "boxes must be finite"),
        ([[0, 0, 1, 1]], [1, 2], {}, "scores must be 1 finite numbers"),
        ([[0, 0, 1, 1]], [1], {"overlap": 2}, "overlap must be a number from 0 to 1"),
        ([[0, 0, 1, 1]], [1], {"classes": [1, 2]}, "classes must be 1 class indices"),
        ([[0, 0, 1, 1]], [1], {"limit": 0}, "limit must be"),
    ],
)
def test_what_does_not_fit_is_one_line(boxes, scores, options, words):
    with pytest.raises(ValueError, match=words):
        metrics.non_maximum_suppression(boxes, scores, **options)
