"""Feature inversion: what comes back, and what it costs."""

import keras
import numpy as np
import pytest
from keras import layers, ops

import kerascnn as kc
from kerascnn.visualize._engine.compile import trace_count
from kerascnn.visualize._invert_features import distance

invert = kc.visualize.invert_features


@pytest.fixture(scope="module")
def shared():
    keras.utils.set_random_seed(0)
    return kc.build_vgg11(include_top=False, width=0.1)


@pytest.fixture
def images(rng):
    smooth = rng.random((2, 4, 5, 3), "float32")
    return np.clip(ops.image.resize(smooth, (16, 20)), 0, 1)


def test_distance_by_hand():
    """Relative to the size of what is wanted: (2² + 3² + 4²) / (2² + 0 + 0), and 0."""
    wanted = np.array([[2.0, 0, 0], [0, 1, 0]], "float32")
    found = wanted + np.array([[2.0, -3, 4], [0, 0, 0]], "float32")
    np.testing.assert_allclose(distance(found, wanted), [29 / 4, 0], rtol=1e-6)


def test_a_layer_that_keeps_everything_gives_the_image_back(images):
    inputs = keras.Input((None, None, 3))
    model = keras.Model(inputs, layers.Conv2D(6, 1, name="conv")(inputs))
    back = invert(model, images, "conv", total_variation=0.0, steps=150)
    assert back.shape == images.shape
    assert back.dtype == np.float32
    np.testing.assert_allclose(back, images, atol=0.02)


def test_a_layer_that_forgets_colours_does_not(images):
    inputs = keras.Input((None, None, 3))
    grey = layers.Conv2D(1, 1, kernel_initializer="ones", name="grey")
    model = keras.Model(inputs, grey(inputs))
    back = invert(model, images, "grey", total_variation=0.0, steps=150)
    np.testing.assert_allclose(back.sum(axis=-1), images.sum(axis=-1), atol=0.05)
    assert np.abs(back - images).max() > 0.1


def test_errors_fall(model, images):
    seen = []
    back = invert(model, images, "block2_conv1", steps=60, callback=lambda *now: seen.append(now))
    assert [step for step, _, _ in seen] == list(range(1, 61))
    first, last = seen[0][2], seen[-1][2]
    assert first.shape == (2,)
    assert (last < 0.1 * first).all()
    np.testing.assert_array_equal(seen[-1][1], back)
    maps, wanted = (kc.visualize.activations(model, x, "block2_conv1") for x in (back, images))
    assert float(np.max(distance(*map(ops.convert_to_tensor, (maps, wanted))))) < 0.1


def test_total_variation_smooths(model, images):
    rough, smooth = (
        invert(model, images, "block3_conv1", steps=40, total_variation=weight)
        for weight in (0.0, 100.0)
    )
    assert np.abs(np.diff(smooth, axis=1)).mean() < 0.7 * np.abs(np.diff(rough, axis=1)).mean()


def test_one_by_one_is_the_batch(model, images):
    options = {"layer": "block2_conv1", "steps": 4}
    batch = invert(model, images, **options)
    for i in range(2):
        one = invert(model, images[i : i + 1], **options)
        np.testing.assert_allclose(one[0], batch[i], atol=1e-3)
    np.testing.assert_allclose(invert(model, images, batch_size=1, **options), batch, atol=1e-3)


def test_the_seed_decides(fresh, images):
    first, again, other = (
        invert(fresh, images, "block1_conv1", steps=2, seed=s) for s in (1, 1, 2)
    )
    np.testing.assert_array_equal(first, again)
    assert not np.allclose(first, other)
    assert trace_count(fresh) == 2  # the features and the step


def test_dense_layers_and_fixed_sizes(rng):
    model = kc.build_lenet5(weights="mnist")
    digits = kc.datasets.load("digits").test[0][:2]
    seen = []
    back = invert(model, digits, "f6", steps=80, callback=lambda *now: seen.append(now[2]))
    assert back.shape == (2, 28, 28, 1)
    assert (seen[-1] < 0.3 * seen[0]).all()
    np.testing.assert_array_equal(*(np.array(model(x)).argmax(axis=1) for x in (back, digits)))
    assert invert(model, rng.random((1, 34, 40, 1)), "c3", steps=1).shape == (1, 34, 40, 1)


def test_preprocessing_and_nested_models(model, images):
    options = {"layer": "block2_conv1", "steps": 3}
    outer = keras.Input((None, None, 3))
    turned = keras.Model(outer, model((1 - outer) / 2))
    ours = invert(turned, images, preprocessing=lambda x: 1 - 2 * x, **options)
    np.testing.assert_allclose(ours, invert(model, images, **options), atol=1e-3)


@pytest.mark.parametrize("name", ["mixed_float16", "mixed_bfloat16"])
def test_mixed_precision(name, policy, model, images):
    policy(name)
    mixed = kc.build_vgg11(include_top=False, width=0.1)
    mixed.set_weights(model.get_weights())
    full, ours = (invert(m, images, "block2_conv1", steps=40) for m in (model, mixed))
    assert ours.dtype == np.float32
    assert np.abs(ours - images).mean() < np.abs(full - images).mean() + 0.03


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"layer": "conv9"}, ValueError, "layer must be one of"),
        ({"images": np.zeros((1, 8, 8, 3), "uint8")}, TypeError, "images must be float in"),
        ({"images": np.full((1, 8, 8, 3), 200.0)}, ValueError, "from 200 to 200"),
        ({"images": np.zeros((1, 3, 8, 3))}, ValueError, "images must fit.*Use 4x8"),
        ({"steps": -1}, ValueError, "steps must be a whole number"),
        ({"learning_rate": -1}, ValueError, "learning_rate must be a number of at least 0"),
        ({"total_variation": -1}, ValueError, "total_variation must be a number of at least 0"),
        ({"variation": "l2"}, ValueError, "variation must be one of 'absolute'"),
        ({"batch_size": 1.5}, ValueError, "batch_size must be a whole number"),
    ],
)
def test_errors_teach(change, error, message, model, images):
    with pytest.raises(error, match=message) as caught:
        invert(**{"model": model, "images": images, "layer": "block3_conv1", "steps": 1, **change})
    assert "\n" not in str(caught.value)
