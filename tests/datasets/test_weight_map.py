import numpy as np
import pytest
from scipy.spatial.distance import cdist

from kerascnn import datasets
from kerascnn.datasets import weight_map


def plain(instances, w0=10.0, sigma=5.0):
    """Equation 2 pixel by pixel, with w_c = 1, from the distances to all pixels of all cells."""
    pixels = np.argwhere(np.ones_like(instances, bool))
    numbers = np.unique(instances[instances > 0])
    distances = np.array(
        [cdist(pixels, np.argwhere(instances == number)).min(axis=1) for number in numbers]
    )
    d1, d2 = np.sort(distances, axis=0)[:2].reshape(2, *instances.shape)
    return 1 + np.where(instances == 0, w0 * np.exp(-((d1 + d2) ** 2) / (2 * sigma**2)), 0)


@pytest.fixture(scope="module")
def instances():
    return datasets.load("cells", count=4, size=64, labels="instances").train[1]


@pytest.mark.parametrize("sigma", [1.5, 5.0])
def test_it_is_equation_2(instances, sigma):
    weights = weight_map(instances, sigma=sigma, class_weights=(1, 1))
    for image, result in zip(instances, weights, strict=True):
        np.testing.assert_allclose(result, plain(image, sigma=sigma), atol=1e-4)


def test_two_cells_and_a_gap_by_hand():
    row = np.zeros((1, 1, 9), int)
    row[0, 0, [0, 1, 6, 8]] = 7, 7, 3, 9  # numbers need not be in order
    [[weights]] = weight_map(row, w0=4, sigma=2, class_weights=(1, 2))
    # d1 + d2 of the background pixels 2, 3, 4, 5 and 7; the two cells nearest to 5 are 3 and 9
    sums = {2: 1 + 4, 3: 2 + 3, 4: 2 + 3, 5: 1 + 3, 7: 1 + 1}
    expected = [1 + 4 * np.exp(-(sums[x] ** 2) / 8) if x in sums else 2 for x in range(9)]
    np.testing.assert_allclose(weights, expected, rtol=1e-5)


def test_both_classes_weigh_alike_in_each_image(instances):
    weights = weight_map(instances, w0=0)
    for image, w in zip(instances, weights, strict=True):
        assert w[image > 0].sum() == pytest.approx(w[image == 0].sum(), rel=1e-4)
        assert w.mean() == pytest.approx(1, rel=1e-5)


def test_images_without_cells_or_with_one_or_without_background():
    empty, single, full = np.zeros((3, 6, 8), int)
    single[2:4, 2:5], full[:] = 1, 1
    np.testing.assert_array_equal(weight_map(empty[None]), 1)
    np.testing.assert_array_equal(weight_map(full[None]), 1)
    weights = weight_map(single[None], class_weights=(1, 3))[0]
    np.testing.assert_array_equal(weights, np.where(single, 3, 1))
    assert weight_map(np.zeros((0, 6, 8), int)).shape == (0, 6, 8)


def test_a_batch_is_weighed_as_its_images_one_by_one(instances):
    together = weight_map(instances)
    assert together.dtype == np.float32
    for i in range(len(instances)):
        np.testing.assert_array_equal(weight_map(instances[i : i + 1])[0], together[i])


def test_the_instances_stay_as_they_are(instances):
    before = instances.copy()
    weight_map(instances)
    np.testing.assert_array_equal(instances, before)


@pytest.mark.parametrize(
    ("instances", "options", "message"),
    [
        (
            np.zeros((4, 4), int),
            {},
            r"instances must be integers \(N, H, W\), .* int64 \(4, 4\)",
        ),
        (np.zeros((1, 4, 4)), {}, "received float64"),
        (np.full((1, 4, 4), -1), {}, "instances must not be negative; received -1"),
        (np.zeros((1, 4, 4), int), {"sigma": 0}, "sigma must be more than 0; received 0"),
    ],
)
def test_what_cannot_be_weighed_is_refused(instances, options, message):
    with pytest.raises(ValueError, match=message):
        weight_map(instances, **options)
