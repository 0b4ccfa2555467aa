"""ROAD: the imputation by a dense linear system, the order of removal, and the score."""

import keras
import numpy as np
import pytest
from keras import layers

from kerascnn.visualize.metrics import road
from kerascnn.visualize.metrics._road import impute


@pytest.fixture(scope="module")
def shared():
    """A linear model before its softmax."""
    model = keras.Sequential(
        [keras.Input((6, 5, 2)), layers.Flatten(), layers.Dense(2), layers.Softmax()]
    )
    rng = np.random.default_rng(3)
    model.set_weights([rng.normal(size=(60, 2)), np.array([1.0, -1])])
    return model


@pytest.fixture
def images(rng):
    return rng.random((2, 6, 5, 2), "float32")


def imputed(image, removed):
    """Rong 2022, section 4.2, pixel by pixel: sides weigh 1/6, corners 1/12."""
    height, width = removed.shape
    system, right = np.eye(height * width), image.reshape(-1, image.shape[-1]).astype("float64")
    for y, x in np.argwhere(removed):
        row = y * width + x
        system[row], right[row], total = 0, 0, 0.0
        for dy in (-1, 0, 1):
            for dx in (-1, 0, 1):
                if (dy or dx) and 0 <= y + dy < height and 0 <= x + dx < width:
                    weight = 1 / 6 if dy == 0 or dx == 0 else 1 / 12
                    system[row, (y + dy) * width + x + dx] = -weight
                    total += weight
        system[row, row] = total
    return np.linalg.solve(system, right).reshape(image.shape)


@pytest.mark.parametrize("share", [0.1, 0.5, 0.95])
def test_the_imputation_solves_the_system(share, images, rng):
    removed = rng.random((6, 5)) < share
    np.testing.assert_allclose(
        impute(images[0], removed), imputed(images[0], removed), rtol=1e-5, atol=1e-6
    )


def test_one_pixel_by_hand():
    image = np.array([[1.0, 2, 3], [4, 100, 5], [6, 7, 8]], "float32")[..., None]
    removed = np.zeros((3, 3), bool)
    removed[1, 1] = True
    filled = impute(image, removed)
    assert filled[1, 1, 0] == pytest.approx((2 + 4 + 5 + 7) / 6 + (1 + 3 + 6 + 8) / 12)
    filled[1, 1] = 100
    np.testing.assert_array_equal(filled, image)
    # At a corner: two sides and one corner, whose weights are 5/12 together.
    removed = np.zeros((3, 3), bool)
    removed[0, 0] = True
    assert impute(image, removed)[0, 0, 0] == pytest.approx((2 * (2 + 4) + 100) / 5)


def test_nothing_removed_is_the_image(images):
    np.testing.assert_array_equal(impute(images[0], np.zeros((6, 5), bool)), images[0])


def test_both_orders_and_the_score(model, images, rng):
    heatmaps = rng.random((2, 6, 5))
    result = road(model, images, heatmaps, 1, fractions=[0.2, 0.5], noise=0)
    assert result.fractions.tolist() == [0.2, 0.5]
    for i in range(2):
        order = np.argsort(-heatmaps[i].ravel())
        for step, count in enumerate((6, 15)):
            for ours, gone in (
                (result.most_first, order[:count]),
                (result.least_first, order[-count:]),
            ):
                removed = np.isin(np.arange(30), gone).reshape(6, 5)
                expected = np.array(model(imputed(images[i], removed)[None]))[0, 1]
                assert ours[i, step] == pytest.approx(expected, abs=1e-4)
    expected = (result.least_first - result.most_first).mean(axis=1) / 2
    np.testing.assert_allclose(result.score, expected, rtol=1e-6)
    opposite = road(model, images, -heatmaps, 1, fractions=[0.2, 0.5], noise=0)
    np.testing.assert_allclose(opposite.score, -result.score, atol=1e-5)


def test_noise_is_on_removed_pixels_alone(model, images):
    seen = []

    def score(outputs):
        seen.append(np.array(outputs))
        return outputs[:, 0]

    kernel = np.zeros((60, 2))
    kernel[0, 0] = kernel[-1, 1] = 1  # the first pixel and the last
    model.set_weights([kernel, np.zeros(2)])
    heatmaps = np.zeros((2, 6, 5))
    heatmaps[:, 0, 0] = 1
    options = {"fractions": [1 / 30], "probability": False}
    results = [
        road(model, images, heatmaps, score, noise=noise, seed=seed, **options)
        for noise, seed in ((0, 0), (0.1, 0), (0.1, 0), (0.1, 1))
    ]
    first = [r.most_first[:, 0] for r in results]
    assert not np.allclose(first[0], first[1], atol=1e-4)
    np.testing.assert_array_equal(first[1], first[2])
    assert not np.allclose(first[1], first[3], atol=1e-4)
    extents = np.ptp(images, axis=(1, 2, 3))  # the same noise for each image, by its range
    noise = (first[1] - first[0]) / extents
    np.testing.assert_allclose(noise[0], noise[1], rtol=1e-3)
    most_first = seen[2]  # with noise, the first pixel removed
    np.testing.assert_allclose(most_first[:, 1], images[:, -1, -1, -1], rtol=1e-5)


@pytest.mark.parametrize("batch_size", [1, 100])
def test_one_by_one_is_the_batch(batch_size, model, images, rng):
    heatmaps = rng.random((2, 3, 5))
    batch = road(model, images, heatmaps, 0, fractions=[0.3], batch_size=batch_size)
    alone = [road(model, images[[i]], heatmaps[[i]], 0, fractions=[0.3]).score[0] for i in (0, 1)]
    np.testing.assert_allclose(batch.score, alone, atol=1e-5)


def test_something_is_always_left(model, images):
    result = road(model, images, images[..., 0], 0, fractions=[0.999])
    assert np.isfinite(result.score).all()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"fractions": [0.5, 1]}, r"fractions must be a list of numbers above 0 and below 1"),
        ({"fractions": []}, "fractions must be"),
        ({"fractions": "half"}, "received 'half'"),
        ({"noise": -1}, "noise must be a number of at least 0"),
        ({"heatmaps": np.zeros((1, 6, 5))}, r"heatmaps must have the shape \(2, h, w\)"),
    ],
)
def test_errors_teach(change, message, model, images):
    arguments = {"model": model, "images": images, "heatmaps": images[..., 0], **change}
    with pytest.raises(ValueError, match=message) as caught:
        road(**arguments)
    assert "\n" not in str(caught.value)
