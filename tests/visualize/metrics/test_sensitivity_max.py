"""The largest change of a heatmap near an image."""

import keras
import numpy as np
import pytest
from keras import layers

from kerascnn import visualize
from kerascnn.visualize.metrics import sensitivity_max


@pytest.fixture(scope="module")
def shared(small_net):
    return small_net((6, 4, 2), activation="tanh")


@pytest.fixture
def images(rng):
    return rng.random((2, 6, 4, 2), "float32")


def test_the_images_are_moved_within_the_radius(model, images):
    seen = []

    def method(model, images, target):
        seen.append(images)
        return images[..., 0]

    found = sensitivity_max(model, images, method, radius=0.1, samples=6, seed=2)
    extent = np.ptp(images, axis=(1, 2, 3), keepdims=True)
    np.testing.assert_array_equal(seen[0], images)
    moves = (np.array(seen[1:]) - images) / extent
    assert 0.09 < np.abs(moves).max() <= 0.1 + 1e-6
    np.testing.assert_allclose(moves[:, 0], moves[:, 1], atol=1e-6)  # the same for all images
    changes = np.linalg.norm((moves * extent)[..., 0], axis=(2, 3))
    norms = np.linalg.norm(images[..., 0], axis=(1, 2))
    np.testing.assert_allclose(found, changes.max(axis=0) / norms, rtol=1e-4)


def test_known_heatmaps_are_not_computed_again(model, images):
    seen = []

    def method(model, images, target):
        seen.append(images)
        return images[..., 0]

    known = {"samples": 3, "original": images[..., 0]}
    found = sensitivity_max(model, images, method, **known)
    assert len(seen) == 3
    np.testing.assert_array_equal(found, sensitivity_max(model, images, method, samples=3))
    for wrong in (images[:1, ..., 0], images, "saliency", images[..., 0] + np.nan):
        with pytest.raises(ValueError, match=r"^original must be the method's heatmaps"):
            sensitivity_max(model, images, method, original=wrong)


def test_the_class_stays(model, images):
    targets = []

    def method(model, images, target):
        targets.append(target)
        return images[..., 0]

    sensitivity_max(model, images, method, samples=2)
    predicted = np.array(model(images)).argmax(axis=1)
    assert len(targets) == 3
    for target in targets:
        np.testing.assert_array_equal(target, predicted)


def test_gradients_of_a_linear_model_do_not_change(images):
    linear = keras.Sequential([keras.Input((6, 4, 2)), layers.Flatten(), layers.Dense(3)])
    np.testing.assert_allclose(sensitivity_max(linear, images, visualize.saliency), 0, atol=1e-6)


def test_more_noise_changes_more(model, images):
    near, far = (
        sensitivity_max(model, images, visualize.saliency, radius=r, samples=3) for r in (0.01, 0.2)
    )
    assert (far > near).all()
    assert (near > 0).all()


def test_results_of_integrated_gradients_are_taken(model, images):
    found = sensitivity_max(model, images, visualize.integrated_gradients, samples=2)
    bare = sensitivity_max(
        model, images, lambda *a: visualize.integrated_gradients(*a).attributions, samples=2
    )
    np.testing.assert_array_equal(found, bare)


def test_nothing_has_no_norm(model, images):
    found = sensitivity_max(model, images, lambda m, x, t: 0 * x[..., 0], samples=2)
    assert np.isnan(found).all()


@pytest.mark.parametrize(
    ("change", "kind", "message"),
    [
        ({"method": "saliency"}, TypeError, r"method must be callable as method\(model, images"),
        ({"method": lambda m, x, t: x[:1]}, ValueError, "one heatmap for each image"),
        ({"method": lambda m, x, t: [x, x]}, TypeError, "method must return one array"),
        ({"method": lambda m, x, t: x * np.nan}, ValueError, "heatmaps of finite numbers"),
        ({"radius": -0.1}, ValueError, "radius must be a number of at least 0"),
        ({"samples": 0}, ValueError, "samples must be a whole number"),
    ],
)
def test_errors_teach(change, kind, message, model, images):
    arguments = {"model": model, "images": images, "method": visualize.saliency, **change}
    with pytest.raises(kind, match=message) as caught:
        sensitivity_max(**arguments)
    assert "\n" not in str(caught.value)
