"""Infidelity: 0 for the gradient of a linear model, and its definition step by step."""

import keras
import numpy as np
import pytest
from keras import layers

from kerascnn import visualize
from kerascnn.visualize.metrics import infidelity


@pytest.fixture(scope="module")
def shared(small_net):
    return small_net((6, 4, 2))


@pytest.fixture(scope="module")
def linear():
    keras.utils.set_random_seed(0)
    return keras.Sequential([keras.Input((6, 4, 2)), layers.Flatten(), layers.Dense(3)])


@pytest.fixture
def images(rng):
    return rng.random((2, 6, 4, 2), "float32")


@pytest.mark.parametrize("perturbation", ["square", "noise"])
def test_the_gradient_of_a_linear_model_is_faithful(perturbation, linear, images):
    gradient = np.array(visualize.saliency(linear, images, 1, reduce=None))
    options = {"perturbation": perturbation, "samples": 8}
    for scale in (True, False):
        found = infidelity(linear, images, gradient, 1, scale=scale, **options)
        np.testing.assert_allclose(found, 0, atol=1e-9)
    # Twice the gradient is as faithful only if it is scaled.
    np.testing.assert_allclose(infidelity(linear, images, 2 * gradient, 1, **options), 0, atol=1e-9)
    assert (infidelity(linear, images, 2 * gradient, 1, scale=False, **options) > 1e-5).all()
    assert (infidelity(linear, images, gradient[::-1, ::-1], 1, **options) > 1e-5).all()


@pytest.mark.parametrize("scale", [True, False])
def test_squares_step_by_step(scale, model, images, rng):
    phi = rng.normal(size=images.shape).astype("float32")
    heights, widths = 3, 2
    found = infidelity(
        model, images, phi, [0, 2], size=(heights, widths), fill=0.3, samples=5, scale=scale, seed=4
    )
    logits = keras.Model(model.inputs[0], model.layers[-2].output)
    kernel, bias = model.layers[-1].get_weights()

    def score(x):
        return (np.array(logits(x)) @ kernel + bias)[[0, 1], [0, 2]]

    positions = np.random.default_rng(4)
    predicted, drops = [], []
    for _ in range(5):
        y, x = positions.integers(6 - heights + 1), positions.integers(4 - widths + 1)
        changed = images.copy()
        changed[:, y : y + heights, x : x + widths] = 0.3
        predicted.append(((images - changed) * phi).sum(axis=(1, 2, 3)))
        drops.append(score(images) - score(changed))
    predicted, drops = np.array(predicted), np.array(drops)
    # The factor that makes the mean the smallest, found by least squares.
    if scale:
        for i in range(2):
            (beta,), *_ = np.linalg.lstsq(predicted[:, i, None], drops[:, i], rcond=None)
            predicted[:, i] *= beta
    np.testing.assert_allclose(found, ((predicted - drops) ** 2).mean(axis=0), rtol=1e-3)


def test_a_heatmap_counts_for_each_channel_alike(model, images, rng):
    heatmaps = rng.normal(size=(2, 6, 4))
    one = infidelity(model, images, heatmaps, 1, samples=4)
    both = infidelity(model, images, np.stack([heatmaps, heatmaps], axis=-1), 1, samples=4)
    np.testing.assert_allclose(one, both, rtol=1e-5)


def test_one_by_one_is_the_batch_and_seeds_count(model, images):
    phi = images[..., 0]
    for perturbation in ("square", "noise"):
        options = {"perturbation": perturbation, "samples": 4}
        batch = infidelity(model, images, phi, 1, batch_size=1, **options)
        alone = [infidelity(model, images[[i]], phi[[i]], 1, **options)[0] for i in (0, 1)]
        np.testing.assert_allclose(batch, alone, rtol=1e-3)
        assert not np.allclose(batch, infidelity(model, images, phi, 1, seed=1, **options))


def test_a_map_of_nothing_predicts_no_change(model, images):
    found = infidelity(model, images, np.zeros((2, 6, 4)), 1, samples=3)
    assert (found > 0).all()
    assert np.isfinite(found).all()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"perturbation": "circle"}, "perturbation must be one of 'square', 'noise'"),
        ({"size": 7}, r"size must be at most the size of the images, 6×4; received 7"),
        ({"samples": 0}, "samples must be a whole number of at least 1"),
        ({"heatmaps": np.zeros((2, 6, 4, 3))}, r"must have the images' 2 channel\(s\) or none"),
        ({"heatmaps": np.zeros((3, 6, 4))}, r"received \(3, 6, 4\)"),
    ],
)
def test_errors_teach(change, message, model, images):
    arguments = {"model": model, "images": images, "heatmaps": images[..., 0], **change}
    with pytest.raises(ValueError, match=message) as caught:
        infidelity(**arguments)
    assert "\n" not in str(caught.value)
