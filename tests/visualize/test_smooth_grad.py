"""SmoothGrad and VarGrad, sample by sample, and against tf-keras-vis."""

import keras
import numpy as np
import pytest
import tensorflow as tf
import tf_keras_vis.saliency
from keras import layers
from tf_keras_vis.utils.scores import CategoricalScore

import kerascnn as kc
from kerascnn.visualize._engine.tape import normal


@pytest.fixture
def images(rng):
    """With ranges of their own, 4 and 0.5, and a flat one."""
    images = rng.random((3, 6, 4, 2), "float32")
    images -= images.min(axis=(1, 2, 3), keepdims=True)
    images /= images.max(axis=(1, 2, 3), keepdims=True)
    return images * np.array([4, 0.5, 0], "float32")[:, None, None, None]


@pytest.fixture(scope="module")
def shared():
    """Smooth, so that gradients vary with the noise."""
    keras.utils.set_random_seed(0)
    return keras.Sequential(
        [
            keras.Input((6, 4, 2)),
            layers.Conv2D(3, 3, activation="tanh"),
            layers.Flatten(),
            layers.Dense(3),
        ]
    )


def noise_of(samples, seed=0, shape=(6, 4, 2)):
    """The samples that the seed stands for."""
    keys = [[seed, i] for i in range(samples)]
    return normal(tf.constant(keys, tf.int64), tf.constant(shape)).numpy()


def gradient(model, images, target):
    x = tf.constant(images)
    with tf.GradientTape() as tape:
        tape.watch(x)
        score = model(x)[:, target]
    return tape.gradient(score, x).numpy()


def test_is_the_mean_of_the_gradients_at_noisy_images(model, images):
    """The noise's σ is a part of each image's own range: 0.2 · 4, 0.2 · 0.5 and 0."""
    grads = []
    for epsilon in noise_of(5):
        noisy = images + 0.2 * np.array([4, 0.5, 0])[:, None, None, None] * epsilon
        grads.append(gradient(model, noisy.astype("float32"), 1))
    see = lambda **options: kc.visualize.smooth_grad(  # noqa: E731
        model, images, 1, samples=5, noise=0.2, **options
    )
    close = {"rtol": 1e-4, "atol": 1e-6}
    np.testing.assert_allclose(see(reduce=None), np.mean(grads, axis=0), **close)
    np.testing.assert_allclose(see(), np.abs(np.mean(grads, axis=0)).max(axis=-1), **close)
    np.testing.assert_allclose(
        see(absolute=True, reduce=None), np.mean(np.abs(grads), axis=0), **close
    )
    variance = np.var(np.float64(grads), axis=0)
    assert variance[0].max() > 1e-3
    np.testing.assert_allclose(see(variance=True, reduce=None), variance, rtol=1e-3, atol=1e-8)
    np.testing.assert_allclose(
        see(variance=True, reduce="mean"), variance.mean(axis=-1), rtol=1e-3, atol=1e-8
    )
    assert see(variance=True)[2].max() < 1e-12  # a flat image gets no noise


def test_the_noise_is_gaussian():
    noise = noise_of(200)
    assert abs(noise.mean()) < 0.05
    assert abs(noise.std() - 1) < 0.05
    assert abs(np.corrcoef(noise[:-1].ravel(), noise[1:].ravel())[0, 1]) < 0.05


@pytest.mark.filterwarnings("ignore:.*structure of `inputs`:UserWarning")
def test_equals_tf_keras_vis_for_the_same_noise(model, images, monkeypatch):
    """It averages absolute gradients, with a σ relative to the range as well."""
    epsilon = noise_of(4)[:, None]  # (samples, images, H, W, C)
    monkeypatch.setattr(np.random, "normal", lambda _mean, sigma, _shape: np.array(sigma) * epsilon)
    peer = tf_keras_vis.saliency.Saliency(model)
    expected = peer(
        CategoricalScore(1), images, smooth_samples=4, smooth_noise=0.3, normalize_map=False
    )
    ours = kc.visualize.smooth_grad(model, images, 1, samples=4, noise=0.3, absolute=True)
    np.testing.assert_allclose(ours, expected, rtol=1e-4, atol=1e-6)


def test_without_noise_it_is_saliency(model, images):
    np.testing.assert_allclose(
        kc.visualize.smooth_grad(model, images, 1, samples=3, noise=0.0),
        kc.visualize.saliency(model, images, 1),
        rtol=1e-5,
        atol=1e-7,
    )


def test_a_seed_gives_the_same_bytes(model, images):
    see = lambda **options: kc.visualize.smooth_grad(model, images, 1, samples=3, **options)  # noqa: E731
    first = see(seed=7)
    keras.utils.set_random_seed(99)
    assert see(seed=7).tobytes() == first.tobytes()
    assert not np.allclose(see(seed=8)[:2], first[:2])


def test_how_much_is_computed_at_once_does_not_matter(model, images):
    see = lambda size: kc.visualize.smooth_grad(  # noqa: E731
        model, images, 1, samples=5, batch_size=size, variance=True
    )
    for size in (1, 2, 4, 32):
        np.testing.assert_allclose(see(size), see(3), rtol=1e-4, atol=1e-9)


def test_the_class_is_that_of_the_image_without_noise(model, images):
    predicted = np.array(model(images)).argmax(axis=1)
    see = lambda target: kc.visualize.smooth_grad(  # noqa: E731
        model, images, target, samples=4, noise=3.0
    )
    np.testing.assert_array_equal(see(None), see(predicted))


def test_any_image_size(rng):
    inputs = keras.Input((None, None, 1))
    x = layers.GlobalAveragePooling2D()(layers.Conv2D(3, 3, activation="tanh")(inputs))
    model = keras.Model(inputs, layers.Dense(2)(x))
    for size in ((6, 9), (7, 5)):
        maps = kc.visualize.smooth_grad(model, rng.random((2, *size, 1), "float32"), samples=3)
        assert maps.shape == (2, *size)
        assert maps.max() > 0


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"samples": 0}, "samples must be a whole number of at least 1; received 0"),
        ({"samples": 1, "variance": True}, "samples must be a whole number of at least 2"),
        ({"noise": -0.1}, "noise must be a fraction of the images' range.*received -0.1"),
        ({"noise": "much"}, "noise must be .*received 'much'"),
        ({"seed": -1}, "seed must be a whole number of at least 0; received -1"),
        ({"verbose": "no"}, "verbose must be"),
    ],
)
def test_errors_teach(options, message, model, images):
    with pytest.raises(ValueError, match=message):
        kc.visualize.smooth_grad(model, images, 1, **options)
