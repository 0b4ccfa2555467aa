import numpy as np
import pytest

from kerascnn import datasets

SIZE = 96


@pytest.fixture(scope="module")
def scenes():
    return datasets.load("boxes", count=60, size=SIZE, noise=0, texture=0)


@pytest.fixture(scope="module")
def single():
    """One shape in an image."""
    return datasets.load("boxes", count=100, size=SIZE, objects=1, noise=0, texture=0)


def ground(image):
    """The colour of most pixels: shapes cover less than half of an image."""
    return np.median(image, axis=(0, 1))


def edges(box):
    """Left, top, right, bottom in pixels."""
    _, x, y, width, height = box.astype(float) * SIZE
    return np.array([x - width / 2, y - height / 2, x + width / 2, y + height / 2])


def test_a_box_is_tight_around_the_pixels_that_its_shape_covers(single):
    for image, [box] in zip(*single.train, strict=True):
        back = ground(image)
        # The colour farthest from the ground's is the shape's; others are mixed of the two.
        colour = image.reshape(-1, 3)[np.abs(image - back).sum(axis=-1).argmax()] - back
        covered = (image - back) @ colour / (colour @ colour) > 0.5 - 1e-4
        (rows,), (columns,) = (np.nonzero(covered.any(axis=axis)) for axis in (1, 0))
        drawn = [columns[0], rows[0], columns[-1] + 1, rows[-1] + 1]
        np.testing.assert_allclose(edges(box), drawn, atol=1e-4)


def test_all_that_is_drawn_lies_in_boxes_and_each_box_holds_something(scenes):
    for image, boxes in zip(*scenes.train, strict=True):
        drawn = np.abs(image - ground(image)).max(axis=-1) > 0.01
        outside = drawn.copy()
        for box in boxes[boxes[:, 0] >= 0]:
            left, top, right, bottom = np.round(edges(box)).astype(int)
            assert drawn[top:bottom, left:right].mean() > 0.2
            # What is covered by less than half, such as a star's tips, may lie a little outside.
            outside[max(top - 3, 0) : bottom + 3, max(left - 3, 0) : right + 3] = False
        assert not outside.any()


def test_boxes_lie_in_the_image_and_hardly_overlap(scenes):
    for boxes in scenes.train[1]:
        corners = [edges(box) for box in boxes if box[0] >= 0]
        for i, a in enumerate(corners):
            assert a.min() >= -1e-4
            assert a.max() <= SIZE + 1e-4
            for b in corners[:i]:
                shared = np.minimum(a[2:], b[2:]) - np.maximum(a[:2], b[:2])
                overlap = np.prod(np.maximum(shared, 0))
                smaller = min(np.prod(c[2:] - c[:2]) for c in (a, b))
                # Two circles that touch on the diagonal share (1 - 1/√2)² of a quarter of a box.
                assert overlap <= 0.35 * smaller


def test_rows_without_an_object_are_last_and_say_so(scenes):
    labels = scenes.train[1]
    assert labels.shape == (60, 5, 5)
    assert labels.dtype == np.float32
    there = labels[..., 0] >= 0
    assert (np.diff(there.astype(int), axis=1) <= 0).all()
    np.testing.assert_array_equal(labels[~there], np.tile([-1, 0, 0, 0, 0], ((~there).sum(), 1)))
    assert set(there.sum(axis=1)) == {1, 2, 3, 4, 5}


def test_all_classes_come_about_equally_often():
    labels = datasets.load("boxes", count=1000, size=48).train[1]
    kinds = labels[..., 0][labels[..., 0] >= 0]
    counts = np.bincount(kinds.astype(int), minlength=6)
    assert counts.min() > 0.75 * counts.max()


def test_the_class_is_that_of_the_shape_in_the_box(single):
    """A square, turned by any angle, and a circle fill their boxes; a ring is empty inside."""
    for image, [box] in zip(*single.train, strict=True):
        name = single.class_names[int(box[0])]
        x, y = (box[1:3] * SIZE).astype(int)
        is_ground = np.abs(image[y, x] - ground(image)).max() < 0.01
        if name in ("circle", "ring"):
            assert box[3] == pytest.approx(box[4], abs=1.5 / SIZE)
        assert is_ground == (name == "ring")


def test_the_number_of_objects_is_an_option():
    labels = datasets.load("boxes", count=20, size=64, objects=9).train[1]
    assert labels.shape == (20, 9, 5)
    assert (labels[..., 0] >= 0).sum(axis=1).max() > 5
    with pytest.raises(
        ValueError, match="objects must be a whole number of at least 1; received 0"
    ):
        datasets.load("boxes", objects=0)
