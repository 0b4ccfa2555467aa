"""Occlusion against hand computation: on a linear model the drop is known exactly."""

import keras
import numpy as np
import pytest
from keras import layers
from tf_keras_vis.utils.scores import CategoricalScore

import kerascnn as kc
from kerascnn.visualize._engine.compile import trace_count


@pytest.fixture
def images(rng):
    return rng.random((3, 10, 7, 2), "float32")


@pytest.fixture(scope="module")
def kernel():
    return np.random.default_rng(1).standard_normal((10, 7, 2, 3)).astype("float32")


@pytest.fixture(scope="module")
def linear(kernel):
    """The logits are weighted sums of the pixels."""
    model = keras.Sequential(
        [keras.Input((10, 7, 2)), layers.Flatten(), layers.Dense(3, activation="softmax")]
    )
    model.set_weights([kernel.reshape(-1, 3), np.array([0.5, -0.5, 1])])
    return model


@pytest.fixture(scope="module")
def shared(small_net):
    return small_net((10, 7, 2))


def test_single_pixels(linear, kernel, images):
    """The drop at a pixel is what it adds to the logit: Σ w · (x − fill)."""
    ours = kc.visualize.occlusion(linear, images, 1, size=1, fill=0.25)
    expected = (kernel[..., 1] * (images - 0.25)).sum(-1)
    assert ours.shape == (3, 10, 7)
    assert ours.min() < -0.1  # where covering raises the score
    np.testing.assert_allclose(ours, expected, atol=1e-5)


@pytest.mark.parametrize(
    ("size", "stride", "heights", "widths"),
    [
        ((4, 3), (3, 2), [0, 3, 6], [0, 2, 4]),  # fit exactly
        ((4, 3), (4, 3), [0, 4, 6], [0, 3, 4]),  # the last ends at the border
        (5, 2, [0, 2, 4, 5], [0, 2]),
        ((10, 2), (1, 2), [0], [0, 2, 4, 5]),
        (7, None, [0, 3], [0]),  # half the size
        (None, None, [*range(9)], [*range(7)]),  # an eighth, rounded up: 2 × 1
    ],
)
def test_overlapping_patches_are_averaged(size, stride, heights, widths, linear, kernel, images):
    ours = kc.visualize.occlusion(linear, images, [0, 1, 2], size=size, stride=stride, fill=0)
    height, width = (2, 1) if size is None else np.broadcast_to(size, 2)
    total, count = np.zeros((3, 10, 7)), np.zeros((10, 7))
    parts = np.stack([(kernel[..., t] * x).sum(-1) for t, x in zip([0, 1, 2], images, strict=True)])
    for top in heights:
        for left in widths:
            patch = np.s_[top : top + height, left : left + width]
            drop = parts[(..., *patch)].sum(axis=(1, 2))
            total[(..., *patch)] += drop[:, None, None]
            count[patch] += 1
    assert count.min() == 1
    np.testing.assert_allclose(ours, total / count, atol=1e-4)


def test_the_default_fill_is_right_for_any_range(model, images):
    """The mean colour of the image: to cover a plain image changes nothing, in any range."""
    plain = np.broadcast_to(np.float32([200, -3]), (1, 10, 7, 2))
    np.testing.assert_allclose(kc.visualize.occlusion(model, plain, 1), 0, atol=1e-4)
    rescaling = keras.Sequential([keras.Input((10, 7, 2)), layers.Rescaling(1 / 255), model])
    np.testing.assert_allclose(
        kc.visualize.occlusion(rescaling, 255 * images, 1, size=3),
        kc.visualize.occlusion(model, images, 1, size=3),
        atol=1e-5,
    )


def test_fills(linear, kernel, images):
    fill = np.float32([0.2, 0.9])
    expected = (kernel[..., 2] * (images - fill)).sum(-1)
    each = np.broadcast_to(fill, images.shape)
    for form in (fill, list(fill), each[0], each):
        ours = kc.visualize.occlusion(linear, images, 2, size=1, fill=form)
        np.testing.assert_allclose(ours, expected, atol=1e-5)
    means = images.mean(axis=(1, 2), keepdims=True)
    np.testing.assert_allclose(
        kc.visualize.occlusion(linear, images, 2, size=1),
        (kernel[..., 2] * (images - means)).sum(-1),
        atol=1e-5,
    )


def test_probability(linear, images):
    covered = images.copy()
    covered[:, 2:6, 3:7] = 0.5
    before, after = (np.array(linear(x))[:, 1] for x in (images, covered))
    drops = kc.visualize.occlusion(
        linear, images, 1, size=4, stride=(2, 3), fill=0.5, probability=True
    )
    one = kc.visualize.occlusion(linear, images, 1, size=(10, 7), fill=0.5, probability=True)
    gone = np.array(linear(np.full((1, 10, 7, 2), 0.5)))[:, 1]
    np.testing.assert_allclose(one, (before - gone)[:, None, None] + np.zeros((10, 7)), atol=1e-5)
    assert np.abs(drops).max() <= 1
    patch = kc.visualize.occlusion(
        linear, np.concatenate([images, covered]), 1, size=4, stride=(2, 3), fill=0.5,
        probability=True,
    )  # fmt: skip
    np.testing.assert_allclose(patch[:3], drops, atol=1e-6)
    # The corner that one patch alone covers: rows 0-1, columns 0-2.
    covered = images.copy()
    covered[:, 0:4, 0:4] = 0.5
    expected = before - np.array(linear(covered))[:, 1]
    np.testing.assert_allclose(drops[:, 0, 0], expected, atol=1e-5)
    assert np.abs(after - before).max() > 1e-3


def test_targets(model, images):
    options = {"size": 4, "stride": 3}
    predicted = np.array(model(images)).argmax(axis=1)
    default = kc.visualize.occlusion(model, images, **options)
    np.testing.assert_allclose(
        default, kc.visualize.occlusion(model, images, predicted, **options), atol=1e-6
    )
    each = kc.visualize.occlusion(model, images, [0, 1, 2], **options)
    for score in (CategoricalScore([0, 1, 2]), lambda logits: [logits[i, i] for i in range(3)]):
        np.testing.assert_allclose(
            kc.visualize.occlusion(model, images, score, **options), each, atol=1e-5
        )
    difference = kc.visualize.occlusion(model, images, lambda x: x[:, 1] - x[:, 0], **options)
    by_hand = [kc.visualize.occlusion(model, images, t, **options) for t in (1, 0)]
    np.testing.assert_allclose(difference, by_hand[0] - by_hand[1], atol=1e-5)


def test_the_predicted_class_stays_when_covering_changes_it():
    """Class 0 is predicted; covered, class 1 would be: the drop is that of class 0."""
    inputs = keras.Input((4, 4, 1))
    model = keras.Model(inputs, layers.Dense(2)(layers.Flatten()(inputs)))
    kernel = np.zeros((16, 2), "float32")
    kernel[5, 0] = 3
    model.set_weights([kernel, np.array([0, 1.0])])
    image = np.zeros((1, 4, 4, 1), "float32")
    image[0, 1, 1] = 1
    drop = kc.visualize.occlusion(model, image, size=1, fill=0)[0]
    assert drop[1, 1] == pytest.approx(3)
    assert np.abs(drop).sum() == pytest.approx(3)


def test_a_target_sees_all_images_at_each_position(model, images):
    counts = []

    def target(logits):
        counts.append(len(logits))
        return logits[:, 0]

    kc.visualize.occlusion(model, images, target, size=(5, 7), stride=5, batch_size=2)
    assert counts == [3, 3, 3]  # whole, and two patches


@pytest.mark.parametrize("batch_size", [1, 5, 1000])
def test_one_by_one_is_the_batch(batch_size, model, images):
    batch = kc.visualize.occlusion(model, images, [2, 1, 0], size=4, batch_size=batch_size)
    for i, target in enumerate([2, 1, 0]):
        one = kc.visualize.occlusion(model, images[i : i + 1], target, size=4)
        np.testing.assert_allclose(one[0], batch[i], atol=1e-5)


def test_forms_of_models(model, images):
    expected = kc.visualize.occlusion(model, images, 1, size=4)
    nested = keras.Sequential([keras.Input((10, 7, 2)), model])
    np.testing.assert_allclose(
        kc.visualize.occlusion(nested, images, 1, size=4, probability=True),
        kc.visualize.occlusion(model, images, 1, size=4, probability=True),
        atol=1e-5,
    )
    inputs = keras.Input((10, 7, 2))
    both = keras.Model(inputs, [model(inputs), layers.Flatten()(inputs)])
    ours = kc.visualize.occlusion(both, images, lambda ends: ends[0][:, 1], size=4)
    np.testing.assert_allclose(ours, expected, atol=1e-5)
    fully = keras.Sequential([keras.Input((None, None, 2)), layers.Conv2D(3, 3)])
    assert kc.visualize.occlusion(fully, images, 1, size=4).shape == (3, 10, 7)


@pytest.mark.parametrize("dtype", ["mixed_float16", "mixed_bfloat16"])
def test_mixed_precision(dtype, rng):
    """Exactly the same where no sum has more than the 8 binary digits of bfloat16."""

    def build(dtype):
        return keras.Sequential(
            [
                keras.Input((10, 7, 2)),
                layers.Conv2D(4, 3, activation="relu", dtype=dtype),
                layers.Flatten(dtype=dtype),
                layers.Dense(3, dtype=dtype),
            ]
        )

    images = rng.integers(0, 3, (3, 10, 7, 2)).astype("float32")
    full, mixed = build("float32"), build(dtype)
    values = [-1, 0, 0, 1], [0], [-1, 1, *[0] * 10], [0]
    weights = [rng.choice(v, w.shape) for v, w in zip(values, full.get_weights(), strict=True)]
    expected, ours = [], []
    for model, maps in ((full, expected), (mixed, ours)):
        model.set_weights(weights)
        maps.append(kc.visualize.occlusion(model, images, 1, size=5, fill=1))
    assert np.abs(expected).max() > 0
    assert ours[0].dtype == np.float32
    np.testing.assert_array_equal(ours, expected)


def test_images_of_whole_numbers(rng):
    """A model may take uint8 and rescale by itself."""
    inputs = keras.Input((6, 4, 1), dtype="uint8")
    x = layers.Rescaling(1 / 255)(inputs)
    model = keras.Model(inputs, layers.Dense(2)(layers.Flatten()(x)))
    images = rng.integers(0, 256, (2, 6, 4, 1)).astype("uint8")
    kernel = model.get_weights()[0].reshape(6, 4, 2)
    ours = kc.visualize.occlusion(model, images, 1, size=1, fill=51)
    np.testing.assert_allclose(ours, kernel[..., 1] * (images[..., 0] / 255 - 0.2), atol=1e-5)
    for fill in (300, -0.5, [256]):
        with pytest.raises(ValueError, match="fill must be uint8 from 0 to 255, as the images"):
            kc.visualize.occlusion(model, images, 1, size=1, fill=fill)


def test_nothing_changes_and_nothing_grows(model, images):
    before, original = np.array(model(images)), images.copy()
    kc.visualize.occlusion(model, images, 1)
    traces = trace_count(model)
    for i in range(20):
        kc.visualize.occlusion(model, images[: 1 + i % 3], i % 3, size=1 + i % 7, fill=i)
    assert trace_count(model) == traces
    np.testing.assert_array_equal(np.array(model(images)), before)
    np.testing.assert_array_equal(images, original)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"size": 0}, "size must be a whole number of pixels of at least 1, or two"),
        ({"size": 2.5}, "received 2.5"),
        ({"size": (1, 2, 3)}, r"received \(1, 2, 3\)"),
        ({"size": 8}, "size must be at most the size of the images, 10×7; received 8"),
        ({"size": 3, "stride": 4}, "stride must be at most the size of the patch, 3, .*received 4"),
        ({"stride": True}, "stride must be a whole number"),
        ({"fill": "grey"}, "fill must be a number, a color"),
        ({"fill": [1, 2, 3]}, r"received \[1, 2, 3\]"),
        ({"batch_size": 0}, "batch_size must be a whole number of at least 1"),
        ({"target": 3}, "from 0 to 2"),
        ({"verbose": "loud"}, "verbose must be"),
    ],
)
def test_errors_teach(change, message, model, images):
    with pytest.raises(ValueError, match=message) as caught:
        kc.visualize.occlusion(**{"model": model, "images": images, **change})
    assert "\n" not in str(caught.value)


def test_images_without_channels_are_given_one(rng):
    """As the error says."""
    inputs = keras.Input((8, 8))
    maps = layers.Conv2D(2, 3, activation="relu")(layers.Reshape((8, 8, 1))(inputs))
    model = keras.Model(inputs, layers.Dense(2)(layers.Flatten()(maps)))
    images = rng.random((2, 8, 8), "float32")
    said = r"x\[..., 0\]\)\) with x = keras\.Input\(\(8, 8, 1\)\), and images\[..., None\]\.$"
    with pytest.raises(ValueError, match=said):
        kc.visualize.occlusion(model, images, 1, size=8)
    x = keras.Input((8, 8, 1))
    found = kc.visualize.occlusion(keras.Model(x, model(x[..., 0])), images[..., None], 1, size=8)
    mean = np.broadcast_to(images.mean(axis=(1, 2), keepdims=True), images.shape)
    drops = (model(images) - model(mean))[:, 1, None, None] * np.ones((1, 8, 8))
    np.testing.assert_allclose(found, drops, rtol=1e-4, atol=1e-6)
    steps = keras.Input((8, 3))
    sequence = keras.Model(steps, layers.Dense(2)(layers.Flatten()(layers.Conv1D(2, 3)(steps))))
    with pytest.raises(ValueError, match=r"it takes \(8, 3\)\.$"):
        kc.visualize.occlusion(sequence, rng.random((2, 8, 3)), 1)
