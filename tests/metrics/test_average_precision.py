"""Average precision by hand, and against pycocotools where it is installed."""

import numpy as np
import pytest

from kerascnn import metrics

NOTHING = [-1, 0, 0, 0, 0]
LEFT, RIGHT, LOW = [0.2, 0.2, 0.2, 0.2], [0.8, 0.2, 0.2, 0.2], [0.5, 0.8, 0.2, 0.2]
AWAY = [0.5, 0.5, 0.1, 0.1]
# Two images with four objects of class 0; class 1 does not occur.
LABELS = np.array([[[0, *LEFT], [0, *RIGHT]], [[0, *LOW], [0, *LEFT]]])
FOUND = [  # right, wrong, right by score 0.9, 0.8, 0.7; then wrong (twice the same), right
    np.array([[0, 0.9, *LEFT], [0, 0.6, *LEFT], [0, 0.7, *RIGHT]]),
    np.array([[0, 0.8, *AWAY], [0, 0.5, *LOW]]),
]
# precision 1, 1/2, 2/3, 2/4, 3/5 at recall 1/4, 1/4, 2/4, 2/4, 3/4


def test_precision_and_recall_by_hand():
    curve = metrics.precision_recall(LABELS, FOUND, 0)
    np.testing.assert_allclose(curve.precision, [1, 1 / 2, 2 / 3, 2 / 4, 3 / 5])
    np.testing.assert_allclose(curve.recall, [1 / 4, 1 / 4, 2 / 4, 2 / 4, 3 / 4])
    np.testing.assert_allclose(curve.scores, [0.9, 0.8, 0.7, 0.6, 0.5])


def test_average_precision_by_hand():
    (ap,) = metrics.average_precision(LABELS, FOUND)
    assert ap == pytest.approx(1 / 4 * (1 + 2 / 3 + 3 / 5))
    (ap,) = metrics.average_precision(LABELS, FOUND, rule="voc2007")
    assert ap == pytest.approx((3 * 1 + 3 * 2 / 3 + 2 * 3 / 5) / 11)  # at 0…0.2, …0.5, …0.7
    (ap,) = metrics.average_precision(LABELS, FOUND, rule="coco", overlap=0.5)
    assert ap == pytest.approx((26 * 1 + 25 * 2 / 3 + 25 * 3 / 5) / 101)


def test_a_recall_that_is_reached_exactly_counts():
    """Three of ten objects: recall 0.3, which sums of 0.1 miss by rounding."""
    rows = [[0, 0.05 + 0.1 * i, 0.5, 0.08, 0.2] for i in range(10)]
    boxes = [[0, 0.9, *row[1:]] for row in rows[:3]]
    (ap,) = metrics.average_precision([rows], [boxes], rule="voc2007")
    assert ap == pytest.approx(4 / 11)


def test_classes_without_objects_have_no_precision():
    found = [np.array([[1, 0.9, *LEFT]]), []]
    ap = metrics.average_precision(LABELS, found, classes=3)
    np.testing.assert_array_equal(ap, [0, np.nan, np.nan])


def test_a_second_object_counts_by_coco_only():
    """The second box overlaps the first object most, which is taken."""
    labels = [[[0, 0.5, 0.5, 0.4, 0.4], [0, 0.6, 0.5, 0.4, 0.4]]]
    boxes = [[[0, 0.9, 0.5, 0.5, 0.4, 0.4], [0, 0.8, 0.52, 0.5, 0.4, 0.4]]]
    assert metrics.average_precision(labels, boxes) == [0.5]
    assert metrics.average_precision(labels, boxes, rule="coco", overlap=0.5) == [1.0]


def test_confusion_of_boxes_by_hand():
    labels = [[[0, *LEFT], [1, *RIGHT], [1, *LOW]], [[0, *LEFT], NOTHING, NOTHING]]
    found = [[[0, 0.9, *LEFT], [0, 0.8, *RIGHT], [1, 0.3, *AWAY]], [[0, 0.1, *LEFT]]]
    confusion = metrics.box_confusion(labels, found)
    assert confusion.tolist() == [[2, 0, 0], [1, 0, 1], [0, 1, 0]]
    confusion = metrics.box_confusion(labels, found, score=0.5)
    assert confusion.tolist() == [[1, 0, 1], [1, 0, 1], [0, 0, 0]]


def random_scene(seed=0, images=12, classes=3):
    """Objects that overlap, and boxes near them, beside them and of other classes."""
    rng = np.random.default_rng(seed)
    labels, found = np.full((images, 6, 5), -1.0), []
    for image in range(images):
        n = rng.integers(1, 7)
        places, sizes = rng.uniform(0.2, 0.8, (n, 2)), rng.uniform(0.1, 0.3, (n, 2))
        labels[image, :n] = np.column_stack([rng.integers(classes, size=n), places, sizes])
        near = np.repeat(labels[image, :n], 3, axis=0)
        near[:, 1:3] += rng.normal(0, 0.02, (3 * n, 2))
        near[:, 3:] *= rng.uniform(0.8, 1.2, (3 * n, 2))
        other = rng.random(3 * n) < 0.2
        near[other, 0] = rng.integers(classes, size=other.sum())
        found.append(np.insert(near, 1, rng.random(3 * n), axis=1))
    return labels, found


@pytest.mark.frameworks
@pytest.mark.parametrize("seed", range(3))
def test_against_pycocotools(seed, capsys):
    pytest.importorskip("pycocotools")
    from pycocotools.coco import COCO
    from pycocotools.cocoeval import COCOeval

    labels, found = random_scene(seed)
    corner = lambda box: [*(box[:2] - box[2:] / 2), *box[2:]]  # noqa: E731
    objects = [
        {"image_id": i + 1, "category_id": int(row[0]) + 1, "bbox": corner(row[1:]),
         "area": 1.0, "iscrowd": 0}
        for i, rows in enumerate(labels) for row in rows if row[0] >= 0
    ]  # fmt: skip
    for number, each in enumerate(objects, start=1):
        each["id"] = number
    truth = COCO()
    truth.dataset = {
        "info": {},
        "images": [{"id": i + 1} for i in range(len(labels))],
        "categories": [{"id": k + 1} for k in range(3)],
        "annotations": objects,
    }
    truth.createIndex()
    boxes = [
        {"image_id": i + 1, "category_id": int(row[0]) + 1, "bbox": corner(row[2:]),
         "score": row[1]}
        for i, rows in enumerate(found) for row in rows
    ]  # fmt: skip
    theirs = COCOeval(truth, truth.loadRes(boxes), "bbox")
    theirs.params.areaRng = [[-1, 1e10]]
    theirs.params.areaRngLbl = ["all"]
    theirs.evaluate()
    theirs.accumulate()
    precision = theirs.eval["precision"][..., 0, -1]  # (overlaps, recalls, classes)
    ours = metrics.average_precision(labels, found, rule="coco")
    np.testing.assert_allclose(ours, precision.mean(axis=(0, 1)), rtol=1e-9)
    half = metrics.average_precision(labels, found, rule="coco", overlap=0.5)
    np.testing.assert_allclose(half, precision[0].mean(axis=0), rtol=1e-9)
    assert ours.min() > 0.1
    assert half.max() < 1


@pytest.mark.parametrize(
    ("labels", "found", "options", "words"),
    [
        (LABELS[0], FOUND, {}, r"must be \(N, objects, 5\)"),
        (LABELS * np.nan, FOUND, {}, r"\(N, objects, 5\) of finite numbers"),
        ([LABELS[0], LABELS[1][:1]], FOUND, {}, "unequal lengths: add rows of class -1"),
        (LABELS[:0], [], {}, "at least one image"),
        (LABELS, FOUND[:1], {}, "predictions must be 2 arrays.*received 1"),
        (LABELS, [FOUND[0][:, 1:], []], {}, r"arrays \(m, 6\)"),
        (LABELS, [-FOUND[0], []], {}, "width and height of at least 0"),
        (LABELS, [FOUND[0] + [3, 0, 0, 0, 0, 0], []], {"classes": 2}, r"in 0…1; received 0 to 3"),
        (LABELS, FOUND, {"rule": "voc2012"}, "rule must be one of"),
        (LABELS, FOUND, {"overlap": 0}, "overlap must be more than 0"),
    ],
)
def test_what_does_not_fit_is_one_line(labels, found, options, words):
    with pytest.raises(ValueError, match=words):
        metrics.average_precision(labels, found, **options)
