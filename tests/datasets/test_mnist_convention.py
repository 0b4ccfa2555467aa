import numpy as np
import pytest
from skimage.draw import ellipse_perimeter, line

from kerascnn import datasets
from kerascnn.datasets import to_mnist_convention
from kerascnn.datasets._mnist_convention import is_dark_on_bright


@pytest.fixture(scope="module")
def digits():
    data = datasets.load("digits")
    return np.concatenate([data.train[0], data.validation[0], data.test[0]])[..., 0]


def extents(images):
    """Height and width of the ink in `(N, H, W)`."""
    inked = images > 0
    return [
        inked.any(axis=axis).shape[1]
        - inked.any(axis=axis).argmax(axis=1)
        - inked.any(axis=axis)[:, ::-1].argmax(axis=1)
        for axis in (2, 1)
    ]


def centres(images):
    """Row and column of the centre of mass of `(N, H, W)`."""
    mass = images.sum(axis=(1, 2))
    index = np.arange(images.shape[1])
    return images.sum(axis=2) @ index / mass, images.sum(axis=1) @ index / mass


def test_every_digit_fills_a_box_of_20(digits):
    height, width = extents(digits)
    assert set(np.maximum(height, width)) == {20}


def test_the_centre_of_mass_is_within_half_a_pixel_of_where_mnist_has_it(digits):
    for centre in centres(digits):
        assert np.abs(centre - 14).max() <= 0.501  # 14.0: the mean over MNIST's own images
        assert abs(centre.mean() - 14) < 0.05


def test_strokes_are_as_intense_as_mnists(digits):
    # MNIST's training images: mean 0.131, 13 % of the pixels above one half, 9 % above 0.9.
    assert digits.max(axis=(1, 2)).min() > 0.999
    assert digits.mean() == pytest.approx(0.131, abs=0.02)
    assert (digits > 0.5).mean() == pytest.approx(0.13, abs=0.02)
    assert (digits > 0.9).mean() == pytest.approx(0.09, abs=0.03)


def test_aspect_ratio_is_kept():
    bars = np.zeros((2, 60, 60))
    bars[0, 10:50, 20:30] = 1  # 40 tall, 10 wide
    bars[1, 20:30, 10:50] = 1
    height, width = extents(to_mnist_convention(bars)[..., 0])
    assert height.tolist() == [20, 5]
    assert width.tolist() == [5, 20]


def test_place_size_and_brightness_of_the_original_do_not_matter():
    def ring(size, row, column, radius, brightness=1.0):
        image = np.zeros((1, size, size))
        for r in np.arange(radius, radius * 1.3, 0.5):
            rows, columns = ellipse_perimeter(row, column, int(1.4 * r), int(r))
            image[0, rows, columns] = brightness
        return to_mnist_convention(image)

    reference = ring(100, 50, 50, 20)
    np.testing.assert_allclose(ring(100, 40, 61, 20), reference, atol=1e-5)
    np.testing.assert_allclose(ring(100, 50, 50, 20, brightness=0.3), reference, atol=1e-5)
    assert np.abs(ring(200, 90, 100, 40) - reference).mean() < 0.02


def test_an_asymmetric_stroke_is_centred_by_mass_not_by_its_box():
    image = np.zeros((1, 40, 40))
    image[0, 10:30, 10:13] = 1  # an L with a heavy upright
    rows, columns = line(29, 13, 29, 20)
    image[0, rows, columns] = 1
    digit = to_mnist_convention(image)[..., 0]
    row, column = centres(digit)
    assert abs(row[0] - 14) <= 0.5
    assert abs(column[0] - 14) <= 0.5
    columns = np.nonzero(digit[0].any(axis=0))[0]
    assert columns[0] + columns[-1] > 2 * 14 + 1  # the box itself stands right of the middle


def test_an_image_that_has_mnists_form_keeps_it(digits):
    again = to_mnist_convention(digits[:200])[..., 0]
    assert set(np.maximum(*extents(again))) == {20}
    for image, same in zip(digits[:200], again, strict=True):
        assert np.corrcoef(image.ravel(), same.ravel())[0, 1] > 0.8


def test_channel_axis_is_optional_and_empty_is_black():
    image = np.zeros((3, 8, 8))
    image[1, 2:6, 4] = 0.5
    result = to_mnist_convention(image)
    assert result.dtype == np.float32
    np.testing.assert_array_equal(to_mnist_convention(image[..., None]), result)
    assert result.max(axis=(1, 2, 3)).tolist() == [0, 1, 0]
    assert to_mnist_convention(np.zeros((0, 8, 8))).shape == (0, 28, 28, 1)


def photos(digits, ground, ink, slope):
    """Digits `(N, 28, 28)` as if on paper of 84x96, under light that falls unevenly."""
    large = np.kron(digits, np.ones((2, 2)))
    strokes = np.pad(large, ((0, 0), (8, 20), (30, 10)))
    light = 1 + slope * (np.mgrid[:84, :96][1] / 96 - 0.5)
    return np.clip((ground + (ink - ground) * strokes) * light, 0, 1)


@pytest.mark.parametrize(
    ("ground", "ink", "slope"),
    [(1.0, 0.0, 0), (0.9, 0.15, 0.5), (0.7, 0.3, 0.4), (0.05, 0.95, 0), (0.4, 0.9, 0.2)],
)
def test_paper_and_blackboard_are_recognized_and_evened_out(ground, ink, slope, digits):
    some = digits[:60]
    pictures = photos(some, ground, ink, slope)
    assert {is_dark_on_bright(one) for one in pictures} == {ground > ink}
    found = to_mnist_convention(pictures)[..., 0]
    clean = to_mnist_convention(photos(some, 0, 1, 0))[..., 0]
    alike = [np.corrcoef(a.ravel(), b.ravel())[0, 1] for a, b in zip(found, clean, strict=True)]
    assert min(alike) > 0.7  # a few lie one pixel beside
    assert np.mean(alike) > 0.97
    assert np.median(found) == 0  # no paper is left


def test_a_large_photo_is_as_a_small_one(digits):
    small = photos(digits[:1], 0.9, 0.1, 0.3)
    large = np.kron(small, np.ones((8, 8)))
    difference = to_mnist_convention(large) - to_mnist_convention(small)
    assert np.abs(difference).mean() < 0.02


@pytest.mark.parametrize(
    ("images", "message"),
    [
        (np.zeros((8, 8)), r"must be \(N, h, w\) or \(N, h, w, 1\); received \(8, 8\)"),
        (np.zeros((1, 8, 8, 3)), r"received \(1, 8, 8, 3\)"),
        (np.full((1, 8, 8), 255, np.uint8), r"be in \[0, 1\]; received 255 to 255\. Divide"),
        (np.full((1, 8, 8), np.nan), r"be in \[0, 1\]; received nan"),
        (np.full((1, 8, 8), -0.5), r"be in \[0, 1\]; received -0.5"),
    ],
)
def test_what_is_not_a_grey_image_is_refused(images, message):
    with pytest.raises(ValueError, match=message):
        to_mnist_convention(images)
