"""Deletion and insertion against hand computation on a linear model."""

import keras
import numpy as np
import pytest
from keras import layers
from scipy.ndimage import gaussian_filter

import kerascnn as kc
from kerascnn.visualize._engine.compile import trace_count


@pytest.fixture
def images(rng):
    return rng.random((2, 6, 4, 1), "float32")


@pytest.fixture(scope="module")
def linear():
    """One logit, a weighted sum of the pixels; without an end in sigmoid it is the score."""
    rng = np.random.default_rng(1)
    model = keras.Sequential([keras.Input((6, 4, 1)), layers.Flatten(), layers.Dense(2)])
    model.set_weights([rng.standard_normal((24, 2)).astype("float32"), np.array([0.5, -1])])
    return model


@pytest.fixture(scope="module")
def shared(small_net):
    return small_net((6, 4, 1))


def test_four_pixels_by_hand():
    """Scores 1, 2, 4 and 8 for the pixels; the heatmap knows their order."""

    def value(outputs):
        return outputs[:, 0]

    model = keras.Sequential([keras.Input((2, 2, 1)), layers.Flatten(), layers.Dense(1)])
    model.set_weights([np.array([[1.0], [2.0], [4.0], [8.0]]), np.zeros(1)])
    image = np.ones((1, 2, 2, 1), "float32")
    heatmap = np.array([[[1, 2], [4, 8]]])
    result = kc.visualize.deletion_insertion(model, image, heatmap, value, steps=4, fill=0)
    np.testing.assert_array_equal(result.fractions, [0, 0.25, 0.5, 0.75, 1])
    np.testing.assert_allclose(result.deletion, [[15, 7, 3, 1, 0]], atol=1e-5)
    np.testing.assert_allclose(result.deletion_auc, [(15 / 2 + 7 + 3 + 1 + 0 / 2) / 4], atol=1e-5)
    # A plain image is its own blurred one.
    np.testing.assert_allclose(result.insertion, [[15] * 5], atol=1e-5)
    np.testing.assert_allclose(result.insertion_auc, [15], atol=1e-5)
    worst = kc.visualize.deletion_insertion(model, image, -heatmap, value, steps=4, fill=0)
    np.testing.assert_allclose(worst.deletion, [[15, 14, 12, 8, 0]], atol=1e-5)
    assert worst.deletion_auc > result.deletion_auc


def test_curves_of_a_linear_model(linear, images):
    kernel, bias = (w[..., 1] for w in linear.get_weights())
    heatmaps = kernel.reshape(6, 4) * images[..., 0]
    result = kc.visualize.deletion_insertion(
        linear, images, heatmaps, 1, steps=24, fill=0.3, probability=False
    )
    flat = images.reshape(2, 24)
    blurred = gaussian_filter(images, (0, 5, 5, 0), mode="nearest", truncate=1.0).reshape(2, 24)
    for i in range(2):
        order = np.argsort(-heatmaps[i].ravel())
        for curve, before, after in (
            (result.deletion[i], flat[i], np.full(24, 0.3)),
            (result.insertion[i], blurred[i], flat[i]),
        ):
            steps = np.cumsum([before @ kernel + bias, *(kernel * (after - before))[order]])
            np.testing.assert_allclose(curve, steps, atol=1e-4)
    np.testing.assert_allclose(
        result.deletion_auc, np.diff(result.fractions) @ (result.deletion[:, 1:].T
        + result.deletion[:, :-1].T) / 2, atol=1e-5,
    )  # fmt: skip


def test_probabilities(model, images):
    result = kc.visualize.deletion_insertion(model, images, images[..., 0], [2, 1], steps=5)
    whole = np.array(model(images))[[0, 1], [2, 1]]
    np.testing.assert_allclose(result.deletion[:, 0], whole, atol=1e-6)
    np.testing.assert_allclose(result.insertion[:, -1], whole, atol=1e-6)
    mean = np.broadcast_to(images.mean(axis=(1, 2), keepdims=True), images.shape)
    gone = np.array(model(mean))[[0, 1], [2, 1]]
    np.testing.assert_allclose(result.deletion[:, -1], gone, atol=1e-5)
    assert result.fractions[1] == 5 / 24  # 4.8 pixels, rounded
    logits = kc.visualize.deletion_insertion(
        model, images, images[..., 0], [2, 1], steps=5, probability=False
    )
    assert np.abs(logits.deletion).max() > np.abs(result.deletion).max()


def test_heatmaps_of_any_size(model, images, rng):
    """A small heatmap is brought to the image's size bilinearly; scale does not matter."""
    small = rng.random((2, 3, 2), "float32")
    large = np.array(keras.ops.image.resize(small[..., None], (6, 4), data_format="channels_last"))
    results = [
        kc.visualize.deletion_insertion(model, images, heatmaps, 1, steps=6)
        for heatmaps in (small, large[..., 0], 1000 * small.astype("float64") - 5)
    ]
    for other in results[1:]:
        np.testing.assert_allclose(other.deletion, results[0].deletion, atol=1e-6)
        np.testing.assert_allclose(other.insertion, results[0].insertion, atol=1e-6)


def test_of_equal_pixels_the_upper_left_comes_first(linear, images):
    options = {"target": 0, "steps": 6, "probability": False}
    constant = kc.visualize.deletion_insertion(linear, images, np.zeros((2, 3, 3)), **options)
    falling = np.broadcast_to(-np.arange(24.0).reshape(6, 4), (2, 6, 4))
    ordered = kc.visualize.deletion_insertion(linear, images, falling, **options)
    np.testing.assert_allclose(constant.deletion, ordered.deletion, atol=1e-6)


@pytest.mark.parametrize("batch_size", [1, 5, 1000])
def test_one_by_one_is_the_batch(batch_size, model, images):
    heatmaps = images[..., 0]
    batch = kc.visualize.deletion_insertion(model, images, heatmaps, steps=3, batch_size=batch_size)
    for i in range(2):
        one = kc.visualize.deletion_insertion(
            model, images[i : i + 1], heatmaps[i : i + 1], steps=3
        )
        np.testing.assert_allclose(one.deletion[0], batch.deletion[i], atol=1e-5)
        np.testing.assert_allclose(one.insertion_auc[0], batch.insertion_auc[i], atol=1e-5)


def test_targets(model, images):
    heatmaps = images[..., 0]
    predicted = np.array(model(images)).argmax(axis=1)
    default, named, called = (
        kc.visualize.deletion_insertion(model, images, heatmaps, target, steps=3).deletion
        for target in (None, predicted, lambda p: [p[i, c] for i, c in enumerate(predicted)])
    )
    np.testing.assert_allclose(default, named, atol=1e-6)
    np.testing.assert_allclose(called, named, atol=1e-6)


def test_a_heatmap_of_evidence_beats_its_negative():
    model = kc.build_lenet5(weights="mnist")
    images = kc.datasets.load("digits").test[0][:8]
    heatmaps = kc.visualize.occlusion(model, images, size=4, fill=0)
    good, bad = (
        kc.visualize.deletion_insertion(model, images, h, steps=10, fill=0)
        for h in (heatmaps, -heatmaps)
    )
    assert good.deletion_auc.mean() < bad.deletion_auc.mean()
    assert good.insertion_auc.mean() > bad.insertion_auc.mean()


def test_nothing_changes_and_nothing_grows(model, images):
    before, original = np.array(model(images)), images.copy()
    kc.visualize.deletion_insertion(model, images, images[..., 0], steps=2)
    traces = trace_count(model)
    for i in range(10):
        kc.visualize.deletion_insertion(model, images, images[..., 0], steps=1 + i, fill=i)
    assert trace_count(model) == traces
    np.testing.assert_array_equal(np.array(model(images)), before)
    np.testing.assert_array_equal(images, original)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"heatmaps": np.zeros((6, 4))}, r"heatmaps must have the shape \(2, h, w\)"),
        ({"heatmaps": np.zeros((3, 6, 4))}, r"received \(3, 6, 4\)"),
        ({"heatmaps": np.full((2, 6, 4), np.nan)}, "finite"),
        ({"steps": 0}, "steps must be a whole number of at least 1"),
        ({"blur": 0}, "blur must be a number of pixels above 0"),
        ({"fill": [1, 2]}, "fill must be"),
        ({"target": 3}, "from 0 to 2"),
    ],
)
def test_errors_teach(change, message, model, images):
    arguments = {"model": model, "images": images, "heatmaps": images[..., 0], **change}
    with pytest.raises(ValueError, match=message) as caught:
        kc.visualize.deletion_insertion(**arguments)
    assert "\n" not in str(caught.value)
