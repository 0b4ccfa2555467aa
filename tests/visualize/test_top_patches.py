"""The strongest patches against brute force, their boxes against what a unit really sees."""

import keras
import numpy as np
import pytest
from keras import layers

import kerascnn as kc
from kerascnn.visualize._engine.compile import trace_count


@pytest.fixture
def images(rng):
    return rng.random((20, 13, 9, 2), "float32")


@pytest.fixture(scope="module")
def shared():
    keras.utils.set_random_seed(0)
    return keras.Sequential(
        [
            keras.Input((13, 9, 2)),
            layers.Conv2D(4, 3, padding="same", activation="relu", name="one"),
            layers.MaxPooling2D(2, name="pool"),
            layers.Conv2D(5, (3, 2), name="two"),
            layers.Flatten(name="flat"),
            layers.Dense(3, name="dense"),
        ]
    )


def maps_of(model, layer, images):
    return np.array(keras.Model(model.inputs[0], model.get_layer(layer).output)(images))


def test_equals_brute_force(model, images):
    best = kc.visualize.top_patches(model, images, "two", count=4, batch_size=7)
    maps = maps_of(model, "two", images)  # (N, 4, 3, 5)
    strongest = maps.max(axis=(1, 2))
    np.testing.assert_array_equal(best.units, range(5))
    for unit in range(5):
        order = np.argsort(-strongest[:, unit])[:4]
        np.testing.assert_array_equal(best.images[unit], order)
        np.testing.assert_allclose(best.activations[unit], strongest[order, unit], rtol=1e-5)
        for k, image in enumerate(order):
            row, column = np.unravel_index(maps[image, ..., unit].argmax(), maps.shape[1:3])
            # Field: 3 (same) and pool 2 see 4 pixels, stride 2; 3×2 of these see 8×6.
            box = np.array([2 * row - 1, 2 * column - 1, 2 * row + 7, 2 * column + 5])
            clipped = np.clip(box, 0, [13, 9, 13, 9])
            np.testing.assert_array_equal(best.boxes[unit, k], clipped)
            padded = np.pad(images[image], ((1, 1), (1, 1), (0, 0)))
            patch = padded[box[0] + 1 : box[2] + 1, box[1] + 1 : box[3] + 1]
            np.testing.assert_array_equal(best.patches[unit, k], patch)
    assert best.patches.shape == (5, 4, 8, 6, 2)


CASES = {
    "valid": [layers.Conv2D(1, 3), layers.Conv2D(1, (3, 5), strides=2)],
    "same": [layers.Conv2D(1, 3, padding="same", strides=2), layers.Conv2D(1, 3, padding="same")],
    "pools": [
        layers.Conv2D(1, 4, strides=3, padding="same"),
        layers.AveragePooling2D(2, strides=1, padding="same"),
        layers.Conv2D(1, 2, dilation_rate=2),
    ],
    "padding": [
        layers.ZeroPadding2D(((2, 0), (1, 3))),
        layers.Conv2D(1, 5, strides=2),
        layers.Cropping2D(((1, 0), (0, 2))),
        layers.DepthwiseConv2D(2),
    ],
}


@pytest.mark.parametrize("case", CASES)
def test_boxes_are_what_a_unit_sees(case, rng):
    """All weights are positive: the pixels that a unit sees are those that change it."""
    model = keras.Sequential([keras.Input((21, 18, 1)), *CASES[case]])
    model.set_weights([np.abs(w) + 0.1 for w in model.get_weights()])
    images = rng.random((6, 21, 18, 1), "float32")
    best = kc.visualize.top_patches(model, images, model.layers[-1], count=6)
    maps = np.array(model(images))[..., 0]
    pixels = np.eye(21 * 18, dtype="float32").reshape(-1, 21, 18, 1)
    bias = np.array(model(0 * pixels[:1]))
    changes = np.array(model(pixels))[..., 0] - bias[..., 0]
    for image, box, patch in zip(best.images[0], best.boxes[0], best.patches[0], strict=True):
        row, column = np.unravel_index(maps[image].argmax(), maps.shape[1:])
        rows, columns = np.nonzero(changes[:, row, column].reshape(21, 18) > 1e-6)
        assert tuple(box) == (rows.min(), columns.min(), rows.max() + 1, columns.max() + 1)
        seen = images[image][box[0] : box[2], box[1] : box[3]]
        assert patch.sum() == pytest.approx(seen.sum(), rel=1e-5)  # and zeros


def test_behind_upsampling_nothing_that_is_seen_is_lost(rng):
    inputs = keras.Input((16, 16, 1))
    down = layers.Conv2D(1, 2, strides=2)(inputs)
    x = layers.Concatenate()([layers.UpSampling2D(2)(down), inputs])
    model = keras.Model(inputs, layers.Conv2D(1, 3, name="last")(x))
    model.set_weights([np.abs(w) + 0.1 for w in model.get_weights()])
    images = rng.random((5, 16, 16, 1), "float32")
    best = kc.visualize.top_patches(model, images, "last", count=5)
    maps = np.array(model(images))[..., 0]
    pixels = np.eye(256, dtype="float32").reshape(-1, 16, 16, 1)
    changes = np.array(model(pixels))[..., 0] - np.array(model(0 * pixels[:1]))[..., 0]
    for image, box in zip(best.images[0], best.boxes[0], strict=True):
        row, column = np.unravel_index(maps[image].argmax(), maps.shape[1:])
        rows, columns = np.nonzero(changes[:, row, column].reshape(16, 16) > 1e-6)
        assert (box[:2] <= [rows.min(), columns.min()]).all()
        assert (box[2:] > [rows.max(), columns.max()]).all()
        assert (box[2:] - box[:2] <= 6).all()


def test_fields_larger_than_the_image(images):
    """The patch is the image's size; what the unit cannot see is 0."""
    model = keras.Sequential([keras.Input((13, 9, 2)), layers.Conv2D(1, 19, padding="same")])
    model.set_weights([np.ones((19, 19, 2, 1)), np.zeros(1)])
    spot = np.zeros((1, 13, 9, 2), "float32")
    spot[0, 0, 0] = 1  # excites all within 9 pixels alike, so first the upper left
    best = kc.visualize.top_patches(model, spot, model.layers[-1])
    np.testing.assert_array_equal(best.boxes[0, 0], [0, 0, 10, 9])
    assert best.patches.shape == (1, 1, 13, 9, 2)
    full = kc.visualize.top_patches(model, spot + 1, model.layers[-1])
    assert (full.patches[0, 0, :10] > 0).all()


def test_dense_layers_see_the_whole_image(model, images):
    best = kc.visualize.top_patches(model, images, "dense", units=2, count=3)
    order = np.argsort(-maps_of(model, "dense", images)[:, 2])[:3]
    np.testing.assert_array_equal(best.images, [order])
    np.testing.assert_array_equal(best.patches[0], images[order])
    np.testing.assert_array_equal(best.boxes[0], [[0, 0, 13, 9]] * 3)


def test_units(model, images):
    every = kc.visualize.top_patches(model, images, "two")
    some = kc.visualize.top_patches(model, images, model.get_layer("two"), units=[4, 1])
    for name in ("patches", "activations", "images", "boxes"):
        np.testing.assert_array_equal(getattr(some, name), getattr(every, name)[[4, 1]])
    np.testing.assert_array_equal(some.units, [4, 1])


@pytest.mark.parametrize(
    "form",
    [
        *("list", "generator", "labels", "lists", "pair", "pair in a list", "batches of one"),
        *("dataset", "dict", "dict and labels", "dict and one-hot labels", "batches of dicts"),
        *("dicts and labels", "dataset of dicts"),
    ],
)
def test_data_sets_of_many_forms(form, model, images):
    import tensorflow as tf

    def named(x):
        return {model.inputs[0].name: x}

    forms = {
        "list": lambda: [images[:7], images[7:8], images[8:]],
        "generator": lambda: (images[i : i + 3] for i in range(0, 20, 3)),
        "labels": lambda: [(images[:10], np.zeros(10)), (images[10:], np.zeros(10))],
        "lists": lambda: [[images[:10], np.zeros(10)], [images[10:], np.zeros(10)]],
        "pair": lambda: (images, np.zeros(20, int)),
        "pair in a list": lambda: [images, np.eye(20)],
        "batches of one": lambda: [image[None] for image in images],
        "dataset": lambda: tf.data.Dataset.from_tensor_slices(images).batch(6),
        "dict": lambda: named(images),
        "dict and labels": lambda: (named(images), np.zeros(20)),
        "dict and one-hot labels": lambda: [named(images), np.eye(20)],
        "batches of dicts": lambda: [named(images[:10]), named(images[10:])],
        "dicts and labels": lambda: [(named(images), np.zeros(20))],
        "dataset of dicts": lambda: tf.data.Dataset.from_tensor_slices(named(images)).batch(6),
    }
    expected = kc.visualize.top_patches(model, images, "two")
    ours = kc.visualize.top_patches(model, forms[form](), "two")
    for name in ("patches", "images", "boxes"):
        np.testing.assert_array_equal(getattr(ours, name), getattr(expected, name))
    np.testing.assert_allclose(ours.activations, expected.activations, rtol=1e-5)


def test_fewer_images_than_wanted_and_equal_ones(model, images):
    best = kc.visualize.top_patches(model, np.repeat(images[:1], 3, axis=0), "two", count=9)
    assert best.patches.shape[:2] == (5, 3)
    np.testing.assert_array_equal(best.images, [[0, 1, 2]] * 5)


def test_nested_and_mixed_precision(policy, images):
    policy("mixed_float16")
    inner = keras.Sequential([keras.Input((13, 9, 2)), layers.Conv2D(3, 3, name="deep")])
    model = keras.Sequential(
        [keras.Input((13, 9, 2)), layers.ZeroPadding2D(1), layers.Cropping2D(1), inner]
    )
    best = kc.visualize.top_patches(model, images, "deep", count=2)
    assert best.activations.dtype == best.patches.dtype == np.float32
    assert best.patches.shape == (3, 2, 3, 3, 2)


def test_free_sizes(images):
    model = keras.Sequential([keras.Input((None, None, 2)), layers.Conv2D(3, 3, name="conv")])
    assert kc.visualize.top_patches(model, images, "conv").patches.shape == (3, 9, 3, 3, 2)
    with pytest.raises(ValueError, match=r"size of the first image, \(13, 9, 2\).*\(5, 9, 2\)"):
        kc.visualize.top_patches(model, [images, images[:, :5]], "conv")


def test_digits():
    """LeNet-5's first filters find strokes: patches that are brighter than most of a digit."""
    model = kc.build_lenet5(weights="mnist")
    digits = kc.datasets.load("digits").test[0][:100]
    best = kc.visualize.top_patches(model, digits, "c1")
    assert best.patches.shape == (6, 9, 5, 5, 1)
    np.testing.assert_array_equal(best.activations, -np.sort(-best.activations, axis=1))
    again = kc.visualize.activations(model, digits[best.images[0, 0]][None], "c1")
    assert best.activations[0, 0] == pytest.approx(again[..., 0].max(), rel=1e-5)


def test_nothing_grows(fresh, images):
    kc.visualize.top_patches(fresh, images, "two")
    for n in range(1, 15):
        kc.visualize.top_patches(fresh, images[:n], "two", units=n % 5, batch_size=n)
    assert trace_count(fresh) == 1


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"units": 5}, ValueError, "units must be from 0 to 4, the channels of 'two'; received 5"),
        ({"units": [0, -1]}, ValueError, "received -1"),
        ({"units": 1.5}, TypeError, "units must be a channel index"),
        ({"units": []}, TypeError, r"received \[\]"),
        ({"count": 0}, ValueError, "count must be a whole number of at least 1"),
        ({"batch_size": 0}, ValueError, "batch_size must be a whole number of at least 1"),
        ({"layer": "tow"}, ValueError, "Did you mean 'two'"),
        ({"images": []}, ValueError, "at least one image; received none"),
        ({"images": 3}, TypeError, "an array .* or an iterable"),
        ({"images": {}}, ValueError, "at least one image; received none"),
        ({"images": {"x": [0.5]}}, TypeError, "must have an array .* received list for 'x'"),
        ({"images": {"x": np.zeros((2, 13, 9, 2))}}, ValueError, r"names of the .* \['x'\]"),
        ({"images": np.zeros((2, 13, 9, 3))}, ValueError, r"\(N, 13, 9, 2\)"),
    ],
)
def test_errors_teach(change, error, message, model, images):
    arguments = {"model": model, "images": images, "layer": "two", **change}
    with pytest.raises(error, match=message) as caught:
        kc.visualize.top_patches(**arguments)
    assert "\n" not in str(caught.value)


def test_unknown_fields_are_refused(images):
    inputs = keras.Input((13, 9, 2))
    x = layers.Reshape((9, 13, 2), name="mixed")(inputs)  # rows and columns are mixed
    model = keras.Model(inputs, layers.Conv2D(2, 3, name="conv")(x))
    with pytest.raises(ValueError, match="that of 'conv' is unknown, because that of 'mixed'"):
        kc.visualize.top_patches(model, images, "conv")
