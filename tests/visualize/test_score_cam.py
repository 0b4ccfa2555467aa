"""Score-CAM against a plain loop over the channels, and against hand computation."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers
from tf_keras_vis.utils.scores import CategoricalScore

import kerascnn as kc
from kerascnn.visualize._engine.compile import trace_count


@pytest.fixture(scope="module")
def shared():
    keras.utils.set_random_seed(0)
    return build()


def build():
    return keras.Sequential(
        [
            keras.Input((12, 8, 2)),
            layers.Conv2D(6, 3, padding="same", name="conv"),
            layers.MaxPooling2D(2, name="maps"),
            layers.Conv2D(5, 3, activation="relu", name="relu"),
            layers.Flatten(),
            layers.Dense(4, activation="softmax", name="head", kernel_initializer="he_normal"),
        ]
    )


def until(model, layer, images):
    return np.array(keras.Model(model.inputs[0], layer.output)(images))


def plain(
    model, image, target, layer, *, probability=False, baseline=0.0, chosen=slice(None)
):  # fmt: skip
    """Wang 2020, Algorithm 1, channel by channel."""
    maps = until(model, model.get_layer(layer), image[None])[0][..., chosen]
    copies = [np.full_like(image, baseline)]
    for k in range(maps.shape[-1]):
        mask = tf.image.resize(maps[:, :, k, None], image.shape[:2]).numpy()
        mask = (mask - mask.min()) / np.ptp(mask) if np.ptp(mask) else 0 * mask
        copies.append(mask * image + (1 - mask) * copies[0])
    if probability:
        scores = np.array(model(np.stack(copies)))
    else:
        kernel, bias = model.layers[-1].get_weights()
        scores = until(model, model.layers[-2], np.stack(copies)) @ kernel + bias
    alpha = np.exp(scores[1:, target] - scores[0, target])
    return np.maximum((alpha / alpha.sum() * maps).sum(-1), 0)


@pytest.mark.parametrize("layer", ["conv", "maps", "relu"])
def test_equals_the_algorithm(layer, model, images):
    ours = kc.visualize.score_cam(model, images, [3, 0, 1], layer)
    for image, target, heatmap in zip(images, [3, 0, 1], ours, strict=True):
        expected = plain(model, image, target, layer)
        assert expected.max() > 1e-2
        np.testing.assert_allclose(heatmap, expected, atol=1e-5)


def test_options(model, images):
    probability = kc.visualize.score_cam(model, images[:1], 2, "maps", probability=True)[0]
    by_hand = plain(model, images[0], 2, "maps", probability=True)
    np.testing.assert_allclose(probability, by_hand, atol=1e-5)
    baseline = kc.visualize.score_cam(model, images[:1], 2, "maps", baseline=0.7)[0]
    np.testing.assert_allclose(
        baseline, plain(model, images[0], 2, "maps", baseline=0.7), atol=1e-5
    )
    default = kc.visualize.score_cam(model, images[:1], 2, "maps")[0]
    for other in (probability, baseline):
        assert np.abs(other - default).max() > 1e-4


def test_fewer_channels(model, images):
    """Faster Score-CAM: those with the largest variance."""
    maps = kc.visualize.activations(model, images, "maps")
    few = kc.visualize.score_cam(model, images, 1, "maps", channels=2)
    for image, map_, heatmap in zip(images, maps, few, strict=True):
        chosen = np.argsort(map_.var(axis=(0, 1)))[-2:]
        expected = plain(model, image, 1, "maps", chosen=list(chosen))
        np.testing.assert_allclose(heatmap, expected, atol=1e-5)
    np.testing.assert_allclose(
        kc.visualize.score_cam(model, images, 1, "maps", channels=6),
        kc.visualize.score_cam(model, images, 1, "maps"),
        atol=1e-6,
    )


def channels_as_maps(kernel, bias=0.0):
    """The channels of the image themselves are the maps; the score is linear in their means."""
    inputs = keras.Input((6, 4, 3))
    x = layers.Conv2D(3, 1, name="maps", use_bias=False)(inputs)
    model = keras.Model(inputs, layers.Dense(1)(layers.GlobalAveragePooling2D()(x)))
    model.set_weights([np.eye(3).reshape(1, 1, 3, 3), np.reshape(kernel, (3, 1)), np.array([bias])])
    return model


def value(outputs):
    return outputs[:, 0]


def test_weights_are_a_softmax_over_channels(rng):
    """Where the score does not depend on the image, all channels weigh 1 / K."""
    image = rng.standard_normal((1, 6, 4, 3)).astype("float32")
    heatmap = kc.visualize.score_cam(channels_as_maps([0, 0, 0], bias=5), image, value, "maps")
    np.testing.assert_allclose(heatmap, np.maximum(image.mean(axis=-1), 0), atol=1e-6)


def test_weights_by_hand():
    """One dot in each channel: the mask shows that pixel only, the score is its value."""
    image = np.zeros((1, 6, 4, 3), "float32")
    for channel, (row, column, dot) in enumerate([(0, 0, 1.0), (2, 3, 2.0), (5, 1, 3.0)]):
        image[0, row, column, channel] = dot
    kernel = 24 * np.array([1.0, -1.0, 0.5])
    heatmap = kc.visualize.score_cam(channels_as_maps(kernel, bias=7), image, value, "maps")[0]
    alpha = np.exp([1.0, -2.0, 1.5]) / np.exp([1.0, -2.0, 1.5]).sum()
    expected = np.zeros((6, 4))
    expected[[0, 2, 5], [0, 3, 1]] = alpha * [1, 2, 3]
    np.testing.assert_allclose(heatmap, expected, atol=1e-5)


def test_a_baseline_like_the_image_hides_nothing(rng):
    image = rng.random((1, 6, 4, 3), "float32")
    model = channels_as_maps([30.0, -20.0, 10.0])
    heatmap = kc.visualize.score_cam(model, image, value, "maps", baseline=image)
    np.testing.assert_allclose(heatmap, image.mean(axis=-1), atol=1e-5)


def test_constant_maps_are_no_nan_and_take_no_pass(model, images):
    kernel, bias = map(np.copy, model.get_layer("relu").get_weights())
    kernel[..., :3], bias[:] = 0, [-1, 0, 2, 1, 1]  # two are dead, one is the same everywhere
    model.get_layer("relu").set_weights([kernel, bias])
    calls = []

    def target(logits):
        calls.append(len(logits))
        return logits[:, 1]

    heatmap = kc.visualize.score_cam(model, images[:1], target, "relu")
    assert calls == [1, 1, 1]  # the baseline and two maps that vary
    np.testing.assert_allclose(heatmap[0], plain(model, images[0], 1, "relu"), atol=1e-5)
    model.get_layer("relu").set_weights([0 * kernel, bias])
    np.testing.assert_allclose(kc.visualize.score_cam(model, images, 1, "relu"), 4 / 5, atol=1e-6)


def test_targets(model, images):
    predicted = np.array(model(images)).argmax(axis=1)
    default = kc.visualize.score_cam(model, images)
    np.testing.assert_allclose(default, kc.visualize.score_cam(model, images, predicted), atol=1e-6)
    each = kc.visualize.score_cam(model, images, [0, 1, 2])
    for score in (CategoricalScore([0, 1, 2]), lambda logits: [logits[i, i] for i in range(3)]):
        np.testing.assert_allclose(kc.visualize.score_cam(model, images, score), each, atol=1e-5)


def test_single_sigmoid(images):
    inputs = keras.Input((12, 8, 2))
    x = layers.Conv2D(3, 3, name="maps")(inputs)
    x = layers.Dense(1, activation="sigmoid", kernel_initializer="he_normal")(layers.Flatten()(x))
    model = keras.Model(inputs, x)
    negative = keras.models.clone_model(model)
    kernel, bias = model.layers[-1].get_weights()
    negative.set_weights([*model.get_weights()[:-2], -kernel, -bias])
    for probability in (False, True):
        maps = [
            kc.visualize.score_cam(m, images, target, "maps", probability=probability)
            for m, target in ((model, 0), (negative, 1))
        ]
        np.testing.assert_allclose(*maps, atol=1e-5)


def test_rows_and_columns_are_not_swapped():
    inputs = keras.Input((12, 8, 1))
    x = layers.Conv2D(1, 1, kernel_initializer="ones", activation="relu", name="conv")(inputs)
    model = keras.Model(inputs, layers.GlobalAveragePooling2D()(x))
    image = np.zeros((1, 12, 8, 1), "float32")
    image[0, 9, 2] = 1
    heatmap = kc.visualize.score_cam(model, image, value, "conv")[0]
    assert np.unravel_index(heatmap.argmax(), heatmap.shape) == (9, 2)


@pytest.mark.parametrize("batch_size", [1, 4, 100])
def test_one_by_one_is_the_batch(batch_size, model, images):
    batch = kc.visualize.score_cam(model, images, [3, 1, 0], batch_size=batch_size)
    for i, target in enumerate([3, 1, 0]):
        one = kc.visualize.score_cam(model, images[i : i + 1], target)
        np.testing.assert_allclose(one[0], batch[i], atol=1e-5)


def test_nested_models_and_segmentation(model, images):
    nested = keras.Sequential([keras.Input((12, 8, 2)), model, layers.Activation("linear")])
    expected = kc.visualize.score_cam(model, images, 1, "conv", probability=True)
    ours = kc.visualize.score_cam(nested, images, 1, "conv", probability=True)
    np.testing.assert_allclose(ours, expected, atol=1e-5)
    fully = keras.Sequential([keras.Input((None, None, 2)), model.layers[0], layers.Conv2D(3, 1)])
    assert kc.visualize.score_cam(fully, images, 1, "conv").shape == (3, 12, 8)


@pytest.mark.parametrize(("name", "bits"), [("mixed_float16", 11), ("mixed_bfloat16", 8)])
def test_mixed_precision(name, bits, policy, model, images):
    """Rounded are masks, and of three layers inputs, weights and outputs: 10, to 1 in 2^bits.

    That counts for the maps, and once more for the scores that weigh them.
    """
    expected = kc.visualize.score_cam(model, images, 1, "maps")
    policy(name)
    mixed = build()
    mixed.set_weights(model.get_weights())
    ours = kc.visualize.score_cam(mixed, images, 1, "maps")
    assert mixed.layers[0].compute_dtype == name.removeprefix("mixed_")
    assert ours.dtype == np.float32
    np.testing.assert_allclose(ours, expected, atol=20 * 2.0**-bits * expected.max())


@pytest.mark.parametrize("method", ["score_cam", "occlusion"])
def test_convolutions_in_bfloat16_change_little(method, model, images):
    """bfloat16 keeps 8 of 24 bits: about 0.4 % of each product."""
    call = getattr(kc.visualize, method)
    weights = model.get_weights()
    exact, fast = call(model, images, 1), call(model, images, 1, precision="mixed_bfloat16")
    assert fast.dtype == np.float32
    assert 0 < np.abs(fast - exact).max() < 0.03 * np.abs(exact).max()
    assert all(layer.dtype_policy.name == "float32" for layer in model.layers)
    assert all(np.array_equal(a, b) for a, b in zip(model.get_weights(), weights, strict=True))
    with pytest.raises(ValueError, match="precision must be None"):
        call(model, images, 1, precision="float8")


def test_the_model_stays_as_it_is(model, images):
    before, weights = np.array(model(images)), model.get_weights()
    kc.visualize.score_cam(model, images)
    np.testing.assert_array_equal(np.array(model(images)), before)
    for old, new in zip(weights, model.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)
    assert model.layers[-1].activation is keras.activations.softmax


def test_nothing_grows(model, images):
    kc.visualize.score_cam(model, images, 1)
    traces = trace_count(model)
    for i in range(20):
        kc.visualize.score_cam(model, images[: 1 + i % 3], i % 4, channels=1 + i % 5)
    assert trace_count(model) == traces


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"channels": 0}, "channels must be a whole number of at least 1; received 0"),
        ({"channels": 7}, "channels must be at most 5, as in the layer; received 7"),
        ({"baseline": [0, 0, 0]}, r"baseline must be a number, a color \(2,\) or an image"),
        ({"baseline": np.zeros((5, 8, 2))}, r"received the shape \(5, 8, 2\)"),
        ({"baseline": np.nan}, "finite"),
        ({"batch_size": 0}, "batch_size must be a whole number of at least 1"),
        ({"layer": "head"}, "must output maps"),
        ({"target": 4}, "from 0 to 3; received 4"),
        ({"verbose": 2}, "verbose must be True, False or 'auto'"),
        ({"images": np.zeros((12, 8, 2))}, r"images\[None\]"),
    ],
)
def test_errors_teach(change, message, model, images):
    with pytest.raises(ValueError, match=message) as caught:
        kc.visualize.score_cam(**{"model": model, "images": images, **change})
    assert "\n" not in str(caught.value)


def test_what_takes_no_images_is_refused():
    vector = keras.Input((2,))
    model = keras.Model(vector, layers.Dense(3)(vector))
    with pytest.raises(ValueError, match=r"must take images, \(N, H, W, C\); it takes \(2,\)\."):
        kc.visualize.score_cam(model, np.zeros((1, 2)))
    with pytest.raises(TypeError, match=r"must be a keras\.Model; received str"):
        kc.visualize.score_cam("vgg16", np.zeros((1, 8, 8, 1)))
